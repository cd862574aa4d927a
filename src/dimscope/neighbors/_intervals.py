"""Any search, always right: float64 products with rounding bounds, then direct differences.

Every pair gets an approximate squared distance from a matrix product, with a rounding bound that
holds whatever order the sums take. A pair is a candidate unless the bounds prove that k others
are nearer, so the candidates always hold the true neighbours. The candidates whose bound is too
loose, or that tie, are measured again by direct differences of the original values. Reads points
by blocks of columns, so that they may lie on disk.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.points import COLUMN_BLOCK, Points

_UNIT_ROUNDOFF = 2.0**-53
_TIGHT = 1e-12  # a squared distance known to this relative width needs no second look
_MATRIX_BYTES = 2**27
_PAIR_BYTES = 2**25

#: The squared distances of pairs of points.
Measure = Callable[[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]], Float64[np.ndarray, " p"]]


def search_intervals(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    measure: Measure | None = None,
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    """Squared distances and points, ascending; with ``measure`` all candidates are measured."""
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
    measure: Measure | None,
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    squared, error = _approximate(points, queries, pool)
    upper = squared + error
    upper[queries[:, None] == pool] = np.inf
    reach = np.partition(upper, n_neighbors - 1, axis=1)[:, n_neighbors - 1]
    candidate = (squared - error <= reach[:, None]) & np.isfinite(upper)
    row, column = np.nonzero(candidate)
    if measure is not None:
        exact = measure(queries[row], pool[column])
    else:
        exact = _settle(
            points, queries[row], pool[column], row, squared[candidate], error[candidate]
        )
    order = np.lexsort((pool[column], exact, row))
    first = np.searchsorted(row, np.arange(len(queries)))
    kept = order[first[:, None] + np.arange(n_neighbors)]
    return exact[kept], pool[column[kept]]


def _settle(
    points: Points,
    left: Int64[np.ndarray, " p"],
    right: Int64[np.ndarray, " p"],
    row: Int64[np.ndarray, " p"],
    squared: Float64[np.ndarray, " p"],
    error: Float64[np.ndarray, " p"],
) -> Float64[np.ndarray, " p"]:
    """The same squared distances, those that are uncertain or tie within a row measured again."""
    loose = error > _TIGHT * squared
    squared[loose] = squared_distances(points, left[loose], right[loose])
    close = _close(squared, row) & ~loose
    squared[close] = squared_distances(points, left[close], right[close])
    return squared


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
