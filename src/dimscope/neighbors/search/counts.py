"""Counts of points within some distances: tiles find the pairs that may count, measuring decides.

The tiles' lower bounds (`blocks`) leave few pairs that may be near enough. These are measured by
direct differences, so the counts depend neither on the tiles nor on their precision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.neighbors.search.blocks import Matrix
from dimscope.neighbors.search.certified import Tiling, sides, squared_of_pairs
from dimscope.neighbors.search.tiles import Tiles

_MOST_MEASURED = 1 / 32  # of all pairs: with more, float64 products of all are as fast


def counts_within(
    matrix: Matrix,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    squared_radii: Float64[np.ndarray, " r"],
    tiling: Tiling,
) -> Int64[np.ndarray, "n r"] | None:
    """Count the points of ``pool`` at most some squared distances from each of ``queries``.

    The point itself is excluded. None if too many pairs would have to be measured.
    """
    with tiling.threads() as executor:
        both = sides(matrix, queries, pool, tiling, executor)
        tiles = _RangeTiles(*both, matrix, squared_radii)
        tiles.fill(tiling.jobs, executor)
    if tiles.too_many:
        return None
    counts = np.empty_like(tiles.counts)
    counts[tiles.left.blocks.order] = tiles.counts
    return counts


@dataclass(frozen=True, eq=False)
class _RangeTiles(Tiles):
    """Counts the pairs within ``squared_radii`` for each point of the left, in its order."""

    matrix: Matrix
    squared_radii: Float64[np.ndarray, " r"]
    counts: Int64[np.ndarray, "n r"] = field(init=False)
    measured: list[int] = field(init=False, default_factory=list)
    lock: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        super().__post_init__()
        shape = len(self.left.blocks.points), len(self.squared_radii)
        object.__setattr__(self, "counts", np.zeros(shape, dtype=np.int64))

    @property
    def too_many(self) -> bool:
        """Whether so many pairs may be within reach that measuring them does not pay."""
        n_pairs = len(self.left.blocks.points) * len(self.right.blocks.points)
        return sum(self.measured) > _MOST_MEASURED * n_pairs

    def _half_reach(self, dtype: Any) -> Any:
        """Return half the largest squared radius in units of the tiles, rounded up."""
        reach = float(self.squared_radii.max()) * self.matrix.scale**2 / 2
        return np.nextafter(dtype(min(reach, float(np.finfo(dtype).max) / 2)), dtype(np.inf))

    def _offer(self, i: int, j: int, product: np.ndarray) -> None:
        if self.too_many:
            return
        block, other = self.left.blocks.block(i), self.right.blocks.block(j)
        half_bounds = self.left.offsets[j, block, None] + self.right.offsets[i, other]
        half_bounds -= product
        row, column = np.nonzero(half_bounds <= self._half_reach(half_bounds.dtype.type))
        self.measured.append(len(row))
        if self.too_many:
            return
        row, column = row + block.start, column + other.start
        squared = squared_of_pairs(self, self.matrix, row, column)
        serves_both = self.symmetric and i != j
        for at, radius in enumerate(self.squared_radii):
            within = squared <= radius
            ends = (row, column) if serves_both else (row,)
            for end in ends:
                found = np.bincount(end[within], minlength=len(self.counts))
                with self.lock:
                    self.counts[:, at] += found
