"""Every pair of points, tile by tile, and reservoirs of each point's nearest among them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, Int64, UInt64

from dimscope.neighbors.search import kernels as _kernels
from dimscope.neighbors.search.blocks import Side

_LEAST_BUFFER = 32
_BYTES = 2**29  # of all reservoirs


def most_kept(n_rows: int) -> int:
    """Return how many entries of each row fit in the memory for reservoirs."""
    return _BYTES // (12 * n_rows)


class Reservoirs(NamedTuple):
    """The best entries of each row so far, as `kernels` packs them.

    Attributes
    ----------
    keys
        Shape (n, capacity): half lower bounds and positions.
    counts
        Shape (n,): entries in use.
    bounds
        Shape (n,): minus the half lower bound below which an entry is kept.
    low_bits
        The bits of a key that hold the position.
    """

    keys: UInt64[np.ndarray, "n c"]
    counts: Int32[np.ndarray, " n"]
    bounds: np.ndarray
    low_bits: np.uint64

    @classmethod
    def empty(cls, n: int, capacity: int, n_positions: int, dtype: Any) -> Reservoirs:
        """Make reservoirs that take every entry until they are full."""
        return cls(
            np.empty((n, capacity), dtype=np.uint64),
            np.zeros(n, dtype=np.int32),
            np.full(n, -np.inf, dtype=dtype),
            np.uint64((1 << (n_positions - 1).bit_length()) - 1),
        )

    @classmethod
    def closed(cls, n: int, dtype: Any) -> Reservoirs:
        """Make reservoirs that take no entry."""
        closed = cls.empty(n, 1, 1, dtype)
        closed.bounds[:] = np.inf
        return closed

    def sort(self, rows: slice) -> None:
        """Bring the best entries of some rows to their front, in order."""
        keys = self.keys[rows]
        keys[np.arange(keys.shape[1]) >= self.counts[rows, None]] = ~np.uint64(0)
        keys.sort(axis=1)


@dataclass(frozen=True, eq=False)
class Tiles(ABC):
    """The products of the blocks of two sides; if the sides are one object, of each pair once.

    Attributes
    ----------
    left
        The points whose pairs are wanted.
    right
        The points on the other end of the pairs; ``left`` itself for all pairs of one set.
    """

    left: Side
    right: Side
    twins: Int64[np.ndarray, " n"] = field(init=False)

    def __post_init__(self) -> None:
        twins = _positions(self.left.blocks.points, self.right.blocks.points)
        object.__setattr__(self, "twins", twins)

    @property
    def symmetric(self) -> bool:
        """Whether each pair serves both of its points."""
        return self.left is self.right

    def fill(self, jobs: int, executor: Executor) -> None:
        """Offer every pair, in ``jobs`` threads."""
        todo: SimpleQueue[tuple[int, int]] = SimpleQueue()
        for tile in self._order():
            todo.put(tile)
        list(executor.map(lambda _: self._work(todo), range(jobs)))

    @abstractmethod
    def _offer(self, i: int, j: int, product: np.ndarray) -> None:
        """Take the products of two blocks; that of a point with itself is minus infinity.

        A block with itself, where both sides are the same, holds each pair twice.
        """

    def _order(self) -> Iterator[tuple[int, int]]:
        """Yield each tile once, those near the diagonal first: neighbours mostly meet there."""
        n_left, n_right = len(self.left.blocks), len(self.right.blocks)
        for step in range(n_right):
            for i in range(n_left):
                if not self.symmetric:
                    yield i, (i * n_right // n_left + step) % n_right
                elif i + step < n_right:
                    yield i, i + step

    def _work(self, todo: SimpleQueue[tuple[int, int]]) -> None:
        heights, widths = np.diff(self.left.blocks.starts), np.diff(self.right.blocks.starts)
        buffer = np.empty((2, heights.max() * widths.max()), dtype=self.left.offsets.dtype)
        while True:
            try:
                i, j = todo.get_nowait()
            except Empty:
                return
            self._offer(i, j, self._product(i, j, buffer))

    def _product(self, i: int, j: int, buffer: np.ndarray) -> np.ndarray:
        block, other = self.left.blocks.block(i), self.right.blocks.block(j)
        shape = block.stop - block.start, other.stop - other.start
        buffers = buffer[:, : math.prod(shape)].reshape(2, *shape)
        product = self.left.rows[i].products(self.right.rows[j], buffers)
        itself = self.twins[block] - other.start
        present = (itself >= 0) & (itself < shape[1])
        product[present, itself[present]] = -np.inf
        return np.asarray(product)


@dataclass(frozen=True, eq=False)
class NearestTiles(Tiles):
    """Keeps, for each point of the left, the ``kept`` pairs with the smallest bounds."""

    kept: int
    rows: Reservoirs = field(init=False)
    columns: Reservoirs = field(init=False)
    locks: list[Lock] = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        left, right = self.left, self.right
        n, n_positions = len(left.blocks.points), len(right.blocks.points)
        dtype = left.offsets.dtype
        capacity = self.kept + max(_LEAST_BUFFER, self.kept // 2)
        rows = Reservoirs.empty(n, capacity, n_positions, dtype)
        columns = rows if self.symmetric else Reservoirs.closed(n_positions, dtype)
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "locks", [Lock() for _ in range(len(left.blocks))])

    @property
    def keys(self) -> UInt64[np.ndarray, "n k"]:
        """The best entries of each row, best first, once all pairs were offered and sorted."""
        return np.asarray(self.rows.keys[:, : self.kept])

    def lower_bounds(self, rows: slice) -> Float64[np.ndarray, "n k"]:
        """Return lower bounds of squared distances for the best entries of some rows."""
        halves = (self.keys[rows] & ~self.rows.low_bits).view(np.float64)
        return np.asarray(2 * halves / self.left.blocks.matrix.scale**2)

    def _offer(self, i: int, j: int, product: np.ndarray) -> None:
        block, other = self.left.blocks.block(i), self.right.blocks.block(j)
        offsets = self.left.offsets[j, block], self.right.offsets[i, other]
        columns = self.columns
        if self.symmetric and i == j:
            columns = Reservoirs.closed(len(self.right.blocks.points), product.dtype)
        with ExitStack() as held:
            for lock in sorted({i, j}) if self.symmetric else [i]:
                held.enter_context(self.locks[lock])
            if not self.rows.counts[block].any():
                _kernels.prime(product, offsets, self.rows.bounds[block], self.kept)
            corner = block.start, other.start
            _kernels.filter_tile(product, offsets, corner, (self.rows, columns), self.kept)


def _positions(
    wanted: Int64[np.ndarray, " n"], points: Int64[np.ndarray, " m"]
) -> Int64[np.ndarray, " n"]:
    """Return the place of each wanted point among others, -1 if it is not there."""
    place = np.full(max(wanted.max(), points.max()) + 1, -1)
    place[points] = np.arange(len(points))
    return np.asarray(place[wanted])
