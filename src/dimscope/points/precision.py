"""Which precision the values show: numbers of 16 bits stay so in wider ones.

A float16 number that is widened to float32 has zeros for the last 13 bits of its fraction. If all
values of an array have such zeros, their rounding is that of the shorter type. Multiples of a step
have them too: their rounding is half a step, whatever their size. So do whole numbers, which count
as exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_BITS = {np.dtype(np.float32): (np.uint32, 23), np.dtype(np.float64): (np.uint64, 52)}
_LEAST_VALUES = 64  # fewer may share zeros by chance
_LOOKED_AT = 2**14  # values of a block that tell floats from multiples of a step


class Rounding(NamedTuple):
    """How far a stored value may be from the number that it stands for.

    Attributes
    ----------
    relative
        As a share of the value: half the spacing of floats.
    absolute
        In the units of the values: half the step of which all are multiples.
    """

    relative: float = 0.0
    absolute: float = 0.0


class Precision:
    """The bits that the fractions of values use, as they are seen block by block."""

    def __init__(self) -> None:
        self._used = 0
        self._n_values = 0
        self._n_bits = 0
        self._least: float = np.inf  # exponent of the lowest bit that any value uses
        self._largest: float = -np.inf  # exponent of the largest value

    def add(self, values: np.ndarray) -> None:
        """Look at some values, as the source holds them."""
        kind = _BITS.get(values.dtype)
        if kind is None or self._used & 1 or not values.dtype.isnative:
            return  # a value that uses the last bit has shown the whole precision
        unsigned, self._n_bits = kind
        fraction = values.view(unsigned) & unsigned((1 << self._n_bits) - 1)
        self._used |= int(np.bitwise_or.reduce(fraction, axis=None))
        if not self._used & 1:
            every = max(1, values.size // _LOOKED_AT)
            self._look_at_exponents(values.ravel()[::every], fraction.ravel()[::every])

    def _look_at_exponents(self, values: np.ndarray, fraction: np.ndarray) -> None:
        nonzero = values != 0
        self._n_values += int(nonzero.sum())
        if not nonzero.any():
            return
        used = fraction[nonzero].astype(np.uint64) | np.uint64(1 << self._n_bits)
        lowest = np.log2((used & (~used + np.uint64(1))).astype(np.float64)) - self._n_bits
        exponent = np.frexp(values[nonzero])[1] - 1
        self._least = min(self._least, float((exponent + lowest).min()))
        self._largest = max(self._largest, float(exponent.max()))

    @property
    def rounding(self) -> Rounding:
        """That of the shorter floats that all values are, or of their step; 0 where unknown."""
        if not self._used or self._used & 1 or self._n_values < _LEAST_VALUES:
            return Rounding()
        n_used = self._n_bits + 1 - (self._used & -self._used).bit_length()
        if self._least < self._largest - n_used:
            return Rounding(relative=2.0 ** -(n_used + 1))
        return Rounding(absolute=2.0**self._least / 2 if self._least else 0.0)
