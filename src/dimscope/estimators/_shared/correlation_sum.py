"""Numbers of pairs of points within some radii, and the slope of these numbers with its error.

Grassberger and Procaccia, "Measuring the strangeness of strange attractors", Physica D 9 (1983).
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.neighbors import NeighborGraph

_SLACK = 1e-9  # pairs at the radius itself count, however it was rounded


class CorrelationSum(NamedTuple):
    """How many others each point has within the median distances to the neighbours of ``ranks``.

    The correlation sum at a radius is proportional to the mean of the counts.
    """

    ranks: list[int]
    radii: Float64[np.ndarray, " r"]
    counts: Int64[np.ndarray, "n r"]

    @property
    def steps(self) -> list[tuple[int, int]]:
        """Each radius and the next, by position."""
        return list(itertools.pairwise(range(len(self.ranks))))

    def width(self, first: int, last: int) -> float:
        """How far two of the radii are apart, in ln r."""
        return math.log(self.radii[last] / self.radii[first])

    def slope(self, first: int, last: int) -> tuple[float, float]:
        """ln C against ln r between two of the radii, and its standard error.

        At even density each pair within the larger radius is within the smaller one with one
        probability, and ln C has the variance b of a binomial. Uneven density adds 4 / N times the
        variance of what the points contribute to the slope. Their contributions vary by chance too,
        so 2 b is taken from the variance that the counts show.
        """
        inner, outer = self.counts[:, first], self.counts[:, last]
        width = self.width(first, last)
        share = float(inner.sum() / outer.sum())
        binomial = 2 * (1 - share) / float(inner.sum())
        uneven = 4 * float(np.var(inner / inner.mean() - outer / outer.mean())) / len(inner)
        variance = binomial + max(uneven - 2 * binomial, 0.0)
        return -math.log(share) / width, math.sqrt(variance) / width


def correlation_sum(graph: NeighborGraph, ranks: list[int]) -> CorrelationSum:
    """Count the pairs within the median distances to the neighbours of these ranks.

    Raises
    ------
    InputError
        If two of the distances are equal or one is 0, or lists of neighbours that were given are
        too short to count all pairs.
    """
    radii = np.median(graph.distances_at(ranks), axis=0) * (1 + _SLACK)
    if radii[0] == 0 or (np.diff(radii) <= _SLACK * radii[1:]).any():
        raise InputError(
            f"the median distances to the neighbours {', '.join(map(str, ranks))} must be "
            "different and above 0: the data look discrete; use other ranks"
        )
    return CorrelationSum(ranks, radii, graph.counts_within(radii.tolist()))
