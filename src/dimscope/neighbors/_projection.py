"""Lower bounds of distances from a few coordinates, where they rule out nearly all pairs.

With orthonormal axes, the coordinates y of a point and the norm r of what they leave of it give
|y - y'|^2 + (r - r')^2 <= |x - x'|^2: tiles of a few features then find the candidates. Any axes
are right; principal axes of a sample are good where a layer's variance lies in few directions.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.neighbors._blocks import Matrix

_N_AXES = 64
_LEAST_FEATURES = 4 * _N_AXES
_N_SAMPLED = 128
_N_ASKED = 64
_MOST_SAMPLED = 2**23  # values
_ENOUGH = 0.97
_PAYS = 0.7  # of the cost without a projection, below which one is used
_FILTER = 25  # features whose product takes as long as looking at a tile
_DIFFERENCE = 50  # pairs multiplied in the time that one takes to be measured directly
_KEEP = 25_000  # features whose product takes as long as to keep one more candidate of each point
_ROWS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Projection:
    """Coordinates of points, and what they lack.

    Attributes
    ----------
    matrix
        The coordinates and, as one more, the norm of the rest.
    error
        Shape (n,): how far each point's coordinates, as computed, can be from the exact ones.
    n_candidates
        Candidates that nearly all points can do with.
    """

    matrix: Matrix
    error: Float64[np.ndarray, " n"]
    n_candidates: int


def worthwhile_projection(
    matrix: Matrix, points: Int64[np.ndarray, " n"], n_neighbors: int, executor: Executor
) -> Projection | None:
    """A projection of all points, if a sample says that searching by it is faster."""
    n, n_features = len(points), matrix.values.shape[1]
    if n_features < _LEAST_FEATURES:
        return None
    sampled = points[:: max(-(-n // 1024), -(-n * n_features // _MOST_SAMPLED))]
    sample = matrix.part(sampled, slice(None))
    centre = sample.mean(axis=0)
    sample -= centre
    axes = _principal_axes(sample[:: -(-len(sample) // _N_SAMPLED)])
    surviving = n * _surviving(sample, axes, n_neighbors / n)
    n_candidates = math.ceil(np.quantile(surviving, _ENOUGH))
    if _cost(n, axes, n_candidates) > _PAYS:
        return None
    coordinates = np.empty((len(matrix.rows), axes.shape[1] + 1))
    error = np.empty(len(matrix.rows))

    def fill(start: int) -> None:
        part = points[start : start + _ROWS_AT_ONCE]
        coordinates[part], error[part] = _coordinates(matrix.part(part, slice(None)) - centre, axes)

    list(executor.map(fill, range(0, n, _ROWS_AT_ONCE)))
    return Projection(Matrix(coordinates, np.arange(len(coordinates))), error, n_candidates)


def _principal_axes(sample: Float64[np.ndarray, "s d"]) -> Float64[np.ndarray, "d p"]:
    _, vectors = np.linalg.eigh(sample @ sample.T)
    axes, _ = np.linalg.qr(sample.T @ vectors[:, -_N_AXES:])
    return np.asarray(axes)


def _cost(n: int, axes: Float64[np.ndarray, "d p"], n_candidates: int) -> float:
    """Cost of the search with a projection, as a part of that of the product without."""
    n_features, n_axes = axes.shape
    tiles = (n_axes + _FILTER + _KEEP * n_candidates / n) / n_features
    return float(tiles + (_DIFFERENCE * n_candidates + 4 * n_axes) / n)


def _surviving(
    sample: Float64[np.ndarray, "s d"], axes: Float64[np.ndarray, "d p"], share: float
) -> Float64[np.ndarray, " q"]:
    """Of some points, the share of all that the coordinates do not rule out as the nearest.

    The nearest are a ``share`` of all.
    """
    coordinates, _ = _coordinates(sample, axes)
    step = -(-len(sample) // _N_ASKED)
    exact, bound = (_squared(x[::step], x) for x in (sample, coordinates))
    itself = np.arange(len(exact)), np.arange(len(exact)) * step
    exact[itself] = bound[itself] = np.inf
    rank = math.ceil(share * len(sample))
    reach = np.partition(exact, rank - 1, axis=1)[:, rank - 1]
    return np.asarray((bound <= reach[:, None]).mean(axis=1))


def _squared(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    norms = np.einsum("ij,ij->i", x, x)[:, None] + np.einsum("ij,ij->i", y, y)
    return np.asarray(norms - 2 * x @ y.T)


def _coordinates(
    x: Float64[np.ndarray, "n d"], axes: Float64[np.ndarray, "d p"]
) -> tuple[Float64[np.ndarray, "n p1"], Float64[np.ndarray, " n"]]:
    """Coordinates of points with the norm of the rest, and a bound on the error of both.

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
