"""The exact search: which points are nearest, and how far, right to 1e-12 in float64.

Once there are enough of them, points with few features are searched by a tree (`_tree`) and other
points in memory by tiles (`_certified`). All others, and those that tree or tiles leave uncertain,
are searched here, by intervals: every pair gets an approximate squared distance from a matrix
product, with a rounding bound that holds whatever order the sums take. A pair is a candidate
unless the bounds prove that k others are nearer, so the candidates always hold the true
neighbours. The candidates whose bound is too loose, or that tie, are measured again by direct
differences of the original values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.points import COLUMN_BLOCK, Points
from dimscope.sweep import UNIT_ROUNDOFF

_TIGHT = 2e-12  # a squared distance known to this relative width needs no second look
_MATRIX_BYTES = 2**27
_PAIR_BYTES = 2**25
_TREE_FEATURES = 4  # with more, tiles are as fast
_TREE_PAIRS = 200**2  # fewer are searched before SciPy's tree is imported
_TILE_PAIRS = 1_500**2  # fewer are searched before the compiled loops of the tiles are loaded
_TILE_NEIGHBORS = 16  # the least number of points per neighbour for which reservoirs pay

#: Gives the squared distances of pairs of points.
_Measure = Callable[[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]], Float64[np.ndarray, " p"]]


class Neighbors(NamedTuple):
    """Ascending distances and the pool positions they lead to, each (n_queries, n_neighbors)."""

    distances: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]


def search(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    n_jobs: int | None = None,
) -> Neighbors:
    """The nearest points of ``pool`` to each of ``queries``, the point itself excluded.

    Both are positions among ``points``; so are the indices that come back. Equal distances are
    ordered by index. The pool must hold more than ``n_neighbors`` points. ``n_jobs`` threads
    search, all cores by default; the answer does not depend on their number.
    """
    found = _search_fast(points, queries, pool, n_neighbors, n_jobs)
    if found is None:
        squared, indices = _search_all(points, queries, pool, n_neighbors)
        return Neighbors(points.length_unit * np.sqrt(squared), indices)
    squared, indices, certified, measure = found
    failed = np.flatnonzero(~certified)
    if len(failed):
        again = _search_all(points, queries[failed], pool, n_neighbors, measure)
        squared[failed], indices[failed] = again
    return Neighbors(points.length_unit * np.sqrt(squared), indices)


class _Fast(NamedTuple):
    """Squared distances and points of each query, ascending, and which rows are certain."""

    squared: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]
    certified: Bool[np.ndarray, " n"]
    measure: _Measure | None


def _search_fast(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    n_jobs: int | None,
) -> _Fast | None:
    """A search that is right for the rows it certifies; None where intervals are the choice.

    Imported late: a small search should not pay the seconds that numba takes.
    """
    n_pairs = len(queries) * len(pool)
    if points.n_features <= _TREE_FEATURES and n_pairs >= _TREE_PAIRS:
        from dimscope.neighbors._tree import search_tree  # noqa: PLC0415

        return _Fast(*search_tree(points, queries, pool, n_neighbors, n_jobs), None)
    if n_pairs < _TILE_PAIRS or _TILE_NEIGHBORS * n_neighbors > len(pool):
        return None
    from dimscope.neighbors._blocks import Matrix  # noqa: PLC0415
    from dimscope.neighbors._certified import Tiling, search_certified  # noqa: PLC0415

    matrix = Matrix.of(points)
    if matrix is None:
        return None
    found = search_certified(matrix, queries, pool, n_neighbors, Tiling(n_jobs=n_jobs))
    return _Fast(*found, matrix.squared_distances)


class _Candidates(NamedTuple):
    """Pairs among which are the nearest of each query, ordered by query.

    ``row`` counts the queries from 0; the squared distances are off by at most ``error``.
    """

    row: Int64[np.ndarray, " p"]
    query: Int64[np.ndarray, " p"]
    point: Int64[np.ndarray, " p"]
    squared: Float64[np.ndarray, " p"]
    error: Float64[np.ndarray, " p"]


def _search_all(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    measure: _Measure | None = None,
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    """Squared distances and points, ascending; all candidates by ``measure`` where it is given."""
    height = max(1, _MATRIX_BYTES // (8 * len(pool)))
    blocks = (queries[start : start + height] for start in range(0, len(queries), height))
    parts: Iterable[_Candidates] = (
        _candidates(points, block, pool, n_neighbors) for block in blocks
    )
    if points.by_gram:  # one more reading of the points measures the candidates of all blocks
        parts = [_joined(list(parts))]
    nearest = [_nearest(points, part, n_neighbors, measure) for part in parts]
    squared, found = (np.concatenate(column) for column in zip(*nearest, strict=True))
    return squared, found


def _candidates(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
) -> _Candidates:
    squared, error = _approximate(points, queries, pool)
    upper = squared + error
    upper[queries[:, None] == pool] = np.inf
    reach = np.partition(upper, n_neighbors - 1, axis=1)[:, n_neighbors - 1]
    candidate = (squared - error <= reach[:, None]) & np.isfinite(upper)
    row, column = np.nonzero(candidate)
    return _Candidates(row, queries[row], pool[column], squared[candidate], error[candidate])


def _joined(parts: list[_Candidates]) -> _Candidates:
    row = np.concatenate([[0], *(1 + part.row[-1:] for part in parts[:-1])]).cumsum()
    shifted = [part._replace(row=part.row + start) for part, start in zip(parts, row, strict=True)]
    return _Candidates(*(np.concatenate(column) for column in zip(*shifted, strict=True)))


def _nearest(
    points: Points, pairs: _Candidates, n_neighbors: int, measure: _Measure | None
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    """The nearest of each query's candidates, and their squared distances."""
    exact = _sharpened(points, pairs) if measure is None else measure(pairs.query, pairs.point)
    order = np.lexsort((pairs.point, exact, pairs.row))
    first = np.searchsorted(pairs.row, np.arange(pairs.row[-1] + 1))
    kept = order[first[:, None] + np.arange(n_neighbors)]
    return exact[kept], pairs.point[kept]


def _sharpened(points: Points, pairs: _Candidates) -> Float64[np.ndarray, " p"]:
    """Squared distances right to _TIGHT and in the right order.

    Those too loose for that are measured, and so are those that others leave in doubt, at once
    with the loose ones as far as can be told before these are known.
    """
    exact, error = pairs.squared.copy(), pairs.error.copy()
    measured = np.zeros(len(exact), dtype=bool)
    doubtful = (error > _TIGHT * exact) | _close(exact, error, pairs.row)
    while doubtful.any():
        exact[doubtful] = squared_distances(points, pairs.query[doubtful], pairs.point[doubtful])
        error[doubtful] = 0.0
        measured |= doubtful
        doubtful = _close(exact, error, pairs.row) & ~measured
    return exact


def _close(
    squared: Float64[np.ndarray, " p"],
    error: Float64[np.ndarray, " p"],
    row: Int64[np.ndarray, " p"],
) -> Bool[np.ndarray, " p"]:
    """Which values cannot be told from the next of the same row, errors considered."""
    order = np.lexsort((squared, row))
    low, high = order[:-1], order[1:]
    doubt = error[low] + error[high]
    near = (row[low] == row[high]) & (squared[high] - squared[low] <= doubt)
    close = np.zeros(len(squared), dtype=bool)
    close[low[near]] = close[high[near]] = True
    return close


def _approximate(
    points: Points, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"]
) -> tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, "n m"]]:
    """Squared distances from products of rows, each with a bound on its rounding error."""
    if points.by_gram:
        product = points.gram.matrix[np.ix_(queries, pool)]
        norms = np.diag(points.gram.matrix)
        query_norm, pool_norm, rounding = norms[queries], norms[pool], points.gram.rounding
    else:
        product, query_norm, pool_norm, rounding = _products(points, queries, pool)
    error = query_norm[:, None] + pool_norm
    product *= -2.0
    product += error
    np.maximum(product, 0.0, out=product)
    error *= rounding
    return product, error


def _products(
    points: Points, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"]
) -> tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, " n"], Float64[np.ndarray, " m"], float]:
    """Products of centred rows, the squared norms of both sides, and the bound on rounding.

    As for `Gram`: with products over K columns at a time, squared distances are off by at most
    2 (K + D/K + 12) u times the sum of the squared norms.
    """
    product = np.zeros((len(queries), len(pool)))
    query_norm = np.zeros(len(queries))
    pool_norm = np.zeros(len(pool))
    start = 0
    for block in points.column_blocks():
        block -= points.scan.column_mean[start : start + block.shape[1]]
        start += block.shape[1]
        for left in range(0, block.shape[1], COLUMN_BLOCK):
            part = block[:, left : left + COLUMN_BLOCK]
            x, y = part[queries], part[pool]
            product += x @ y.T
            query_norm += np.einsum("ij,ij->i", x, x)
            pool_norm += np.einsum("ij,ij->i", y, y)
    n_blocks = -(-points.n_features // COLUMN_BLOCK)
    width = min(COLUMN_BLOCK, points.n_features)
    return product, query_norm, pool_norm, 2.0 * (width + n_blocks + 12) * UNIT_ROUNDOFF


def squared_distances(
    points: Points, left: Int64[np.ndarray, " p"], right: Int64[np.ndarray, " p"]
) -> Float64[np.ndarray, " p"]:
    """Squared distances of pairs of points by direct differences of the original values."""
    total = np.zeros(len(left))
    if not len(left):
        return total
    height = max(1, _PAIR_BYTES // (8 * min(COLUMN_BLOCK, points.n_features)))
    for block in points.column_blocks():
        for first in range(0, block.shape[1], COLUMN_BLOCK):
            part = block[:, first : first + COLUMN_BLOCK]
            for start in range(0, len(left), height):
                pairs = slice(start, start + height)
                difference = part[left[pairs]] - part[right[pairs]]
                total[pairs] += np.einsum("ij,ij->i", difference, difference)
    return total


def distinct(first_of_row: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Which rows are the first with their values."""
    return np.asarray(first_of_row == np.arange(len(first_of_row)))
