"""The exact search for points in memory: tiles in low precision, distances in float64.

Every pair gets a lower bound of its squared distance from a product of two blocks (`_blocks`
states why it holds). The points with the smallest bounds are the candidates of a point, and T
the largest of those bounds: no other point is nearer than sqrt(T). The candidates are measured by
direct differences of the original values, and a row whose k-th distance is below sqrt(T) is
certified. The rows that are not are searched again in float64, and in the end by intervals. Which
candidates a row gets depends on tiles and threads; what it finds does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt64
from threadpoolctl import threadpool_limits

from dimscope.neighbors import _kernels
from dimscope.neighbors._blocks import Blocks, Matrix, Side, side
from dimscope.neighbors._intervals import search_intervals
from dimscope.neighbors._tiles import fill_reservoirs
from dimscope.points import Points

_EXACT = 1.0 + 1e-12  # more than direct differences in float64 can be off by, relatively
_POSITION = np.uint64(0xFFFFFFFF)
_PAIRS_AT_ONCE = 1 << 20
_FEW = 256  # rows that intervals search sooner than tiles do
_MOST = 0.5  # of the rows: to search all again takes half the products of these against all


class Found(NamedTuple):
    """What the tiles found for each query.

    Attributes
    ----------
    squared
        Shape (n, k): ascending squared distances.
    points
        Shape (n, k): the points of the pool they lead to.
    certified
        Shape (n,): whether these are surely the nearest.
    """

    squared: Float64[np.ndarray, "n k"]
    points: Int64[np.ndarray, "n k"]
    certified: Bool[np.ndarray, " n"]


def search_certified(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    n_jobs: int | None = None,
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"]]:
    """Squared distances and points, ascending, of the nearest of ``pool`` to each query."""
    matrix = Matrix.of(points)
    squared, found, certified = search_tiles(matrix, queries, pool, n_neighbors, n_jobs=n_jobs)
    failed = np.flatnonzero(~certified)
    if len(failed) > _FEW:
        again = search_tiles(
            matrix, queries[failed], pool, n_neighbors, dtype=np.float64, n_jobs=n_jobs
        )
        squared[failed], found[failed] = again.squared, again.points
        failed = failed[~again.certified]
    if len(failed):
        squared[failed], found[failed] = search_intervals(
            points, queries[failed], pool, n_neighbors, matrix.squared_distances
        )
    return squared, found


def search_tiles(
    matrix: Matrix,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    *,
    dtype: Any = np.float32,
    n_jobs: int | None = None,
    size: int = 1024,
) -> Found:
    """The nearest of ``pool`` to each of ``queries``, the point itself excluded, if certified."""
    jobs = n_jobs or available_cores()
    same = len(queries) == len(pool) and bool((queries == pool).all())
    kept = min(-(-(n_neighbors + max(4, n_neighbors // 8)) // 8) * 8, len(pool) - 1)
    with ThreadPoolExecutor(jobs) as executor, threadpool_limits(1, user_api="blas"):
        scale = matrix.scale()
        left, right = _sides(matrix, queries, None if same else pool, size, scale, dtype, executor)
        reservoirs = fill_reservoirs(left, right, kept, jobs, executor)
        keys = reservoirs.sorted(kept)
        return _measure(matrix, left, right, keys, n_neighbors, scale, executor)


def available_cores() -> int:
    """Cores that this process may use."""
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _sides(
    matrix: Matrix,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"] | None,
    size: int,
    scale: float,
    dtype: Any,
    executor: Executor,
) -> tuple[Side, Side]:
    left = Blocks.of(matrix, queries, size)
    if pool is None:
        both = side(matrix, left, left.centres, scale, dtype, executor)
        return both, both
    right = Blocks.of(matrix, pool, size)
    return (
        side(matrix, left, right.centres, scale, dtype, executor),
        side(matrix, right, left.centres, scale, dtype, executor),
    )


def _measure(
    matrix: Matrix,
    left: Side,
    right: Side,
    keys: UInt64[np.ndarray, "n c"],
    n_neighbors: int,
    scale: float,
    executor: Executor,
) -> Found:
    """Exact distances of the candidates, the nearest of them, and whether they are certain."""
    half = (keys >> np.uint64(32)).astype(np.uint32).view(np.float32)
    lower = 2.0 * half.astype(np.float64) / scale**2
    exact = _measure_first(matrix, left, right, keys, n_neighbors, executor)
    reach = exact[:, :n_neighbors].max(axis=1) * _EXACT
    row, slot = np.nonzero(lower[:, n_neighbors:] <= reach[:, None])
    slot += n_neighbors
    place = (keys & _POSITION).astype(np.int64)
    exact[row, slot] = matrix.squared_distances(
        left.blocks.points[row], right.blocks.points[place[row, slot]]
    )
    points = right.blocks.points[place]
    _kernels.sort_rows(exact, points)
    certified = exact[:, n_neighbors - 1] * _EXACT < lower[:, -1]
    back = np.argsort(left.blocks.order)
    return Found(exact[back, :n_neighbors], points[back, :n_neighbors], certified[back])


def _measure_first(
    matrix: Matrix,
    left: Side,
    right: Side,
    keys: UInt64[np.ndarray, "n c"],
    n_first: int,
    executor: Executor,
) -> Float64[np.ndarray, "n c"]:
    """Exact squared distances of each row's first candidates; the others' are infinite."""
    exact = np.full(keys.shape, np.inf)
    flat = exact.reshape(-1)
    height = max(1, min(_PAIRS_AT_ONCE // n_first, -(-len(keys) // available_cores())))

    def measure(start: int) -> None:
        stop = min(start + height, len(keys))
        pairs = np.empty((4, (stop - start) * n_first), dtype=np.int64)
        count = _kernels.pair_list(keys, start, stop, n_first, left is right, *pairs)
        row, other, slot, mirror = pairs[:, :count]
        squared = matrix.squared_distances(left.blocks.points[row], right.blocks.points[other])
        flat[slot] = squared
        flat[mirror[mirror >= 0]] = squared[mirror >= 0]

    list(executor.map(measure, range(0, len(keys), height)))
    return exact
