"""Columns that number the rows, such as an index that was left in a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped

_LEAST_ROWS = 12  # random columns of fewer may be in order by chance
_MOST_COLUMNS = 10_000
_HEAD = 64  # rows that tell nearly all columns of measurements from an index
_NAMED = re.compile(r"(^|[_ .])(id|ids|idx|index|key|nr|no|number)$", re.IGNORECASE)


def index_columns(
    values: Shaped[np.ndarray, "n d"], names: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Name the columns that hold another whole number in every row, as an index does.

    These are N whole numbers that follow each other, in any order; whole numbers that only rise,
    or only fall, beside columns of fractions; and different whole numbers in a column called
    ``id`` or alike. Where all columns rise or fall, as along a line, none is named.

    Parameters
    ----------
    values
        Of any real dtype.
    names
        Of the columns, if they have any; their places are given otherwise.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(100, 3))
    >>> x[:, 1] = np.arange(100)
    >>> index_columns(x), index_columns(x, ["a", "id", "b"]), index_columns(x[:, [0, 2]])
    (('1',), ("'id'",), ())
    """
    n, d = values.shape
    if n < _LEAST_ROWS or not 2 <= d <= _MOST_COLUMNS:
        return ()
    head = values[:_HEAD]
    whole = np.flatnonzero((np.isfinite(head) & (head == np.floor(head))).all(axis=0))
    ordered = np.sort(head[:, whole], axis=0)
    candidates = whole[(ordered[1:] > ordered[:-1]).all(axis=0)]
    fractions = len(whole) < d
    found = [
        int(column)
        for column in candidates
        if _numbers_rows(
            values[:, column],
            beside_fractions=fractions,
            named=names is not None and bool(_NAMED.search(names[column])),
        )
    ]
    if not found or all(column in found or _is_monotone(values[:, column]) for column in range(d)):
        return ()
    return tuple(str(column) if names is None else repr(names[column]) for column in found)


def _numbers_rows(column: Shaped[np.ndarray, " n"], *, beside_fractions: bool, named: bool) -> bool:
    if not (np.isfinite(column).all() and (column == np.floor(column)).all()):
        return False
    if beside_fractions and _is_monotone(column):
        return True
    ordered = np.sort(column)
    if named:
        return bool((ordered[1:] > ordered[:-1]).all())
    return bool((ordered == ordered[0] + np.arange(len(ordered))).all())


def _is_monotone(column: Shaped[np.ndarray, " n"]) -> bool:
    later, earlier = column[1:], column[:-1]
    return bool((later > earlier).all() or (later < earlier).all())
