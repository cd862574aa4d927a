"""Correlation integral: how the number of pairs of points grows between two distances.

Grassberger and Procaccia, "Measuring the strangeness of strange attractors", Physica D 9 (1983).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.correlation_sum import CorrelationSum, correlation_sum
from dimscope.estimators._shared.notes import graph_notes
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, LocalEstimate


@final
@dataclass(kw_only=True)
class CorrelationIntegral(NeighborEstimator):
    """Slope of ln C(r) between two radii, C(r) the share of all pairs no farther apart than r.

    The radii are the median distances to the k1-th and to the k2-th neighbour. All pairs are
    counted, also those beyond the k2-th neighbour of a point in a dense region.

    Its limit at small radii is the correlation dimension, to which each region contributes by the
    square of its density: where several dimensions meet the lowest prevails, and a pole of the
    density lowers it. Edges and uneven density on the scale of r lower it too, the more the higher
    the dimension (4.4 on a Gaussian of 5 dimensions at N = 500). Local: the slope of each point's
    own counts between the same two radii, its pointwise dimension (Farmer, Ott and Yorke 1983);
    biased upwards by about (1/k1 - 1/k2) / 2 over the width of the radii in ln r. Cost: the
    distances to all others of each point that has its k2 neighbours within the larger radius.

    Parameters
    ----------
    k1, k2
        Ranks of the neighbours, 1 <= k1 < k2.

    Notes
    -----
    The standard error takes the pairs within the larger radius as independent trials for being
    within the smaller one, and adds the variance of the points' shares in the slope beyond that.
    Copies that a graph was told to keep are pairs at distance 0, and lower the slope.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.random.default_rng(0).random((1000, 1))
    >>> round(CorrelationIntegral().fit(line).dimension_, 1)
    1.0
    """

    name: ClassVar[str] = "correlation_integral"
    title: ClassVar[str] = "Correlation integral"
    error_kind: ClassVar[ErrorKind] = "theory"
    k1: int = 10
    k2: int = 20

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: k2."""
        return self.k2

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The slope at the scale of ``k1`` to ``k2`` neighbours.

        Raises
        ------
        InputError
            If not 1 <= k1 < k2, the graph has fewer than k2 neighbours, the two radii are equal
            or 0, or lists of neighbours that were given are too short to count all pairs.
        """
        pairs = self._pairs(graph)
        value, stderr = pairs.slope(0, 1)
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=float(pairs.radii[1]),
            n_samples=graph.n_samples,
            notes=graph_notes(graph),
            ranks=(self.k1, self.k2),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """The slope at every point of ``graph``.

        It is nan where no neighbour is within the smaller radius, or none between the two.

        Raises
        ------
        InputError
            As `estimate`.
        """
        pairs = self._pairs(graph)
        inner, outer = pairs.counts.T
        known = (inner > 0) & (inner < outer)
        values = np.full(len(inner), np.nan)
        values[known] = np.log(outer[known] / inner[known]) / pairs.width(0, 1)
        return self._local_answer(values)

    def _pairs(self, graph: NeighborGraph) -> CorrelationSum:
        check_at_least("k1", self.k1, 1)
        check_at_least("k2", self.k2, self.k1 + 1)
        self._check(graph)
        return correlation_sum(graph, [self.k1, self.k2])
