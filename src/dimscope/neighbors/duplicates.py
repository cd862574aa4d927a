"""Rows that repeat another exactly: which of them a graph keeps."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Int64

from dimscope.errors import InputError

#: Keep the first of equal rows, leave all of them out, or keep them all, at distance 0.
Duplicates = Literal["first", "drop", "keep"]


def kept_rows(first: Int64[np.ndarray, " n"], duplicates: Duplicates) -> Int64[np.ndarray, " m"]:
    """Return the rows that a graph keeps.

    Parameters
    ----------
    first
        For each row, the first row that equals it: the row itself where none before it does.
    duplicates
        What becomes of equal rows.

    Raises
    ------
    InputError
        If all rows are equal.
    """
    if len(first) > 1 and not first.any():
        raise InputError(
            f"all {len(first)} rows are equal: a constant representation has no dimension to "
            "measure"
        )
    if duplicates == "keep":
        return np.arange(len(first))
    if duplicates == "drop":
        copies = np.bincount(first, minlength=len(first))
        return np.flatnonzero(copies == 1)
    return np.flatnonzero(first == np.arange(len(first)))
