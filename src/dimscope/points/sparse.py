"""A sparse matrix that slices into dense blocks, and is never dense as a whole."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

_SMALL_BYTES = 2**27  # up to this a dense matrix is read faster and does no harm


def dense_or_blocks(matrix: Any) -> Any:
    """Return a sparse matrix as an array where that is small, else as one that is read by blocks.

    Parameters
    ----------
    matrix
        A SciPy sparse matrix or array of any format.
    """
    small = 8 * float(np.prod(matrix.shape, dtype=np.float64)) <= _SMALL_BYTES
    return matrix.toarray() if small or matrix.ndim != 2 else SparseMatrix(matrix)


class SparseMatrix:
    """What `Points` read of a large sparse matrix: by blocks, the numbers of ``x.toarray()``.

    Parameters
    ----------
    matrix
        Of any format, two-dimensional.
    """

    ndim = 2

    def __init__(self, matrix: Any) -> None:
        self._by_rows = matrix.tocsr()
        self.shape: tuple[int, int] = self._by_rows.shape
        self.dtype: np.dtype[Any] = self._by_rows.dtype

    @cached_property
    def _by_columns(self) -> Any:
        return self._by_rows.tocsc()

    def __getitem__(self, at: Any) -> np.ndarray:
        rows, columns = at if isinstance(at, tuple) else (at, slice(None))
        if isinstance(rows, slice) and rows == slice(None):
            return np.asarray(self._by_columns[:, columns].toarray())
        return np.asarray(self._by_rows[rows][:, columns].toarray())
