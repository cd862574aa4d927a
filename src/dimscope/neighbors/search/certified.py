"""The exact search for points in memory: tiles in low precision, distances in float64.

Every pair gets a lower bound of its squared distance from a product of two blocks (`blocks`
states why it holds). The points with the smallest bounds are the candidates of a point, and T
the largest of those bounds: no other point is nearer than sqrt(T). The candidates are measured by
direct differences of the original values, and a row whose k-th distance is below sqrt(T) is
certified. Which candidates a row gets depends on tiles and threads; what it finds, once certified,
does not.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.neighbors.search import kernels as _kernels
from dimscope.neighbors.search.blocks import Blocks, Matrix, Side, side
from dimscope.neighbors.search.projection import PAYS, Projection, worthwhile_projection
from dimscope.neighbors.search.quantised import Quantised, worthwhile_integers
from dimscope.neighbors.search.sample import Sample
from dimscope.neighbors.search.tiles import NearestTiles, Tiles, most_kept
from dimscope.neighbors.threads import thread_pool, threads_to_use

_EXACT = 1.0 + 1e-12  # more than direct differences in float64 can be off by, relatively
_FEW = 8  # queries: so few are measured against all points faster than tiles are made
_LEAST_EXTRA = 4  # candidates beyond the neighbours, so that the last bound lies above these
_AT_ONCE = 2**20  # candidates that one thread measures in one go
_LEAST_STRIPS = 4
_STEP = 3
_SMALLEST_BLOCK, _LARGEST_BLOCK = 512, 1536
_CACHED = 2**22  # bytes of a group of points
_MOST_DOUBLES = 2**27  # values that may be copied in float64: 1 GiB


class Found(NamedTuple):
    """What the tiles found for each query.

    Attributes
    ----------
    squared
        Shape (n, k): ascending squared distances.
    points
        Shape (n, k): the points of the pool at these distances.
    certified
        Shape (n,): whether these are surely the nearest.
    method
        What found them.
    n_evaluated
        Pairs of a query and a point whose distance was evaluated over all features.
    n_again
        Queries that the first tiles left uncertain.
    """

    squared: Float64[np.ndarray, "n k"]
    points: Int64[np.ndarray, "n k"]
    certified: Bool[np.ndarray, " n"]
    method: str
    n_evaluated: int
    n_again: int = 0

    def updated(self, failed: Int64[np.ndarray, " f"], again: Found) -> Found:
        """Take over the answers of another search for some of the queries."""
        for first, second in zip(self[:3], again[:3], strict=True):
            first[failed] = second
        return self._replace(n_evaluated=self.n_evaluated + again.n_evaluated)


@dataclass(frozen=True)
class Tiling:
    """How the tiles are made; the answer does not depend on it."""

    dtype: Any = np.float32
    size: int | None = None
    n_jobs: int | None = None
    device: str | None = None  # where torch makes the products; None for threads of the processor
    prunes: bool = True
    projection: Projection | None = None
    integers: Quantised | None = None

    @property
    def jobs(self) -> int:
        """Threads to use; see `threads_to_use`."""
        return threads_to_use(self.n_jobs)

    def block_size(self, n: int) -> int:
        """Points of a block: many, for speed, but few enough for all threads to have tiles."""
        return self.size or min(_LARGEST_BLOCK, max(_SMALLEST_BLOCK, n // (2 * self.jobs)))

    def threads(self) -> AbstractContextManager[Executor]:
        """Open the threads that make the tiles; see `thread_pool`."""
        return thread_pool(self.n_jobs)


def search_certified(
    matrix: Matrix,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    tiling: Tiling,
) -> Found:
    """Find the nearest of ``pool`` to each of ``queries``, by the cheapest tiles that certify them.

    All pairs are searched by a projection or by integers where that pays, else in float32. Queries
    that this leaves uncertain are searched again, in float32 and then in float64. A device searches
    all pairs in float32, and the uncertain ones in float64 where that is faster there.
    """
    with tiling.threads() as executor:
        tiling = _where_it_holds(tiling)
        stages = [tiling]
        if tiling.device is None and tiling.prunes and np.array_equal(queries, pool):
            stages = [*_cheaper(matrix, pool, n_neighbors, tiling, executor), tiling]
        if matrix.values.size <= _MOST_DOUBLES:
            stages.append(replace(tiling, dtype=np.float64))
        found = search_tiles(matrix, queries, pool, n_neighbors, stages[0])
        found = found._replace(n_again=int((~found.certified).sum()))
        for stage in stages[1:]:
            failed = np.flatnonzero(~found.certified)
            if not len(failed):
                break
            if len(failed) <= _FEW:
                return found.updated(
                    failed, _search_all(matrix, queries[failed], pool, n_neighbors)
                )
            if 2 * len(failed) > len(pool):  # all pairs once are fewer than these with all
                failed = np.arange(len(queries))
            stage = _where_it_holds(stage)
            again = search_tiles(matrix, queries[failed], pool, n_neighbors, stage)
            found = found.updated(failed, again)
    return found


def _where_it_holds(tiling: Tiling) -> Tiling:
    """Move the tiles to the processor if the device is not precise, or is slower in float64."""
    if tiling.device is None:
        return tiling
    from dimscope.neighbors.search import torch_tiles  # noqa: PLC0415 - torch loads with the first device

    if tiling.dtype == np.float64:
        holds = torch_tiles.doubles_pay(tiling.device, tiling.jobs)
    else:
        holds = torch_tiles.products_hold(tiling.device)
    return tiling if holds else replace(tiling, device=None)


def _cheaper(
    matrix: Matrix,
    points: Int64[np.ndarray, " n"],
    n_neighbors: int,
    tiling: Tiling,
    executor: Executor,
) -> list[Tiling]:
    """Return the searches that a sample finds cheaper than all products in float32, best first."""
    sample = Sample.of(matrix, points)
    integers = worthwhile_integers(sample, n_neighbors)
    most = PAYS if integers is None else min(PAYS, integers.cost)
    projection = worthwhile_projection(sample, n_neighbors, most, executor)
    if projection is not None:
        return [replace(tiling, projection=p) for p in (projection, projection.wider())]
    return [] if integers is None else [replace(tiling, integers=integers)]


def _search_all(
    matrix: Matrix,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
) -> Found:
    """Find the nearest of ``pool`` to each of a few queries by measuring all pairs."""
    shape = len(queries), len(pool)
    squared = np.stack([matrix.squared_distances(np.full(len(pool), q), pool) for q in queries])
    squared[queries[:, None] == pool] = np.inf
    order = np.lexsort((np.broadcast_to(pool, shape), squared))[:, :n_neighbors]
    nearest = np.take_along_axis(squared, order, axis=1)
    certified = np.ones(len(queries), dtype=bool)
    return Found(nearest, pool[order], certified, "tiles", n_evaluated=squared.size)


def search_tiles(
    matrix: Matrix,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    tiling: Tiling,
) -> Found:
    """Find the nearest of ``pool`` to each of ``queries`` by one set of tiles, certified or not."""
    projection = tiling.projection
    source = matrix if projection is None else projection.matrix
    cheap = projection or tiling.integers
    extra = cheap.n_candidates if cheap else max(_LEAST_EXTRA, n_neighbors // 8)
    kept = min(n_neighbors + extra, max(most_kept(len(queries)), n_neighbors + _LEAST_EXTRA))
    kept = min(-(-kept // 8) * 8, len(pool) - 1)
    with tiling.threads() as executor:
        tiles = NearestTiles(*sides(source, queries, pool, tiling, executor), kept)
        if tiling.device is None:
            tiles.fill(tiling.jobs, executor)
        else:
            from dimscope.neighbors.search import torch_tiles  # noqa: PLC0415 - as above

            torch_tiles.fill(tiles, tiling.device, tiling.jobs)
        list(executor.map(tiles.rows.sort, _strips(tiles.rows.keys.shape)))
        lower_bounds = tiles.lower_bounds
        if projection is not None:
            error = projection.error[tiles.left.blocks.points] + projection.error[pool].max()

            def lower_bounds(rows: slice) -> Float64[np.ndarray, "n c"]:
                shorter = np.sqrt(tiles.lower_bounds(rows)) - error[rows, None]
                return np.asarray(np.maximum(shorter, 0) ** 2)

        found = _measure(tiles, matrix, lower_bounds, n_neighbors, executor)
    if projection is not None:
        return found._replace(method="projected tiles")
    on_processor = "integer tiles" if tiling.integers else "tiles"
    method = on_processor if tiling.device is None else "torch tiles"
    return found._replace(method=method, n_evaluated=len(queries) * len(pool))


def sides(
    matrix: Matrix,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    tiling: Tiling,
    executor: Executor,
) -> tuple[Side, Side]:
    """Return both sides of the tiles: one object if queries and pool are the same points."""
    size = tiling.block_size(len(queries))
    ratio = tiling.integers.ratio if tiling.integers else None
    left = Blocks.of(matrix, queries, size)
    if np.array_equal(queries, pool):
        own = side(left, left.centres, tiling.dtype, executor, ratio)
        return own, own
    right = Blocks.of(matrix, pool, size)
    return (
        side(left, right.centres, tiling.dtype, executor, ratio),
        side(right, left.centres, tiling.dtype, executor, ratio),
    )


def _strips(shape: tuple[int, ...]) -> list[slice]:
    """Cut the rows of a matrix into strips, which threads take one after the other."""
    height = max(1, min(_AT_ONCE // shape[1], -(-shape[0] // _LEAST_STRIPS)))
    return [slice(top, min(top + height, shape[0])) for top in range(0, shape[0], height)]


def _measure(
    tiles: NearestTiles,
    matrix: Matrix,
    lower_bounds: Callable[[slice], Float64[np.ndarray, "n c"]],
    n_neighbors: int,
    executor: Executor,
) -> Found:
    """Measure the candidates; return the nearest of them and whether these are certain."""
    first = _measure_mutual(tiles, matrix, n_neighbors, executor)
    shape = first.shape
    found = Found(
        np.empty(shape), np.empty(shape, np.int64), np.empty(len(first), bool), "tiles", 0
    )

    def measure(rows: slice) -> int:
        keys, lower = tiles.keys[rows], lower_bounds(rows)
        exact = np.full(keys.shape, np.inf)
        exact[:, :n_neighbors] = first[rows]
        places = (keys & tiles.rows.low_bits).astype(np.int64)
        n_measured, done = 0, n_neighbors
        while done < keys.shape[1]:  # the more are measured, the fewer others can be nearer
            reach = np.partition(exact[:, :done], n_neighbors - 1)[:, n_neighbors - 1] * _EXACT
            row, slot = np.nonzero(lower[:, done : _STEP * done] <= reach[:, None])
            slot += done
            exact[row, slot] = squared_of_pairs(tiles, matrix, rows.start + row, places[row, slot])
            n_measured += len(row)
            done *= _STEP
        points = tiles.right.blocks.points[places]
        _kernels.sort_rows(exact, points)
        queries = tiles.left.blocks.order[rows]
        found.squared[queries] = exact[:, :n_neighbors]
        found.points[queries] = points[:, :n_neighbors]
        found.certified[queries] = exact[:, n_neighbors - 1] * _EXACT < lower[:, -1]
        return n_measured

    n_more = sum(executor.map(measure, _strips(tiles.keys.shape)))
    return found._replace(n_evaluated=first.size + n_more)


def _measure_mutual(
    tiles: NearestTiles, matrix: Matrix, n_first: int, executor: Executor
) -> Float64[np.ndarray, "n k"]:
    """Return exact squared distances of the first candidates, measuring each pair once."""
    keys = np.ascontiguousarray(tiles.keys[:, :n_first])
    exact = np.empty(keys.size)

    def measure(rows: slice) -> None:
        pairs = np.empty((4, (rows.stop - rows.start) * keys.shape[1]), dtype=np.int64)
        ends = rows.start, rows.stop
        count = _kernels.pair_list(keys, tiles.rows.low_bits, ends, tiles.symmetric, pairs)
        row, other, place, mirror = pairs[:, :count]
        squared = squared_of_pairs(tiles, matrix, row, other)
        exact[place] = squared
        exact[mirror[mirror >= 0]] = squared[mirror >= 0]

    list(executor.map(measure, _strips(keys.shape)))
    return exact.reshape(keys.shape)


def squared_of_pairs(
    tiles: Tiles, matrix: Matrix, row: Int64[np.ndarray, " p"], column: Int64[np.ndarray, " p"]
) -> Float64[np.ndarray, " p"]:
    """Return exact squared distances of pairs, measuring those of the same two groups together.

    Two groups of points fit in a processor's cache, so each point is read from memory only a few
    times.
    """
    group = max(1, _CACHED // matrix.values[0].nbytes)
    region = row // group * -(-len(tiles.right.blocks.points) // group) + column // group
    order = np.argsort(region.astype(np.uint16), kind="stable")  # a region may share its number
    left, right = tiles.left.blocks.points, tiles.right.blocks.points
    squared = np.empty(len(row))
    squared[order] = matrix.squared_distances(left[row[order]], right[column[order]])
    return squared
