"""Points in memory in blocks of nearby points, each block with a centre of its own.

One centre for all points loses the neighbours inside a tight group far from it; a centre for
each block of nearby points does not, and costs one more term. With c_I the centre of block I,
a = x - c_I for a point x of it and d = c_J - c_I,

    |x - y|^2 = 2 (h(x, J) + h(y, I) - a.b),   h(x, J) = (|a|^2 - 2 a.d + |d|^2 / 2) / 2,

in which only the product a.b is taken in low precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.neighbors.search.integers import quantised
from dimscope.neighbors.search.kernels import centre_rows, squared_differences
from dimscope.points import Points

#: Columns multiplied in one go; a sum over more is taken in parts to keep the rounding bound low.
DEPTH = 1024
_SHALLOW = 256
_MOST_VALUES = 2**28  # in memory as they are: the tiles' copy takes 1 GiB
_MOST_COPIED = 2**26  # to be brought into memory first, or widened to float64
_N_AXES = 8
_N_SAMPLED = 128
_N_PROJECTED = 512
_N_SAMPLED_COLUMNS = 4096
_N_CENTRED = 15
_APART = 8.0
_LARGEST_EXPONENT = 56  # norms below 2**57: squares and their sums stay inside float32's range
_SMALLEST = 2.0**-90  # products that underflow lose less than this in all


@dataclass(frozen=True, eq=False)
class Matrix:
    """Points in memory: point i is ``values[rows[i]]``, in contiguous float32 or float64."""

    values: np.ndarray
    rows: Int64[np.ndarray, " n"]

    @classmethod
    def of(cls, points: Points) -> Matrix | None:
        """Bring the points into memory; return None if they have too many values for that."""
        shape = points.n_samples, points.n_features
        in_memory = isinstance(points.source, np.ndarray)
        plain = in_memory and points.is_plain
        narrow = points.source.dtype.itemsize <= 2 or points.source.dtype == np.float32
        narrow = narrow and not points.row_divisors
        if math.prod(shape) > (_MOST_VALUES if plain or (in_memory and narrow) else _MOST_COPIED):
            return None
        if plain:
            rows = np.arange(len(points.source)) if points.rows is None else points.rows
            return cls(np.ascontiguousarray(points.source), rows)
        values = np.empty(shape, dtype=np.float32 if narrow else float)
        start = 0
        for block in points.row_blocks():
            values[start : start + len(block)] = block
            start += len(block)
        return cls(values, np.arange(len(values)))

    def part(self, points: Int64[np.ndarray, " n"], columns: slice) -> Float64[np.ndarray, "n d"]:
        """Some points in float64."""
        return np.asarray(self.values[self.rows[points], columns], dtype=np.float64)

    def squared_distances(
        self, left: Int64[np.ndarray, " p"], right: Int64[np.ndarray, " p"]
    ) -> Float64[np.ndarray, " p"]:
        """Squared distances of pairs of points, by direct differences in float64."""
        squared = np.empty(len(left))
        squared_differences(self.values, self.rows[left], self.rows[right], squared)
        return squared

    def centred(
        self, points: Int64[np.ndarray, " n"], centre: Float64[np.ndarray, " d"], out: np.ndarray
    ) -> Float64[np.ndarray, " n"]:
        """Write scaled differences of points from a centre to ``out``; return squared norms.

        If ``out`` has fewer columns than the points, evenly spaced columns are taken; the centre
        must then have these columns only.
        """
        step = -(-self.values.shape[1] // out.shape[1])
        values = self.values if step == 1 else self.values[:, ::step]
        return np.asarray(centre_rows(values, self.rows[points], centre, self.scale, out))

    @cached_property
    def scale(self) -> float:
        """A power of two that brings differences of points near the top of float32's range."""
        largest = max(
            float(max(-block.min(), block.max()))
            for start in range(0, len(self.values), 1024)
            for block in [self.values[start : start + 1024]]
        )
        norm = math.frexp(largest)[1] + math.frexp(math.sqrt(self.values.shape[1]))[1]
        return math.ldexp(1.0, _LARGEST_EXPONENT - 1 - norm)


@dataclass(frozen=True, eq=False)
class Blocks:
    """One side of the tiles: ordered points, cut into blocks, each with its centre.

    Attributes
    ----------
    matrix
        Where the points are.
    order
        For each point, in the order of the blocks, its place among the points given.
    points
        The points in that order.
    starts
        Where each block starts, and the end of the last.
    centres
        Shape (n_blocks, n_features), in the units of the matrix.
    """

    matrix: Matrix
    order: Int64[np.ndarray, " n"]
    points: Int64[np.ndarray, " n"]
    starts: Int64[np.ndarray, " b1"]
    centres: Float64[np.ndarray, "b d"]

    @classmethod
    def of(cls, matrix: Matrix, points: Int64[np.ndarray, " n"], size: int) -> Blocks:
        """Order points along a tree of splits, in blocks of at most ``size``."""
        parts = list(_split(_coordinates(matrix, points), np.arange(len(points)), size))
        order = np.concatenate(parts)
        starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        centres = np.stack([_centre(matrix, points[part], slice(None)) for part in parts])
        return cls(matrix, order, points[order], starts, centres)

    def __len__(self) -> int:
        return len(self.centres)

    def block(self, i: int) -> slice:
        """The places of the points of block i."""
        return slice(self.starts[i], self.starts[i + 1])


class Rows(Protocol):
    """One block's centred rows, as they are multiplied."""

    def products(self, other: Self, buffers: np.ndarray) -> np.ndarray:
        """Return products of these rows and others, in one of two buffers of shape (n, m)."""


@dataclass(frozen=True)
class Floats:
    """Rows in float32 or float64."""

    values: np.ndarray

    def products(self, other: Floats, buffers: np.ndarray) -> np.ndarray:
        """Products of these rows and others, DEPTH columns at a time."""
        product, part = buffers
        x, y = self.values, other.values
        np.matmul(x[:, :DEPTH], y[:, :DEPTH].T, out=product)
        for start in range(DEPTH, x.shape[1], DEPTH):
            columns = slice(start, start + DEPTH)
            product += np.matmul(x[:, columns], y[:, columns].T, out=part)
        return np.asarray(product)


@dataclass(frozen=True, eq=False)
class Side:
    """Blocks with their centred rows and their offsets against the blocks of the other side.

    Attributes
    ----------
    rows
        Scaled differences from the centres, for each block.
    offsets
        Shape (n_blocks of the other side, n): h(x, J) minus half of what rounding can add, so that
        2 (offset(x, J) + offset(y, I) - a.b) as computed never exceeds |x - y|^2.
    """

    blocks: Blocks
    rows: list[Any]
    offsets: np.ndarray


def side(
    blocks: Blocks,
    other: Float64[np.ndarray, "c d"],
    dtype: Any,
    executor: Executor,
    ratio: float | None = None,
) -> Side:
    """Centre and scale the points, and find their offsets against the other side's centres.

    With a ``ratio`` (see `integers`), the rows become integers.
    """
    matrix, scale = blocks.matrix, blocks.matrix.scale
    n_features = matrix.values.shape[1]
    offsets = np.empty((len(other), len(blocks.points)), dtype=dtype)

    def fill(i: int) -> Rows:
        block = blocks.block(i)
        part = np.empty((block.stop - block.start, n_features), dtype=dtype)
        norms = matrix.centred(blocks.points[block], blocks.centres[i], part)
        apart = (other - blocks.centres[i]) * scale
        products = np.zeros((len(norms), len(other)))
        for start in range(0, n_features, _SHALLOW):
            columns = slice(start, start + _SHALLOW)
            products += part[:, columns] @ apart[:, columns].astype(dtype).T
        squares = _squared_norms(apart)
        exact = norms[:, None] - 2 * products + squares / 2
        rows: Rows = Floats(part)
        if ratio is not None:
            rows, loose, norms = quantised(part, norms, ratio)
            exact -= loose[:, None]
        offsets[:, block] = ((exact - _rounding(norms[:, None], squares, n_features, dtype)) / 2).T
        return rows

    return Side(blocks, list(executor.map(fill, range(len(blocks)))), offsets)


def _rounding(norms: Any, apart: Any, n_features: int, dtype: Any) -> Any:
    """Each point's part of a bound on the rounding error of the computed squared distance.

    The product: a sum over K = min(D, DEPTH) columns in any order, of values each rounded once,
    is off by at most (K + 2) u |a||b| to first order, D/K partial sums add as many u, and
    2 |a||b| <= |a|^2 + |b|^2. The offsets: at most 2 |a|^2 + 1.5 |d|^2 each, rounded to the
    tiles' precision, added, and subtracted from the product: 7 u |a|^2 + 5 u |d|^2. In them a.d is
    a sum of products over S = _SHALLOW columns each: 2 (S + 2) u |a||d|. The sums in float64 are
    off by at most 4 (D + 4) 2^-53 (|a|^2 + |d|^2). One per cent covers the higher orders of K u.
    """
    u = float(np.finfo(dtype).eps) / 2
    terms = min(n_features, DEPTH) + -(-n_features // DEPTH)
    double = 4 * (n_features + 4) * 2.0**-53
    near = (terms + 12) * u + double
    far = 8 * u + double
    mixed = 2 * (_SHALLOW + 2) * u
    return 1.01 * (near * norms + far * apart + mixed * np.sqrt(norms * apart)) + _SMALLEST


def _squared_norms(x: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
    return np.asarray(np.einsum("ij,ij->i", x, x, dtype=np.float64))


def _centre(
    matrix: Matrix, points: Int64[np.ndarray, " n"], columns: slice
) -> Float64[np.ndarray, " d"]:
    """The median of a few of the points: outliers and small groups do not move it."""
    few = points[:: -(-len(points) // _N_CENTRED)]
    return np.asarray(np.median(matrix.part(few, columns), axis=0))


def _coordinates(matrix: Matrix, points: Int64[np.ndarray, " n"]) -> Float64[np.ndarray, "n p"]:
    """Leading principal coordinates, found on a sample, and the distance from their space."""
    columns = slice(None, None, -(-matrix.values.shape[1] // _N_SAMPLED_COLUMNS))
    sampled = points[:: -(-len(points) // _N_SAMPLED)]
    centre = _centre(matrix, sampled, columns)
    sample = (matrix.part(sampled, columns) - centre) * matrix.scale
    weights, vectors = np.linalg.eigh(sample @ sample.T)
    found = np.flatnonzero(weights > 1e-9 * weights[-1])[-_N_AXES:]
    axes = (sample.T @ (vectors[:, found] / np.sqrt(weights[found]))).astype(np.float32)
    coordinates = np.empty((len(points), axes.shape[1] + 1))
    buffer = np.empty((_N_PROJECTED, len(centre)), dtype=np.float32)
    for start in range(0, len(points), _N_PROJECTED):
        part = slice(start, start + _N_PROJECTED)
        centred = buffer[: len(points[part])]
        norms = matrix.centred(points[part], centre, centred)
        along = centred @ axes
        coordinates[part, :-1] = along
        coordinates[part, -1] = np.sqrt(np.maximum(norms - _squared_norms(along), 0))
    return coordinates


def _split(
    coordinates: Float64[np.ndarray, "n p"], members: Int64[np.ndarray, " m"], size: int
) -> Iterator[Int64[np.ndarray, " m"]]:
    """Cut the points into blocks: a tight group from the rest where there is one, else halves."""
    n_blocks = -(-len(members) // size)
    if n_blocks == 1:
        yield members
        return
    inside = _tight_group(coordinates[members])
    if inside is not None:
        yield from _split(coordinates, members[inside], size)
        yield from _split(coordinates, members[~inside], size)
        return
    spread = coordinates[members[:: -(-len(members) // _N_SAMPLED)]].std(axis=0)
    along = coordinates[members, np.argmax(spread)]
    middle = len(members) * (n_blocks // 2) // n_blocks
    order = np.argpartition(along, middle)
    yield from _split(coordinates, members[order[:middle]], size)
    yield from _split(coordinates, members[order[middle:]], size)


def _tight_group(points: Float64[np.ndarray, "m p"]) -> Any:
    """Mark the points of a group that a gap of _APART times its radius parts from all others.

    A sample decides, around the one of its points whose neighbours are nearest. None if there is
    no such group.
    """
    sample = points[:: -(-len(points) // (_N_SAMPLED // 2))]
    apart = np.sort(np.linalg.norm(sample[:, None] - sample, axis=2), axis=1)
    least = max(2, len(sample) // 16)
    pivot = int(np.argmin(apart[:, least]))
    distances = np.maximum(apart[pivot, least:], 1e-12 * apart[pivot, -1] or 1.0)
    ratios = distances[1:] / distances[:-1]
    if not len(ratios) or ratios.max() < _APART:
        return None
    at = int(np.argmax(ratios))
    reach = math.sqrt(distances[at]) * math.sqrt(distances[at + 1])
    return np.linalg.norm(points - sample[pivot], axis=1) <= reach
