"""What edges, curvature and noise do to an estimate, which no error bar shows.

Edges lower an estimate, most in high dimensions; curvature and noise raise it. The dimension at
other scales says which it may be: edges and noise make it fall with the scale, and curvature, which
bends more of the set into a wider neighbourhood, makes it rise.

How many neighbourhoods meet an edge depends on the share of the set that each takes. Estimators
from distances to k neighbours therefore follow one curve of N / k, to about 2 % (4 % from 50
dimensions on). It was simulated at N = 250, 1,000 and 4,000 on the sphere, which is among the sets
with the least bias, and in the cube, which is among those with the most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dimscope.estimators._shared.dependence import NORMAL_95, dependence
from dimscope.neighbors import NeighborGraph
from dimscope.results import Note

_NEAREST_LAST, _FARTHEST = 8, 16  # neighbours at the larger of two scales
_LEAST_PER_NEIGHBOR = 20  # points for each neighbour at that scale
_SURE, _QUITE_SURE = 2, 4  # sigmas of a trend that changes a note, and of one that makes a note
_ASK = "See consensus and scale_curve."
_SHARES = (10, 50, 300, 2000)  # N / k, the columns
_DIMENSIONS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100)  # the rows
#: The mean estimate for each dimension and each N / k.
_SEEN: Mapping[str, tuple[tuple[float, ...], ...]] = {
    "sphere": (
        (1.00, 1.00, 1.00, 1.00),
        (2.00, 2.00, 2.00, 2.00),
        (2.94, 2.98, 3.00, 3.00),
        (4.63, 4.84, 4.93, 4.95),
        (6.08, 6.47, 6.76, 6.88),
        (7.97, 8.72, 9.26, 9.49),
        (10.8, 12.1, 13.0, 13.2),
        (13.2, 14.9, 16.2, 17.1),
        (17.3, 19.9, 21.9, 23.0),
        (23.8, 28.0, 31.7, 34.5),
        (35.9, 43.3, 50.2, 56.1),
    ),
    "cube": (
        (1.00, 1.00, 1.00, 1.00),
        (1.85, 1.94, 1.98, 1.99),
        (2.68, 2.82, 2.92, 2.95),
        (4.13, 4.43, 4.62, 4.68),
        (5.51, 5.88, 6.23, 6.53),
        (7.32, 7.93, 8.38, 8.59),
        (9.99, 11.0, 11.8, 12.3),
        (12.3, 13.8, 15.0, 15.9),
        (16.1, 18.7, 20.7, 21.7),
        (22.3, 26.4, 29.8, 32.0),
        (33.7, 40.9, 47.1, 51.5),
    ),
}


def true_dimension(shape: str, value: float, points_per_neighbor: float) -> float:
    """The dimension at which points on the ``"sphere"`` or in the ``"cube"`` give this value.

    It is infinite where even 100 dimensions give less.
    """
    place = math.log(points_per_neighbor)
    seen = [float(np.interp(place, np.log(_SHARES), row)) for row in _SEEN[shape]]
    if value > seen[-1]:
        return math.inf
    return float(np.interp(value, seen, _DIMENSIONS))


class Trend(NamedTuple):
    """The dimension at the smallest and at the largest scale that a graph shows, n2 = 2 n1."""

    ranks: tuple[int, int]
    values: tuple[float, float]
    errors: tuple[float, float]
    scales: tuple[float, float]

    @property
    def sigmas(self) -> float:
        """The difference over its error: above 0 where the dimension rises with the scale."""
        return (self.values[1] - self.values[0]) / math.hypot(*self.errors)

    @property
    def at_zero(self) -> float:
        """Where a straight line in r^2 leads at scale 0: curvature adds terms of that order."""
        (near, far), (scale, reach) = self.values, self.scales
        return near - (far - near) / ((reach / scale) ** 2 - 1)

    def is_below(self, value: float, stderr: float) -> bool:
        """Whether the dimension rises from a smaller one than this estimate of a wider scale."""
        beyond = NORMAL_95 * math.hypot(stderr, self.errors[0])
        return self.sigmas > _SURE and value - self.values[0] > beyond

    def __str__(self) -> str:
        verb = "rises" if self.sigmas > 0 else "falls"
        (first, last), (near, far) = self.values, self.ranks
        return f"{verb} from {first:.3g} at {near} neighbours to {last:.3g} at {far}"


def scale_trend(graph: NeighborGraph) -> Trend | None:
    """Compare the dimensions at 2 neighbours and at 8 or 16; None if fewer are known.

    They are those of the moments of Gride's ratios: ln(r_2n / r_n) has the mean
    (H_(2n-1) - H_(n-1)) / d, H the harmonic numbers.
    """
    distances = graph.distances
    if graph.spacing is not None and graph.spacing.distances.shape[1] > graph.n_neighbors:
        distances = graph.spacing.distances
    known = min(distances.shape[1], _FARTHEST, graph.n_samples // _LEAST_PER_NEIGHBOR)
    if known < _NEAREST_LAST:
        return None
    ranks = 2, 1 << (known.bit_length() - 1)
    found = [_at_ranks(distances, n2 // 2, n2) for n2 in ranks]
    if any(numbers is None for numbers in found):
        return None
    values, errors, scales = zip(*(numbers for numbers in found if numbers), strict=True)
    return Trend(ranks, values, errors, scales) if scales[1] > scales[0] else None


def _at_ranks(
    distances: Float64[np.ndarray, "n k"], n1: int, n2: int
) -> tuple[float, float, float] | None:
    """The dimension at two ranks, its error, and the mean distance to the farther neighbour."""
    inner, outer = distances[:, n1 - 1], distances[:, n2 - 1]
    logs = np.log(outer[inner > 0] / inner[inner > 0])
    if len(logs) < 2 or not logs.std() > 0:
        return None
    value = float(sum(1 / j for j in range(n1, n2)) / logs.mean())
    share = float(logs.std() / logs.mean()) / math.sqrt(len(logs))
    return value, value * share * dependence("gride", n2, value), float(outer.mean())


def bias_notes(
    graph: NeighborGraph, value: float, stderr: float | None, n_samples: int, n_neighbors: int
) -> tuple[Note, ...]:
    """Say where a bias would move the estimate out of its interval, and which way.

    What edges take is told by the table, as in the cube and on the sphere; what curvature adds, by
    the dimension at other scales, as far as the graph shows them.
    """
    if stderr is None or not value > 1:
        return ()
    trend = scale_trend(graph)
    if trend is not None and trend.is_below(value, stderr):
        said = (
            f"The dimension {trend}, as curvature makes it: {value:.3g} from {n_neighbors} "
            "neighbours is more likely too high than too low, and the interval does not include "
            f"that. {_ASK}"
        )
        return (Note("bias", said),)
    reach = NORMAL_95 * stderr
    lowered = _lowered(value, reach, n_samples / n_neighbors)
    if lowered is not None:
        said = (
            f"At N = {n_samples:,} edges make an estimate of {value:.3g} from {n_neighbors} "
            f"neighbours too low {lowered}; curvature and noise make it too high: the interval "
            f"includes neither. {_seen(trend)}{_ASK}"
        )
        return (Note("bias", said),)
    if trend is not None and trend.sigmas > _QUITE_SURE and trend.at_zero < value - reach:
        said = (
            f"The dimension {trend}, as curvature makes it, which raises {value:.3g} too: the "
            f"interval does not include that. {_ASK}"
        )
        return (Note("bias", said),)
    return ()


def _lowered(value: float, reach: float, points_per_neighbor: float) -> str | None:
    """By how much edges lower an estimate; None if that is within its reach even in the cube."""
    low, high = (max(value, true_dimension(shape, value, points_per_neighbor)) for shape in _SEEN)
    if high <= value + reach:
        return None
    if math.isinf(low):
        return "by more than half if the points lie as on a sphere"
    most = "far more" if math.isinf(high) else f"{1 - value / high:.0%}"
    about = f"by about {1 - value / low:.0%} if the points lie as on a sphere"
    return f"{about}, by {most} if as in a cube"


def _seen(trend: Trend | None) -> str:
    """What other scales say, where they differ."""
    if trend is None or abs(trend.sigmas) < _SURE:
        return ""
    cause = "curvature makes it" if trend.sigmas > 0 else "edges or noise make it"
    return f"The dimension {trend}, as {cause}. "
