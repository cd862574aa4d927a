"""Correlation dimension: how the number of pairs grows over the scales where it has one slope.

Grassberger and Procaccia, "Measuring the strangeness of strange attractors", Physica D 9 (1983).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from dimscope.errors import InputError
from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.correlation_sum import CorrelationSum, correlation_sum
from dimscope.estimators._shared.notes import graph_notes
from dimscope.measurement import beyond_features
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, Note, ScaleCurve

_LEAST_STEPS = 3
_FLAT = 0.1  # of the slope between its ends, by which a step of a scaling range may differ


@final
@dataclass(kw_only=True)
class CorrelationDimension(KNeighborEstimator):
    """Slope of ln C(r) over its scaling range, C(r) the share of all pairs no farther apart than r.

    The radii are the median distances to the neighbours of rank 1, 2, 4, ... The scaling range is
    the widest, in ln r and of four radii or more, in which each step from one radius to the next
    has the slope between its ends, to 10 % or two standard errors of the step. Without one the
    value is None, and a note says so.

    Unlike `CorrelationIntegral` it finds the scale itself: it leaves out noise below it and edges
    or curvature above it, where enough radii are left between them. It is bad at the same things,
    and at fractals whose slope swings with ln r. Cost: as `CorrelationIntegral`, k2 = n_neighbors.

    Parameters
    ----------
    n_neighbors
        Largest rank, at least 8; the largest power of two up to it is used.

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
    title: ClassVar[str] = "Correlation dimension"
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
        pairs = correlation_sum(graph, _powers_of_two(self.n_neighbors))
        found = _scaling_range(pairs)
        first, last = found or (0, len(pairs.ranks) - 1)
        value, stderr = pairs.slope(first, last) if found else (None, None)
        notes = graph_notes(graph)
        if not found:
            said = (
                f"The slope changes at every step of the ranks 1 to {pairs.ranks[-1]}: there is "
                "no scaling range, and no one dimension."
            )
            notes += (Note("undetermined", said),)
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
            are equal or one is 0, every slope is far above the number of features, or lists of
            neighbours that were given are too short.
        """
        most = graph.n_neighbors if n2_max is None else n2_max
        if most < 2:
            raise InputError(f"a scan needs at least 2 neighbours of each point, got {most}")
        pairs = correlation_sum(graph, _powers_of_two(most))
        slopes = np.array([pairs.slope(*step) for step in pairs.steps])
        seen = [not beyond_features(value, graph.n_features) for value in slopes[:, 0]]
        if not any(seen):
            raise InputError("every slope is far above the number of features")
        return ScaleCurve(
            scales=pairs.radii[1:][seen],
            values=slopes[seen, 0],
            stderrs=slopes[seen, 1],
            n1=np.array(pairs.ranks[:-1])[seen],
            n2=np.array(pairs.ranks[1:])[seen],
            n_samples=graph.n_samples,
            method=self.name,
            title=self.title,
        )


def _scaling_range(pairs: CorrelationSum) -> tuple[int, int] | None:
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
