"""Data frames, and rows that are lists: one array of numbers of either."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from dimscope.errors import InputError
from dimscope.points.integers import less_the_least


class Numbers(NamedTuple):
    """The numbers of a data frame, and the names of its columns.

    Whole numbers beyond 2^53 are given less the smallest of their column.
    """

    values: np.ndarray
    names: tuple[str, ...] | None
    less_least: bool = False


def numbers_of_frame(frame: Any) -> Numbers:
    """Return the numbers of a pandas data frame; those of a column of lists are a matrix.

    Raises
    ------
    InputError
        If a column holds something else, or lists stand beside other columns.
    """
    other = [i for i, dtype in enumerate(frame.dtypes) if getattr(dtype, "kind", "O") not in "fiub"]
    lists = [i for i in other if are_rows(frame.iloc[:, i])]
    if lists and frame.shape[1] == 1:
        return Numbers(joined_rows(frame.iloc[:, 0]), None)
    if lists:
        name = frame.columns[lists[0]]
        raise InputError(
            f"column {name!r} holds a list in every row, beside {frame.shape[1] - 1} other "
            f"columns: give one column of lists alone, as x[{name!r}]"
        )
    if other:
        raise InputError(
            f"columns {list(frame.columns[other])} are not numeric: drop or encode them"
        )
    values = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    names = tuple(map(str, frame.columns))
    return Numbers(values, names, less_least=_make_exact(values, frame))


def _make_exact(values: np.ndarray, frame: Any) -> bool:
    """Put exact numbers in place of those that float64 rounds; return whether there are any."""
    found = False
    for i, dtype in enumerate(frame.dtypes):
        if dtype.kind in "iu" and dtype.itemsize == 8 and len(frame):
            column = frame.iloc[:, i]
            exact = None if column.hasnans else less_the_least(_integers(column, dtype.kind))
            if exact is not None:
                values[:, i] = exact.source[:, 0]
                found = True
    return found


def _integers(column: Any, kind: str) -> np.ndarray:
    return np.asarray(column.to_numpy(dtype=f"{kind}8")).reshape(-1, 1)


def are_rows(x: Any) -> bool:
    """Whether the entries of a series or an array of objects are lists, arrays or tensors."""
    if getattr(x.dtype, "kind", "O") != "O" or x.shape[1:] not in {(), (1,)}:
        return False
    first = next((row for row in np.asarray(x, dtype=object).flat if _is_row(row)), None)
    return first is not None


def _is_row(entry: Any) -> bool:
    return isinstance(entry, list | tuple) or (hasattr(entry, "__array__") and np.ndim(entry) > 0)


def joined_rows(rows: Iterable[Any]) -> np.ndarray:
    """Join lists of numbers, one for each row, to one array.

    Parameters
    ----------
    rows
        A series, a list, or an array of objects with one entry in each row.

    Raises
    ------
    InputError
        If some have other lengths, are missing, or are no lists of numbers; rows are named.
    """
    entries = rows if isinstance(rows, list | tuple) else np.asarray(rows, dtype=object).flat
    found = [_numbers(i, entry) for i, entry in enumerate(entries)]
    lengths = Counter(row.shape for row in found)
    (usual, n_usual), *others = lengths.most_common()
    if others:
        odd = next(i for i, row in enumerate(found) if row.shape != usual)
        raise InputError(
            f"row {odd} has shape {found[odd].shape} where {n_usual} of {len(found)} rows have "
            f"shape {usual}: all rows need the same length; drop the others, or cut or fill them"
        )
    return np.stack(found)


def _numbers(i: int, entry: Any) -> np.ndarray:
    if not _is_row(entry):
        state = f"holds {entry!r}"
        raise InputError(f"row {i} {state}, where others hold a list of numbers: drop or fill it")
    try:
        row = np.asarray(entry)
        if row.dtype.kind == "O":  # lists of lists, as nested columns are read
            row = np.asarray([np.asarray(part, dtype=np.float64) for part in entry])
    except (TypeError, ValueError) as error:
        raise InputError(f"row {i} is no list of numbers: {error}") from error
    if row.dtype.kind not in "fiub":
        raise InputError(f"row {i} is no list of real numbers: it has dtype {row.dtype}")
    return row
