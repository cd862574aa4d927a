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

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.points import COLUMN_BLOCK, Points

_UNIT_ROUNDOFF = 2.0**-53
_TIGHT = 1e-12  # a squared distance known to this relative width needs no second look
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


def _search_all(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    measure: _Measure | None = None,
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    """Squared distances and points, ascending; all candidates by ``measure`` where it is given."""
    height = max(1, _MATRIX_BYTES // (8 * len(pool)))
    parts = [
        _search_block(points, queries[start : start + height], pool, n_neighbors, measure)
        for start in range(0, len(queries), height)
    ]
    squared, found = (np.concatenate(column) for column in zip(*parts, strict=True))
    return squared, found


def _search_block(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    measure: _Measure | None,
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    squared, error = _approximate(points, queries, pool)
    upper = squared + error
    upper[queries[:, None] == pool] = np.inf
    reach = np.partition(upper, n_neighbors - 1, axis=1)[:, n_neighbors - 1]
    candidate = (squared - error <= reach[:, None]) & np.isfinite(upper)
    row, column = np.nonzero(candidate)
    pairs = queries[row], pool[column]
    if measure is None:
        exact = squared[candidate]
        loose = error[candidate] > _TIGHT * exact
        exact[loose] = squared_distances(points, *(side[loose] for side in pairs))
        close = _close(exact, row) & ~loose
        exact[close] = squared_distances(points, *(side[close] for side in pairs))
    else:
        exact = measure(*pairs)
    order = np.lexsort((pool[column], exact, row))
    first = np.searchsorted(row, np.arange(len(queries)))
    kept = order[first[:, None] + np.arange(n_neighbors)]
    return exact[kept], pool[column[kept]]


def _close(
    squared: Float64[np.ndarray, " p"], row: Int64[np.ndarray, " p"]
) -> Bool[np.ndarray, " p"]:
    """Which values, each right to _TIGHT, cannot be told from another of the same row."""
    order = np.lexsort((squared, row))
    low, high = order[:-1], order[1:]
    near = (row[low] == row[high]) & (squared[high] - squared[low] <= 4 * _TIGHT * squared[high])
    close = np.zeros(len(squared), dtype=bool)
    close[low[near]] = close[high[near]] = True
    return close


def _approximate(
    points: Points, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"]
) -> tuple[Float64[np.ndarray, "n m"], Float64[np.ndarray, "n m"]]:
    """Squared distances by a matrix product, each with a bound on its rounding error.

    With products over K columns at a time, |error| <= 2 (K + D/K + 12) u (n_i + n_j), n the
    squared norms about the centre and u the unit roundoff: a sum of K products is off by at most
    K u times the sum of their absolute values in any order, D/K partial sums add as many u, and
    |2 x.y| <= n_i + n_j.
    """
    same = len(queries) == len(pool) and bool((queries == pool).all())
    product = np.zeros((len(queries), len(pool)))
    query_norm = np.zeros(len(queries))
    pool_norm = np.zeros(len(pool))
    start = 0
    for block in points.column_blocks():
        block -= points.scan.column_mean[start : start + block.shape[1]]
        start += block.shape[1]
        for left in range(0, block.shape[1], COLUMN_BLOCK):
            part = block[:, left : left + COLUMN_BLOCK]
            y = part[pool]
            x = y if same else part[queries]
            product += x @ y.T
            query_norm += np.einsum("ij,ij->i", x, x)
            pool_norm += np.einsum("ij,ij->i", y, y)
    norms = query_norm[:, None] + pool_norm
    n_blocks = -(-points.n_features // COLUMN_BLOCK)
    width = min(COLUMN_BLOCK, points.n_features)
    product *= -2.0
    product += norms
    np.maximum(product, 0.0, out=product)
    norms *= 2.0 * (width + n_blocks + 12) * _UNIT_ROUNDOFF
    return product, norms


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
