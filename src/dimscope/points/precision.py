"""Which precision the values show: numbers of 16 bits stay so in wider ones.

A float16 number that is widened to float32 has zeros for the last 13 bits of its fraction. If all
values of an array have such zeros, their rounding is that of the shorter type. Whole numbers and
multiples of a step have them too, but few bits where they are small; they are no shorter floats.
"""

from __future__ import annotations

import numpy as np

_BITS = {np.dtype(np.float32): (np.uint32, 23), np.dtype(np.float64): (np.uint64, 52)}
_LEAST_VALUES = 64  # fewer may share zeros by chance


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
        if self._used & 1:
            return
        nonzero = values != 0
        self._n_values += int(nonzero.sum())
        if nonzero.any():
            fraction, exponent = fraction[nonzero], np.frexp(values[nonzero])[1] - 1
            lowest = (fraction | unsigned(1 << self._n_bits)).astype(np.uint64)
            lowest = lowest & (~lowest + np.uint64(1))
            unused = np.log2(lowest.astype(np.float64)) - self._n_bits
            self._least = min(self._least, float((exponent + unused).min()))
            self._largest = max(self._largest, float(exponent.max()))

    @property
    def roundoff(self) -> float:
        """Half the spacing of the shorter floats that all values are; 0 where they are none."""
        if not self._used or self._used & 1 or self._n_values < _LEAST_VALUES:
            return 0.0
        n_zeros = (self._used & -self._used).bit_length() - 1
        n_used = self._n_bits - n_zeros
        of_one_step = self._least >= self._largest - n_used
        return 0.0 if of_one_step else 2.0 ** -(n_used + 1)
