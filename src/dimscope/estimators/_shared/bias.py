"""How far edges and curvature lower an estimate of a high dimension, which no error bar shows.

How many neighbourhoods meet an edge depends on the share of the set that each takes. Estimators
from distances to k neighbours therefore follow one curve of N / k, to about 2 % (4 % from 50
dimensions on). It was simulated at N = 250, 1,000 and 4,000 on the sphere, which is among the sets
with the least bias, and in the cube, which is among those with the most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from dimscope.estimators._shared.dependence import NORMAL_95
from dimscope.results import Note

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


def bias_notes(
    value: float, stderr: float | None, n_samples: int, n_neighbors: int
) -> tuple[Note, ...]:
    """Warn where a bias as in the cube would move the estimate out of its interval.

    The warning gives the bias on the sphere too. Curvature within the neighbourhoods raises an
    estimate instead; distances do not tell by how much.
    """
    if stderr is None or not value > 1:
        return ()
    low, high = (
        max(value, true_dimension(shape, value, n_samples / n_neighbors)) for shape in _SEEN
    )
    if high <= value + NORMAL_95 * stderr:
        return ()
    seen = (
        f"At N = {n_samples:,} an estimate of {value:.3g} from {n_neighbors} neighbours is too low"
    )
    outside = "the interval does not include this bias."
    if math.isinf(low):
        said = f"{seen} by more than half if the points lie as on a sphere: {outside}"
        return (Note("bias", said),)
    most = "far more" if math.isinf(high) else f"{1 - value / high:.0%}"
    said = (
        f"{seen} by about {1 - value / low:.0%} if the points lie as on a sphere, by {most} if as "
        f"in a cube: {outside}"
    )
    return (Note("bias", said),)
