"""Correlation dimension: how the number of pairs of points grows with their distance.

Grassberger and Procaccia, "Measuring the strangeness of strange attractors", Physica D 9 (1983).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, final

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import (
    KNeighborEstimator,
    NeighborEstimator,
    check_at_least,
    graph_notes,
)
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, LocalEstimate, ScaleCurve

_SLACK = 1e-9  # pairs at the radius itself count, however it was rounded
_LEAST_STEPS = 3
_FLAT = 0.1  # of the slope between its ends, what a step of a scaling range may be off by


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

    def _pairs(self, graph: NeighborGraph) -> _CorrelationSum:
        check_at_least("k1", self.k1, 1)
        check_at_least("k2", self.k2, self.k1 + 1)
        self._check(graph)
        return _correlation_sum(graph, [self.k1, self.k2])


@final
@dataclass(kw_only=True)
class CorrelationDimension(KNeighborEstimator):
    """Slope of ln C(r) over its scaling range, C(r) the share of all pairs no farther apart than r.

    The radii are the median distances to the neighbours of rank 1, 2, 4, ... The scaling range is
    the widest, in ln r and of four radii or more, in which each step from one radius to the next
    has the slope between its ends, to 10 % or two standard errors of the step. Without one the
    value is None, and a note says so.

    Unlike `CorrelationIntegral` it need not be told the scale: it leaves out noise below and edges
    or curvature above where enough radii are left between. It is bad at the same things, and at
    fractals whose slope swings with ln r. Cost: as `CorrelationIntegral`, k2 = n_neighbors.

    Parameters
    ----------
    n_neighbors
        Bounds the ranks, at least 8.

    Notes
    -----
    The standard error is that of the slope between the ends, as for `CorrelationIntegral`. It
    holds where the slope is one; where the slope drifts with the scale the choice of the range
    scatters too, and doubles it on log-normal points of 5 dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.random.default_rng(0).random((1000, 1))
    >>> estimate = CorrelationDimension().fit(line).estimate_
    >>> round(estimate.value, 1), estimate.parameters["n1"], estimate.parameters["n2"]
    (1.0, 1, 64)
    """

    name: ClassVar[str] = "correlation_dimension"
    error_kind: ClassVar[ErrorKind] = "theory"
    n_neighbors: int = 64

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The slope over the scaling range.

        Raises
        ------
        InputError
            If ``n_neighbors`` is below 8, the graph has fewer, two radii are equal or one is 0, or
            lists of neighbours that were given are too short to count all pairs.
        """
        check_at_least("n_neighbors", self.n_neighbors, 8)
        self._check(graph)
        pairs = _correlation_sum(graph, _powers_of_two(self.n_neighbors))
        found = _scaling_range(pairs)
        first, last = found or (0, len(pairs.ranks) - 1)
        value, stderr = pairs.slope(first, last) if found else (None, None)
        notes = graph_notes(graph)
        if not found:
            notes += (
                f"The slope changes at every step of the ranks 1 to {pairs.ranks[-1]}: there is "
                "no scaling range, and no one dimension.",
            )
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=float(pairs.radii[last]),
            n_samples=graph.n_samples,
            notes=notes,
            ranks=(pairs.ranks[first], pairs.ranks[last]),
        )

    def scan(self, graph: NeighborGraph, n2_max: int | None = None) -> ScaleCurve:
        """The slope of every step from the median radius of rank n1 to that of rank 2 n1.

        Parameters
        ----------
        graph
            Neighbours of each point.
        n2_max
            Largest rank, by default as many as the graph holds. Ranks beyond these take one more
            pass over all pairs, in bounded memory.

        Raises
        ------
        InputError
            If fewer than 2 neighbours are to be used, or as many as there are points, two radii
            are equal or one is 0, or lists of neighbours that were given are too short.
        """
        most = graph.n_neighbors if n2_max is None else n2_max
        if most < 2:
            raise InputError(f"a scan needs at least 2 neighbours of each point, got {most}")
        pairs = _correlation_sum(graph, _powers_of_two(most))
        slopes = np.array([pairs.slope(*step) for step in pairs.steps])
        return ScaleCurve(
            scales=pairs.radii[1:],
            values=slopes[:, 0],
            stderrs=slopes[:, 1],
            n1=np.array(pairs.ranks[:-1]),
            n2=np.array(pairs.ranks[1:]),
            n_samples=graph.n_samples,
            method=self.name,
        )


class _CorrelationSum(NamedTuple):
    """Neighbours of each point within radii, the median distances to the neighbours of ``ranks``.

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

        Where every point has as many neighbours, each pair within the larger radius is within the
        smaller one with one probability, and ln C has the variance b of a binomial. Uneven density
        adds 4 / N times the variance of the points' shares in the slope; as seen in the counts,
        that has 2 b of chance in it.
        """
        inner, outer = self.counts[:, first], self.counts[:, last]
        width = self.width(first, last)
        share = float(inner.sum() / outer.sum())
        binomial = 2 * (1 - share) / float(inner.sum())
        uneven = 4 * float(np.var(inner / inner.mean() - outer / outer.mean())) / len(inner)
        variance = binomial + max(uneven - 2 * binomial, 0.0)
        return -math.log(share) / width, math.sqrt(variance) / width


def _correlation_sum(graph: NeighborGraph, ranks: list[int]) -> _CorrelationSum:
    radii = np.median(graph.distances_at(ranks), axis=0) * (1 + _SLACK)
    if radii[0] == 0 or (np.diff(radii) <= _SLACK * radii[1:]).any():
        raise InputError(
            f"the median distances to the neighbours {', '.join(map(str, ranks))} must be "
            "different and above 0: the data look discrete; use other ranks"
        )
    return _CorrelationSum(ranks, radii, graph.counts_within(radii.tolist()))


def _scaling_range(pairs: _CorrelationSum) -> tuple[int, int] | None:
    """The widest range of radii in which the slope is one, or None."""
    steps = [pairs.slope(*step) for step in pairs.steps]

    def has_one_slope(first: int, last: int) -> bool:
        slope, _ = pairs.slope(first, last)
        return all(abs(s - slope) <= max(_FLAT * slope, 2 * e) for s, e in steps[first:last])

    ranges = [
        (first, last)
        for first, last in itertools.combinations(range(len(pairs.ranks)), 2)
        if last - first >= _LEAST_STEPS and has_one_slope(first, last)
    ]
    return max(ranges, key=lambda r: pairs.radii[r[1]] / pairs.radii[r[0]], default=None)


def _powers_of_two(most: int) -> list[int]:
    return [2**j for j in range(most.bit_length())]
