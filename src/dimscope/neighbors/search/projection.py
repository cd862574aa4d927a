"""Lower bounds of distances from a few coordinates, where they rule out nearly all pairs.

With orthonormal axes, the coordinates y of a point and the norm r of what they leave of it give
|y - y'|^2 + (r - r')^2 <= |x - x'|^2: tiles of a few features then find the candidates. The bound
holds for any axes; principal axes of a sample are good where the variance lies in few directions.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from dimscope.neighbors.search.blocks import Matrix
from dimscope.neighbors.search.sample import (
    Nearest,
    Sample,
    cost_of_candidates,
    nearest_of,
    seconds_per_product,
    squared_distances,
)

_N_AXES = (64, 128)
_LEAST_FEATURES = _LEAST_SAMPLE = 4 * _N_AXES[0]
_ENOUGH = 0.9
_WIDER = 8
_WIDEST = 10
PAYS = 0.7  # of the cost without a projection, below which one is used
_FILTER = 5e-10  # seconds to compare one product of a tile
_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Projection:
    """Coordinates of points, and their errors.

    Attributes
    ----------
    matrix
        The coordinates and, as one more, the norm of the rest.
    error
        Shape (n,): how far each point's coordinates, as computed, can be from the exact ones.
    n_candidates
        Candidates that are enough for nearly all points.
    """

    matrix: Matrix
    error: Float64[np.ndarray, " n"]
    n_candidates: int

    def wider(self) -> Projection:
        """Return the same with more candidates, for the few points that need them."""
        most = len(self.error) // _WIDEST  # more would take longer than all pairs in full
        return replace(self, n_candidates=min(_WIDER * self.n_candidates, most))


def worthwhile_projection(
    sample: Sample, n_neighbors: int, most: float, executor: Executor
) -> Projection | None:
    """Return a projection of all points if, by a sample, a search with it costs at most ``most``.

    The unit of cost is that of all products in float32.
    """
    matrix, points = sample.matrix, sample.points
    n, n_features = len(points), len(sample.centre)
    if n_features < _LEAST_FEATURES or len(sample.values) < _LEAST_SAMPLE:
        return None
    cost, axes, n_candidates = _cheapest(sample.values, n, n_neighbors)
    if cost > most:
        return None
    coordinates = np.empty((len(matrix.rows), axes.shape[1] + 1))
    error = np.empty(len(matrix.rows))

    def fill(start: int) -> None:
        part = points[start : start + _ROWS_AT_ONCE]
        centred = matrix.part(part, slice(None)) - sample.centre
        coordinates[part], error[part] = _coordinates(centred, axes)

    list(executor.map(fill, range(0, n, _ROWS_AT_ONCE)))
    return Projection(Matrix(coordinates, np.arange(len(coordinates))), error, n_candidates)


def _cheapest(
    sample: Float64[np.ndarray, "s d"], n: int, n_neighbors: int
) -> tuple[float, Float64[np.ndarray, "d p"], int]:
    """Return the cost with the best number of axes, the axes, and the candidates that they leave.

    Axes of one half of the sample are judged on the other half, since they fit their own half
    better than they will fit all points.
    """
    all_axes = _principal_axes(sample[::2])
    others = sample[1::2]
    nearest = nearest_of(others, n_neighbors / n)
    plans = []
    for n_axes in _N_AXES:
        if 2 * n_axes <= len(others):
            axes = all_axes[:, :n_axes]
            surviving = n * _surviving(nearest, _coordinates(others, axes)[0])
            n_candidates = math.ceil(np.quantile(surviving, _ENOUGH))
            plans.append((_cost(n, len(sample.T), n_axes, n_candidates), axes, n_candidates))
    return min(plans, key=lambda plan: plan[0])


def _principal_axes(sample: Float64[np.ndarray, "s d"]) -> Float64[np.ndarray, "d p"]:
    """Return the leading principal axes, as many as are ever used, the first ones first."""
    _, vectors = np.linalg.eigh(sample @ sample.T)
    axes, _ = np.linalg.qr(sample.T @ vectors[:, : -_N_AXES[-1] - 1 : -1])
    return np.asarray(axes)


def _cost(n: int, n_features: int, n_axes: int, n_candidates: int) -> float:
    """Return the cost of the search with a projection, as a share of the products in float32."""
    tiles = (n_axes + _FILTER / seconds_per_product()) / n_features + 4 * n_axes / n
    return float(tiles + cost_of_candidates(n, n_features, n_candidates, n_candidates))


def _surviving(
    nearest: Nearest, coordinates: Float64[np.ndarray, "s p1"]
) -> Float64[np.ndarray, " q"]:
    """Return, for some points of a sample, the share of it not ruled out as nearest."""
    bound = squared_distances(coordinates[nearest.asked], coordinates)
    bound[np.isinf(nearest.squared)] = np.inf
    return np.asarray((bound <= nearest.reach[:, None]).mean(axis=1))


def _coordinates(
    x: Float64[np.ndarray, "n d"], axes: Float64[np.ndarray, "d p"]
) -> tuple[Float64[np.ndarray, "n p1"], Float64[np.ndarray, " n"]]:
    """Return coordinates of points with the norm of the rest, and a bound on the error of both.

    With e = 4 sqrt(p) (D + 4) 2^-53 plus how far the axes are from orthonormal, the coordinates
    are off by at most e |x| in all. The squared norm of the rest is off by 4 e |x|^2, so the
    norm by the smaller of the root of that and of that over the norm.
    """
    along = x @ axes
    squares = np.einsum("ij,ij->i", x, x)
    rest = np.sqrt(np.maximum(squares - np.einsum("ij,ij->i", along, along), 0))
    n_features, n_axes = axes.shape
    skew = float(np.linalg.norm(axes.T @ axes - np.eye(n_axes)))
    relative = 4 * math.sqrt(n_axes) * (n_features + 4) * 2.0**-53 + 2 * skew
    of_rest = 4 * relative * squares
    error = relative * np.sqrt(squares) + np.minimum(
        np.sqrt(of_rest), of_rest / np.maximum(rest, np.finfo(float).tiny)
    )
    return np.concatenate([along, rest[:, None]], axis=1), error
