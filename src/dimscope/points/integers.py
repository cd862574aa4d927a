"""Integers beyond 2^53, whose differences are taken before float64 would round them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError

_EXACT = 2**53  # whole numbers up to this are float64 numbers
_READ_BYTES = 2**25


class LessLeast(NamedTuple):
    """Integers less the smallest of their column, and the relative error that float64 adds."""

    source: Any
    roundoff: float


def less_the_least(source: Any) -> LessLeast | None:
    """Subtract from large integers the smallest of each column; None where all are small.

    Differences are then exact where a column reaches over at most 2^53, and rounded as any float64
    is where it reaches further.

    Parameters
    ----------
    source
        A two-dimensional array, in memory or on disk, of any dtype.

    Raises
    ------
    InputError
        If numbers of a column differ, and float64 cannot tell them apart.

    Examples
    --------
    >>> less_the_least(np.array([[2**60 + 1], [2**60 + 4]])).source.tolist()
    [[0.0], [3.0]]
    """
    dtype = np.dtype(source.dtype)
    if dtype.kind not in "iu" or dtype.itemsize < 8:
        return None
    least, most = _range_of_columns(source)
    if max(-int(least.min()), int(most.max())) <= _EXACT:
        return None
    in_memory = isinstance(source, np.ndarray)
    shifted = _less(source, least) if in_memory else _OnDisk(source, least)
    reach = [int(b) - int(a) for a, b in zip(least, most, strict=True)]
    far = [column for column, width in enumerate(reach) if width > _EXACT]
    for column in far:
        own = slice(column, column + 1)
        _refuse_merged(np.asarray(source[:, own]), shifted[:, own], column)
    return LessLeast(shifted, 2.0**-53 if far else 0.0)


class _OnDisk:
    """Integers on disk, less the smallest of their column; slices as an array does."""

    ndim = 2
    dtype = np.dtype(np.float64)

    def __init__(self, source: Any, least: np.ndarray) -> None:
        self._source, self._least = source, least
        self.shape: tuple[int, int] = source.shape
        self.chunks = getattr(source, "chunks", None)

    def __getitem__(self, at: Any) -> Float64[np.ndarray, "n d"]:
        columns = at[1] if isinstance(at, tuple) else slice(None)
        by_lists = getattr(self._source, "oindex", self._source)
        return _less(np.asarray(by_lists[at]), self._least[columns])


def _range_of_columns(source: Any) -> tuple[np.ndarray, np.ndarray]:
    height = max(1, _READ_BYTES // (8 * source.shape[1]))
    least = most = np.asarray(source[:1])[0]
    for top in range(0, source.shape[0], height):
        block = np.asarray(source[top : top + height])
        least, most = np.minimum(least, block.min(axis=0)), np.maximum(most, block.max(axis=0))
    return least, most


def _less(values: np.ndarray, least: np.ndarray) -> Float64[np.ndarray, "n d"]:
    unsigned = values.astype(np.uint64) - least.astype(np.uint64)  # exact, modulo 2^64
    return unsigned.astype(np.float64)


def _refuse_merged(integers: np.ndarray, floats: np.ndarray, column: int) -> None:
    n_told = len(np.unique(floats))
    n_distinct = len(np.unique(integers))
    if n_told < n_distinct:
        raise InputError(
            f"column {column} holds {n_distinct} different whole numbers from {integers.min()} to "
            f"{integers.max()}, of which float64 tells only {n_told} apart: drop it if it is an "
            "id, or give it in two columns, number // 2**32 and number % 2**32"
        )
