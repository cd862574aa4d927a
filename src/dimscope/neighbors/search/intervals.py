"""The exact search by intervals: for small searches, layers on disk, and points still in doubt.

Every pair gets an approximate squared distance from a matrix product, with a rounding bound that
holds whatever order the sums take. A pair is a candidate unless the bounds prove that k others are
nearer, so the candidates always hold the true neighbours. Candidates whose bounds are too loose, or
whose order is in doubt, are measured again by direct differences of the original values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.points import COLUMN_BLOCK, Points
from dimscope.points.sweep import UNIT_ROUNDOFF

_TIGHT = 2e-12  # a squared distance known to this relative width needs no second look
_MATRIX_BYTES = 2**27
_PRODUCTS_BYTES = 2**25  # where all products are in memory already
_PAIR_BYTES = 2**25

#: Gives the squared distances of pairs of points.
Measure = Callable[[Int64[np.ndarray, " p"], Int64[np.ndarray, " p"]], Float64[np.ndarray, " p"]]


class _Candidates(NamedTuple):
    """Pairs among which are the nearest of each query, ordered by query.

    ``row`` counts the queries from 0; the squared distances are off by at most ``error``.
    """

    row: Int64[np.ndarray, " p"]
    query: Int64[np.ndarray, " p"]
    point: Int64[np.ndarray, " p"]
    squared: Float64[np.ndarray, " p"]
    error: Float64[np.ndarray, " p"]


def search_intervals(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    measure: Measure | None = None,
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    """Return squared distances and points, ascending; candidates by ``measure`` if it is given."""
    blocks = _blocks(points, queries, len(pool))
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
    points: Points, pairs: _Candidates, n_neighbors: int, measure: Measure | None
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    """Return the squared distances of the nearest of each query's candidates, and these."""
    exact = _sharpened(points, pairs) if measure is None else measure(pairs.query, pairs.point)
    kept = first_of_each(pairs.row, exact, pairs.point, n_neighbors)
    return exact[kept], pairs.point[kept]


def first_of_each(
    row: Int64[np.ndarray, " p"],
    value: Float64[np.ndarray, " p"],
    point: Int64[np.ndarray, " p"],
    n_first: int,
) -> Int64[np.ndarray, "n k"]:
    """Return where the smallest values of each row stand, ascending; ties are ordered by point.

    The rows are counted from 0 and ascend; each has at least ``n_first`` values.
    """
    order = np.lexsort((point, value, row))
    first = np.searchsorted(row, np.arange(row[-1] + 1))
    return np.asarray(order[first[:, None] + np.arange(n_first)])


def distances_at(
    points: Points, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
) -> Float64[np.ndarray, "n r"]:
    """Return squared distances of points to their neighbours of some ranks, among themselves.

    The distance at a rank lies between the lower bound and the upper bound at that rank. Where the
    two differ, the pairs between them are measured. Memory is bounded, and no row is sorted whole.
    """
    blocks = _blocks(points, rows, len(rows))
    return np.concatenate([_at_ranks(points, block, rows, ranks) for block in blocks])


def _blocks(
    points: Points, queries: Int64[np.ndarray, " n"], n_pool: int
) -> Iterator[Int64[np.ndarray, " b"]]:
    """Cut the queries into blocks whose distances to the pool fit in memory."""
    budget = _PRODUCTS_BYTES if points.by_gram else _MATRIX_BYTES
    height = max(1, budget // (8 * n_pool))
    return (queries[start : start + height] for start in range(0, len(queries), height))


def _at_ranks(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    ranks: Int64[np.ndarray, " r"],
) -> Float64[np.ndarray, "n r"]:
    squared, error = _approximate(points, queries, pool)
    squared[queries[:, None] == pool] = np.inf
    upper = squared + error
    lower = np.subtract(squared, error, out=error)
    least, most = (np.partition(x, ranks - 1, axis=1)[:, ranks - 1] for x in (lower, upper))
    values = (least + most) / 2
    row, at = np.nonzero(most - least > 2 * _TIGHT * values)
    if len(row):
        within = (upper[row] >= least[row, at, None]) & (lower[row] <= most[row, at, None])
        below = (upper[row] < least[row, at, None]).sum(axis=1)
        entry, column = np.nonzero(within)
        exact = squared_distances(points, queries[row[entry]], pool[column])
        order = np.lexsort((exact, entry))
        first = np.searchsorted(entry, np.arange(len(row)))
        values[row, at] = exact[order[first + ranks[at] - 1 - below]]
    return values


def counts_within(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    squared_radii: Float64[np.ndarray, " r"],
) -> Int64[np.ndarray, "n r"]:
    """Count the points of ``pool`` at most some squared distances from each of ``queries``.

    The point itself is excluded. Pairs whose bounds do not decide are measured.
    """
    blocks = _blocks(points, queries, len(pool))
    return np.concatenate([_within(points, block, pool, squared_radii) for block in blocks])


def _within(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    squared_radii: Float64[np.ndarray, " r"],
) -> Int64[np.ndarray, "n r"]:
    squared, error = _approximate(points, queries, pool)
    squared[queries[:, None] == pool] = np.inf
    row, column = np.nonzero(squared - error <= squared_radii.max())
    squared, error = squared[row, column], error[row, column]
    counts = np.empty((len(queries), len(squared_radii)), dtype=np.int64)
    for at, radius in enumerate(squared_radii):
        within = squared + error <= radius
        doubtful = np.flatnonzero((squared - error <= radius) & ~within)
        left, right = queries[row[doubtful]], pool[column[doubtful]]
        within[doubtful] = squared_distances(points, left, right) <= radius
        counts[:, at] = np.bincount(row[within], minlength=len(queries))
    return counts


def _sharpened(points: Points, pairs: _Candidates) -> Float64[np.ndarray, " p"]:
    """Return squared distances right to _TIGHT and in the right order.

    Pairs with looser bounds are measured, together with those whose order is in doubt. Exact
    distances may leave the order of further pairs in doubt; these are measured in another round.
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
    """Mark the values whose order within their row their errors leave in doubt."""
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
    """Return squared distances from products of rows, and bounds on their rounding errors."""
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
    """Return products of centred rows, the squared norms of both sides, and the rounding bound.

    As for `Gram`: with products over K columns at a time, squared distances are off by at most
    2 (K + D/K + 12) u times the sum of the squared norms.
    """
    product = np.zeros((len(queries), len(pool)))
    query_norm = np.zeros(len(queries))
    pool_norm = np.zeros(len(pool))
    few, (queries, pool) = _only(points, queries, pool)
    start = 0
    for block in few.column_blocks():
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
    """Measure squared distances of pairs of points by direct differences of the original values."""
    total = np.zeros(len(left))
    if not len(left):
        return total
    height = max(1, _PAIR_BYTES // (8 * min(COLUMN_BLOCK, points.n_features)))
    few, (left, right) = _only(points, left, right)
    for block in few.column_blocks():
        for first in range(0, block.shape[1], COLUMN_BLOCK):
            part = block[:, first : first + COLUMN_BLOCK]
            for start in range(0, len(left), height):
                pairs = slice(start, start + height)
                difference = part[left[pairs]] - part[right[pairs]]
                total[pairs] += np.einsum("ij,ij->i", difference, difference)
    return total


def _only(
    points: Points, *positions: Int64[np.ndarray, " _"]
) -> tuple[Points, list[Int64[np.ndarray, " _"]]]:
    """Return the points at some positions, each once, and the place of each position among them."""
    rows, places = np.unique(np.concatenate(positions), return_inverse=True)
    if len(rows) == points.n_samples:
        return points, list(positions)
    ends = np.cumsum([len(part) for part in positions])[:-1]
    return points.take(rows), np.split(places, ends)
