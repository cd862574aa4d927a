"""Rows that repeat another, exactly or nearly: which of them a graph keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Int64

from dimscope.errors import InputError
from dimscope.neighbors.checks import check_choice

#: Keep the first of equal rows, leave all of them out, or keep them all, at distance 0.
Duplicates = Literal["first", "drop", "keep"]


@dataclass(frozen=True, kw_only=True)
class Copies:
    """What becomes of rows that repeat another.

    Attributes
    ----------
    duplicates
        Of rows that are equal, exactly or to within the rounding of the stored values.
    near_copies
        Of rows that are nearly equal; where duplicates are kept, these are too.
    """

    duplicates: Duplicates = "first"
    near_copies: Duplicates = "first"

    def __post_init__(self) -> None:
        check_choice("duplicates", self.duplicates, get_args(Duplicates))
        check_choice("near_copies", self.near_copies, get_args(Duplicates))


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


def first_of_group(
    n: int, one: Int64[np.ndarray, " e"], other: Int64[np.ndarray, " e"]
) -> Int64[np.ndarray, " n"]:
    """Return for each of n points the first of those that pairs join it to, directly or not."""
    first = np.arange(n)
    while len(one):
        least = first.copy()
        np.minimum.at(least, one, first[other])
        np.minimum.at(least, other, first[one])
        if np.array_equal(least, first):
            break
        first = least
    return first
