"""A representation (n_samples, n_features), checked once and read by blocks in float64.

The neighbour search and the spectrum read these blocks. They neither care where the numbers lie
nor ever hold a second copy of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.points.sweep import Gram, Scan, listed, require_finite, scan_points, scan_with_gram

#: Columns whose products are summed in one go; fixed, so that sums never depend on memory.
COLUMN_BLOCK = 1024
_BLOCK_BYTES = 2**25  # larger blocks cost page faults, smaller ones more reads of chunks on disk
_FEW_IN_MEMORY = 1_500  # more points are searched by tiles, which takes less time than all products
_FEW_ELSEWHERE = 10_000  # 0.75 GiB of products
_READ_BYTES = 2**27
_LONGEST = 2.0**984  # so that sums of 2^40 distances are finite
_SHORTEST = 2.0**-1044  # shorter ones have fewer than 30 bits
_SAFE_EXPONENT = 200  # fourth powers and their sums stay finite and normal inside 2**+-200


@dataclass(frozen=True, eq=False)
class Points:
    """A checked representation; make one with `as_points`.

    Attributes
    ----------
    source
        A two-dimensional array, in memory or on disk, that slices into NumPy arrays.
    rows
        Which rows of ``source`` the points are, in order; None for all of them.
    row_shift
        A number subtracted from each row of ``source``: under the correlation metric, its mean.
    row_divisors
        Numbers by which each row is then divided, one after the other. Empty, or under the cosine
        and correlation metrics the largest magnitude of each row and then its norm: this makes
        parallel rows equal to the bit.
    roundoff
        Relative error with which the type of the input holds a real number: half the spacing of its
        floats, 0 for integers. The values may show a larger one (`Scan.rounding`).
    less_least
        Whether ``source`` is the input less the smallest number of each column, as that of integers
        beyond 2^53 is.
    index_columns
        Columns that seem to number the rows, by name or by place.
    """

    source: Any
    rows: Int64[np.ndarray, " n"] | None = None
    row_shift: Float64[np.ndarray, " m"] | None = None
    row_divisors: tuple[Float64[np.ndarray, " m"], ...] = ()
    roundoff: float = 0.0
    less_least: bool = False
    index_columns: tuple[str, ...] = ()

    @property
    def n_samples(self) -> int:
        """Number of points."""
        return int(self.source.shape[0]) if self.rows is None else len(self.rows)

    @property
    def n_features(self) -> int:
        """Ambient dimension."""
        return int(self.source.shape[1])

    def take(self, rows: Int64[np.ndarray, " n"]) -> Self:
        """Return only these points, in this order, without copying any."""
        taken = replace(self, rows=rows if self.rows is None else self.rows[rows])
        taken.__dict__["unit"] = self.unit  # of the whole source, which is not read again
        return taken

    def column_blocks(self) -> Iterator[Float64[np.ndarray, "n block"]]:
        """Yield some columns of all points, in float64; widths are multiples of COLUMN_BLOCK."""
        for block in self.source_column_blocks():
            yield self.scaled(block, slice(None))

    def source_column_blocks(self) -> Iterator[np.ndarray]:
        """Yield the same blocks as the source holds them."""
        width = max(1, _BLOCK_BYTES // (8 * self.n_samples * COLUMN_BLOCK)) * COLUMN_BLOCK
        at_once = self._columns_read_at_once(width)
        for start in range(0, self.n_features, at_once):
            read = np.asarray(self.source[:, start : start + at_once])
            for left in range(0, read.shape[1], width):
                block = read[:, left : left + width]
                yield block if self.rows is None else block[self.rows]
            del read, block

    def _columns_read_at_once(self, width: int) -> int:
        """At least ``width`` columns; whole chunks of an array on disk, as far as memory allows."""
        chunks = getattr(self.source, "chunks", None)
        if not chunks or (chunks[1] % COLUMN_BLOCK and chunks[1] < self.n_features):
            return width
        most = _READ_BYTES // (int(self.source.shape[0]) * self.source.dtype.itemsize)
        whole = -(-width // chunks[1]) * chunks[1]
        return int(max(width, min(whole, most // COLUMN_BLOCK * COLUMN_BLOCK)))

    def row_blocks(self) -> Iterator[Float64[np.ndarray, "block d"]]:
        """Yield all columns of some points, in float64."""
        height = max(1, _BLOCK_BYTES // (8 * self.n_features))
        for start in range(0, self.n_samples, height):
            part = slice(start, start + height)
            if self.rows is None:
                block = self.source[part]
            else:  # arrays on disk take lists of rows through `oindex`
                block = getattr(self.source, "oindex", self.source)[self.rows[part]]
            yield self.scaled(np.asarray(block), part)

    def scaled(self, block: np.ndarray, part: slice) -> Float64[np.ndarray, "n block"]:
        """Convert a block of the source, of the points in ``part``, to float64 in own units."""
        values = block.astype(np.float64, order="C")
        if self.unit != 1.0:
            values /= self.unit
        chosen = slice(None) if self.rows is None else self.rows
        if self.row_shift is not None:
            values -= self.row_shift[chosen][part, None]
        for divisor in self.row_divisors:
            values /= divisor[chosen][part, None]
        return values

    @cached_property
    def unit(self) -> float:
        """The power of two that blocks are divided by, to keep squares inside float64's range."""
        if np.dtype(self.source.dtype).itemsize < 8:
            return 1.0
        step = max(1, _BLOCK_BYTES // (8 * self.n_features))
        largest = max(
            float(np.abs(np.asarray(self.source[start : start + step]).astype(np.float64)).max())
            for start in range(0, int(self.source.shape[0]), step)
        )
        exponent = math.frexp(largest)[1] - 1 if math.isfinite(largest) else 0
        return math.ldexp(1.0, exponent) if abs(exponent) > _SAFE_EXPONENT else 1.0

    @property
    def is_plain(self) -> bool:
        """Whether blocks of the points are the source's own numbers in float32 or float64."""
        dtypes = np.dtype(np.float32), np.dtype(np.float64)
        scaled = self.unit != 1.0 or self.row_shift is not None or bool(self.row_divisors)
        return self.source.dtype in dtypes and not scaled

    @property
    def length_unit(self) -> float:
        """The factor from distances between rows of blocks to distances between points."""
        return 1.0 if self.row_divisors else self.unit

    def in_input_units(self, lengths: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
        """Convert distances between rows of blocks to distances between points.

        Raises
        ------
        InputError
            If they are so long that sums of them leave float64's range, or so short that float64
            has few digits for them.
        """
        unit = self.length_unit
        if unit == 1.0:
            return lengths
        least = float(lengths.min(initial=np.inf, where=lengths > 0))
        if float(lengths.max(initial=0.0)) > _LONGEST / unit or least < _SHORTEST / unit:
            raise InputError(
                f"distances between values near {unit:.0e} lie at the end of float64's range: "
                f"multiply all values by {'1e-30' if unit > 1 else '1e+30'} first, no dimension "
                "depends on it"
            )
        return unit * lengths

    @property
    def rounding(self) -> float:
        """The distance that rounding of the stored values alone can put between two points."""
        return float(np.sqrt(np.square(self._row_rounding).mean())) * self.length_unit

    @property
    def rounding_of_rows(self) -> Float64[np.ndarray, " n"]:
        """The distance from each point that rounding of the stored values alone can make."""
        return self._row_rounding * self.length_unit

    @property
    def _row_rounding(self) -> Float64[np.ndarray, " n"]:
        """The same between rows of blocks."""
        seen = self.scan.rounding
        squares = self.scan.row_squares
        if self.row_shift is not None:  # what was rounded are the values before the shift
            squares = squares + self.n_features * np.square(self._as_in_blocks(self.row_shift))
        relative = max(self.roundoff, seen.relative) * np.sqrt(squares)
        step = self._as_in_blocks(np.full(self.source.shape[0], seen.absolute / self.unit))
        return np.asarray(np.maximum(relative, math.sqrt(self.n_features) * step))

    def _as_in_blocks(self, lengths: Float64[np.ndarray, " m"]) -> Float64[np.ndarray, " n"]:
        """A length for each row of the source, divided as the rows of blocks are."""
        for divisor in self.row_divisors:
            lengths = lengths / divisor
        return lengths if self.rows is None else lengths[self.rows]

    @cached_property
    def scan(self) -> Scan:
        """Means, the size of a row and a digest of each row, by one pass over the numbers.

        Raises
        ------
        InputError
            If a row holds a NaN or infinite value; the message names the rows.
        """
        return self._scan_and_gram[0] if self.by_gram else scan_points(self)

    @property
    def gram(self) -> Gram:
        """Products of all pairs of rows, about the column means; n_samples^2 numbers, kept.

        Raises
        ------
        InputError
            If a row holds a NaN or infinite value; the message names the rows.
        """
        return self._scan_and_gram[1]

    @property
    def by_gram(self) -> bool:
        """Whether the points are so few that all their products are found in the first pass.

        The limit is higher for points on disk, or made anew at every reading: these are read as few
        times as possible.
        """
        in_memory = isinstance(self.source, np.ndarray)
        return self.n_samples <= (_FEW_IN_MEMORY if in_memory else _FEW_ELSEWHERE)

    @cached_property
    def _scan_and_gram(self) -> tuple[Scan, Gram]:
        return scan_with_gram(self)

    def normalised(self, *, centred: bool = False) -> Self:
        """Scale every point to unit length, after taking the mean of its own values if ``centred``.

        Raises
        ------
        InputError
            If a point is zero (or constant, if they are centred), which has no direction, or
            holds a NaN or infinite value; or if the input holds integers beyond 2^53.
        """
        if self.less_least:
            raise InputError(
                "directions of whole numbers beyond 2^53 would be those of rounded numbers: use "
                "metric='euclidean', or give x.astype(float) if that is meant"
            )
        if centred:
            return self._centred().normalised()
        largest = np.zeros(self.n_samples)
        for block in self.column_blocks():
            np.maximum(largest, np.abs(block).max(axis=1), out=largest)
        require_finite(np.isfinite(largest))
        zero = np.flatnonzero(largest == 0)
        if len(zero):
            centred = self.row_shift is not None
            metric, fault = ("correlation", "constant") if centred else ("cosine", "zero")
            raise InputError(
                f"the {metric} metric needs a direction for every row, but {listed(zero)} are "
                f"{fault}: drop them or use metric='euclidean'"
            )
        shrunk = self._divided(largest)
        squares = sum(np.einsum("ij,ij->i", block, block) for block in shrunk.column_blocks())
        return shrunk._divided(np.sqrt(squares))

    def _centred(self) -> Self:
        first = next(self.column_blocks())[:, :1]
        total = np.zeros(self.n_samples)
        for block in self.column_blocks():
            total += (block - first).sum(axis=1)  # exactly 0 where all values are equal
        return replace(self, row_shift=self._of_source(first[:, 0] + total / self.n_features))

    def _divided(self, by: Float64[np.ndarray, " n"]) -> Self:
        return replace(self, row_divisors=(*self.row_divisors, self._of_source(by)))

    def _of_source(self, values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " m"]:
        """A number for each point as one for each row of the source."""
        spread = np.ones(self.source.shape[0])
        spread[slice(None) if self.rows is None else self.rows] = values
        return spread
