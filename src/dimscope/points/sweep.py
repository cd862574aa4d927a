"""One pass over a representation: what the neighbour search and the spectrum need of all rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.errors import InputError
from dimscope.points.precision import Precision, Rounding

_DEPTH = 512  # columns multiplied at a time: more would loosen the bound on rounding
_CACHED = 2**21  # bytes of values that are scanned at a time
_STRIP_VALUES = 2**22  # products made at a time, so that only the matrix of all of them is large
UNIT_ROUNDOFF = 2.0**-53


class Blocks(Protocol):
    """What is read by blocks of columns, as `Points` are."""

    @property
    def n_samples(self) -> int:
        """Number of points."""

    @property
    def n_features(self) -> int:
        """Ambient dimension."""

    @property
    def unit(self) -> float:
        """The power of two that values are divided by."""

    @property
    def row_divisors(self) -> tuple[np.ndarray, ...]:
        """Numbers by which each row is then divided."""

    def source_column_blocks(self) -> Iterator[np.ndarray]:
        """Yield some columns of all points, as the source holds them."""

    def scaled(self, block: np.ndarray, part: slice) -> Float64[np.ndarray, "n block"]:
        """Convert a block of the source to float64 in units of the points."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What one pass over the points finds.

    Attributes
    ----------
    column_mean
        Mean of each column.
    row_squares
        Squared norm of each row.
    rounding
        What the values show of their rounding, beyond their type: that of the shorter floats that
        all are, such as bfloat16 in float32, or of a step.
    digests
        For each row a digest of its values; equal values have equal digests.
    """

    column_mean: Float64[np.ndarray, " d"]
    row_squares: Float64[np.ndarray, " n"]
    digests: list[bytes]
    rounding: Rounding

    @property
    def mean_square(self) -> float:
        """Mean over the rows of their squared norm."""
        return float(self.row_squares.mean())

    @cached_property
    def first_of_row(self) -> Int64[np.ndarray, " n"]:
        """For each row the first row with exactly the same values, itself where it is the first."""
        seen: dict[bytes, int] = {}
        return np.array([seen.setdefault(digest, i) for i, digest in enumerate(self.digests)])


@dataclass(frozen=True, eq=False)
class Gram:
    """The products of all pairs of rows, centred on the column means, and sums over columns.

    Attributes
    ----------
    matrix
        Shape (n, n).
    rounding
        The squared distance of rows i and j, taken from ``matrix``, is off by at most this times
        the sum of their squared norms.
    column_square_sum
        Sum over columns of (sum over rows of x^2)^2.
    column_fourth_sum
        Sum over all entries of x^4.
    """

    matrix: Float64[np.ndarray, "n n"]
    rounding: float
    column_square_sum: float
    column_fourth_sum: float


def scan_points(points: Blocks) -> Scan:
    """Find means, the size of a row, and a digest of each row.

    Raises
    ------
    InputError
        If a row holds a NaN or infinite value; the message names the rows.
    """
    return _sweep(points, None)


def scan_with_gram(points: Blocks) -> tuple[Scan, Gram]:
    """Find the scan and the Gram matrix in one pass.

    Each squared distance n_i + n_j - 2 x.y is off by at most 2 (K + 12) u (n_i + n_j), n the
    squared norms, u the unit roundoff and K the longest chain of additions: a product over `_DEPTH`
    columns in any order, the products of a block of columns, and the blocks.

    Raises
    ------
    InputError
        If a row holds a NaN or infinite value; the message names the rows.
    """
    sums = _Products(points.n_samples)
    scan = _sweep(points, sums)
    sums.mirror()
    n_terms = min(_DEPTH, points.n_features) + sums.most_parts + sums.n_blocks
    rounding = 2.0 * (n_terms + 12) * UNIT_ROUNDOFF
    return scan, Gram(sums.matrix, rounding, sums.column_square, sums.column_fourth)


class _Products:
    """The Gram matrix as it grows, block by block of centred columns: its upper half."""

    def __init__(self, n_samples: int) -> None:
        self.matrix = np.zeros((n_samples, n_samples))
        self.column_square = self.column_fourth = 0.0
        self.n_blocks = self.most_parts = 0
        height = max(1, _STRIP_VALUES // n_samples)
        self._strips = [slice(top, top + height) for top in range(0, n_samples, height)]

    def add(self, block: Float64[np.ndarray, "n w"]) -> None:
        """Add the products of centred columns, which are squared in place."""
        parts = [block[:, start : start + _DEPTH] for start in range(0, block.shape[1], _DEPTH)]
        for strip in self._strips:
            total = parts[0][strip] @ parts[0][strip.start :].T
            product = np.empty_like(total)
            for part in parts[1:]:
                total += np.matmul(part[strip], part[strip.start :].T, out=product)
            self.matrix[strip, strip.start :] += total
        self.n_blocks += 1
        self.most_parts = max(self.most_parts, len(parts))
        np.square(block, out=block)
        in_columns = block.sum(axis=0)
        self.column_square += float(in_columns @ in_columns)
        self.column_fourth += float(np.vdot(block, block))

    def mirror(self) -> None:
        """Complete the matrix by its lower half."""
        for strip in self._strips:
            square = self.matrix[strip, strip]
            square[:] = np.triu(square) + np.triu(square, 1).T
            self.matrix[strip.stop :, strip] = self.matrix[strip, strip.stop :].T


def _sweep(points: Blocks, products: _Products | None) -> Scan:
    digests = [hashlib.sha256() for _ in range(points.n_samples)]
    finite = np.ones(points.n_samples, dtype=bool)
    means = []
    precision = Precision()
    squares = np.zeros(points.n_samples)
    for values in points.source_column_blocks():
        first = points.scaled(values[:1], slice(1))[0]
        total = np.zeros(values.shape[1])
        height = max(1, _CACHED // (8 * values.shape[1]))
        for top in range(0, len(values), height):
            part = slice(top, top + height)
            block = points.scaled(values[part], part)
            precision.add(values[part])
            square = np.einsum("ij,ij->i", block, block)
            if not np.isfinite(square).all():
                finite[part] &= np.isfinite(block).all(axis=1)
            if not finite.all():
                continue
            squares[part] += square
            rows = _with_equal_bytes(points, values[part], block)
            for digest, row in zip(digests[part], rows, strict=True):
                digest.update(row)
            block -= first  # so that the mean of a constant column is exact
            total += block.sum(axis=0)
        mean = total / len(values)
        means.append(first + mean)
        if products is not None and finite.all():
            block = points.scaled(values, slice(None))
            block -= first
            block -= mean
            products.add(block)
        del values, block  # before the next ones are read
    require_finite(finite)
    return Scan(
        column_mean=np.concatenate(means),
        row_squares=squares,
        digests=[digest.digest() for digest in digests],
        rounding=precision.rounding,
    )


def _with_equal_bytes(points: Blocks, values: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Return numbers whose rows have equal bytes where they are equal, in few bytes."""
    widest = 8 if values.dtype.kind == "f" else 4  # wider values may be equal in float64 only
    plain = values.dtype.itemsize <= widest and points.unit == 1.0 and not points.row_divisors
    chosen = values if plain else block
    if chosen.dtype.kind == "f":
        chosen = chosen + chosen.dtype.type(0)  # -0.0 equals 0.0
    return np.ascontiguousarray(chosen)


def require_finite(finite: Bool[np.ndarray, " n"]) -> None:
    """Raise an InputError that names the rows that are not finite."""
    if not finite.all():
        rows = np.flatnonzero(~finite)
        raise InputError(
            f"{len(rows)} of {len(finite)} rows hold NaN or infinite values ({listed(rows)}): "
            "drop or repair them"
        )


def listed(rows: Any, most: int = 5) -> str:
    """Name some rows by their numbers, for a message."""
    shown = ", ".join(map(str, rows[:most].tolist()))
    return f"row{'s' if len(rows) > 1 else ''} {shown}{', ...' if len(rows) > most else ''}"
