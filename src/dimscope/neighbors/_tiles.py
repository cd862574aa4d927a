"""Every pair of points offered, tile by tile, to reservoirs of each point's nearest."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from threading import Lock
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32, Int64, UInt64

from dimscope.neighbors import _kernels
from dimscope.neighbors._blocks import DEPTH, Side

_LANES = 16


class Reservoirs(NamedTuple):
    """The best entries of each row so far.

    Attributes
    ----------
    keys
        Shape (n, capacity): half lower bounds and positions, packed.
    counts
        Shape (n,): entries in use.
    bounds
        Shape (n,): minus the half lower bound that an entry must be under to be of interest.
    """

    keys: UInt64[np.ndarray, "n c"]
    counts: Int32[np.ndarray, " n"]
    bounds: Float32[np.ndarray, " n"]

    @classmethod
    def empty(cls, n: int, capacity: int, bound: float = -np.inf) -> Reservoirs:
        return cls(
            np.empty((n, capacity), dtype=np.uint64),
            np.zeros(n, dtype=np.int32),
            np.full(n, bound, dtype=np.float32),
        )

    def sorted(self, kept: int) -> UInt64[np.ndarray, "n k"]:
        """The best ``kept`` of each row, best first; all bits set where there are fewer."""
        self.keys[np.arange(self.keys.shape[1]) >= self.counts[:, None]] = ~np.uint64(0)
        self.keys.sort(axis=1)
        return self.keys[:, :kept]


def fill_reservoirs(
    left: Side, right: Side, kept: int, jobs: int, executor: Executor
) -> Reservoirs:
    """Offer every pair to the reservoirs of both of its points, or of its query only."""
    symmetric = left is right
    twins = _positions(left.blocks.points, right.blocks.points)
    capacity = kept + max(32, kept // 2)
    rows = Reservoirs.empty(len(left.blocks.points), capacity)
    nowhere = Reservoirs.empty(len(right.blocks.points), 1, np.inf)
    columns = rows if symmetric else nowhere
    locks = [Lock() for _ in range(max(len(left.blocks), len(right.blocks)))]
    todo: SimpleQueue[tuple[int, int]] = SimpleQueue()
    for tile in _tile_order(len(left.blocks), len(right.blocks), symmetric):
        todo.put(tile)

    def work(_: int) -> None:
        height, width = np.diff(left.blocks.starts).max(), np.diff(right.blocks.starts).max()
        buffer = np.empty((2, height * width), dtype=left.values.dtype)
        lanes = np.empty(-(-kept // _LANES) * _LANES, dtype=left.values.dtype)
        while True:
            try:
                i, j = todo.get_nowait()
            except Empty:
                return
            taking = nowhere if symmetric and i == j else columns
            _tile(left, right, i, j, buffer, lanes, rows, taking, twins, kept, locks)

    list(executor.map(work, range(jobs)))
    return rows


def _tile_order(n_left: int, n_right: int, symmetric: bool) -> Iterator[tuple[int, int]]:
    """Each tile once: near the diagonal first, where ordered points have their neighbours."""
    for step in range(n_right):
        for i in range(n_left):
            if not symmetric:
                yield i, (i * n_right // n_left + step) % n_right
            elif i + step < n_right:
                yield i, i + step


def _tile(
    left: Side,
    right: Side,
    i: int,
    j: int,
    buffer: np.ndarray,
    lanes: np.ndarray,
    rows: Reservoirs,
    columns: Reservoirs,
    twins: Int64[np.ndarray, " n"],
    kept: int,
    locks: list[Lock],
) -> None:
    """Multiply two blocks and offer their pairs."""
    block, other = left.blocks.block(i), right.blocks.block(j)
    product = _product(left.values[block], right.values[other], buffer)
    symmetric = left is right
    itself = twins[block] - other.start
    present = (itself >= 0) & (itself < product.shape[1])
    product[present, itself[present]] = -np.inf
    offsets = left.offsets[j, block], right.offsets[i, other]
    with ExitStack() as held:
        for lock in sorted({i, j}) if symmetric else [i]:
            held.enter_context(locks[lock])
        bounds = rows.bounds[block]
        if not rows.counts[block].any():
            _kernels.prime(product, *offsets, bounds, lanes)
        _kernels.filter_tile(product, *offsets, block.start, other.start, rows, columns, kept)


def _product(x: np.ndarray, y: np.ndarray, buffer: np.ndarray) -> np.ndarray:
    product, part = (flat[: len(x) * len(y)].reshape(len(x), len(y)) for flat in buffer)
    np.matmul(x[:, :DEPTH], y[:, :DEPTH].T, out=product)
    for start in range(DEPTH, x.shape[1], DEPTH):
        columns = slice(start, start + DEPTH)
        product += np.matmul(x[:, columns], y[:, columns].T, out=part)
    return product


def _positions(
    wanted: Int64[np.ndarray, " n"], points: Int64[np.ndarray, " m"]
) -> Int64[np.ndarray, " n"]:
    """Where each wanted point lies among others; -1 where it does not."""
    place = np.full(max(wanted.max(), points.max()) + 1, -1)
    place[points] = np.arange(len(points))
    return place[wanted]
