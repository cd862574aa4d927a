"""Tables: their separator and header, and which of their columns are the array."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from dimscope.errors import InputError
from dimscope.points import are_rows

TABLES = (".csv", ".tsv", ".parquet")
_SPACES = r"\s+"
_SEPARATORS = (",", ";", "\t", _SPACES)
_MOST_LINES = 50  # that are looked at to tell how a table is written
_COMMA = re.compile(r"[+-]?\d+(,\d+)+([eE][+-]?\d+)?")
_SHOWN = 5


def read_table(path: Path) -> pd.DataFrame:
    """Read a table from Parquet, or from text with any usual separator, with or without a header.

    Raises
    ------
    InputError
        If numbers have commas in them, or the header names more or fewer columns than there are.
    """
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path)
    form = _form(path)
    return pd.read_csv(
        path,
        sep=form.separator,
        header=0 if form.has_header else None,
        skiprows=form.n_comments,
        skipinitialspace=True,
    )


def array_columns(table: pd.DataFrame, key: str | None, path: Path) -> pd.DataFrame:
    """Return the columns that are the array: all, where they are numbers, or one of lists.

    Parameters
    ----------
    table
        What was read.
    key
        Which column of lists, where there are several columns.
    path
        Where it was read.

    Raises
    ------
    InputError
        If other columns stand beside lists and ``key`` does not choose, or columns are no numbers.
    """
    lists = [str(c) for c in table.columns if are_rows(table[c])]
    if key is not None and not lists:
        raise InputError(f"{str(path)!r} holds one array without a name; leave out key={key!r}")
    if key is not None and key not in lists:
        raise InputError(
            f"{str(path)!r} holds no lists in {key!r}; it holds them in {_listed(lists)}"
        )
    if lists:
        if key is None and table.shape[1] > 1:
            raise InputError(
                f"{str(path)!r} holds lists in {_listed(lists)}, among {table.shape[1]} columns; "
                f"choose one with key={lists[0]!r} (--key {lists[0]})"
            )
        return table[[c for c in table.columns if str(c) == (key or lists[0])]]
    _check_numbers(table, path)
    return table


def _check_numbers(table: pd.DataFrame, path: Path) -> None:
    others = table.columns.difference(table.select_dtypes("number").columns)
    if len(others):
        text = any(str(table[c].iloc[0]).startswith("[") for c in others if len(table))
        remedy = "write lists to .parquet or .npy" if text else "remove or encode them as numbers"
        raise InputError(
            f"{str(path)!r} has {len(others)} columns that are not numbers: "
            f"{_listed([str(c) for c in others])}; {remedy}"
        )
    if str(table.columns[0]).startswith("Unnamed:"):
        raise InputError(
            f"the first column of {str(path)!r} has no name, as a row index has; "
            "write the table without its index (to_csv(..., index=False)) or name the column"
        )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}"


class _Form(NamedTuple):
    separator: str
    has_header: bool
    n_comments: int


def _form(path: Path) -> _Form:
    """How a text table is written, by its first lines."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line.rstrip("\r\n") for line, _ in zip(file, range(_MOST_LINES), strict=False)]
    n_comments = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    lines = [line for line in lines[n_comments:] if line.strip()]
    if not lines:
        raise InputError(f"{str(path)!r} holds no lines: write the table again")
    separator = _separator(lines, "\t" if path.suffix.lower() == ".tsv" else ",")
    first, *below = (_cells(line, separator) for line in lines)
    _refuse_commas([first, *below], separator, path)
    has_header = _is_header(first, below)
    if has_header and below and len(below[0]) != len(first):
        raise InputError(
            f"the header of {str(path)!r} has {len(first)} names and the row below it "
            f"{len(below[0])} cells: name every column, and write no names of rows (in R, "
            "row.names=FALSE)"
        )
    return _Form(separator, has_header, n_comments)


def _separator(lines: Sequence[str], usual: str) -> str:
    """The separator by which all rows have as many cells, most of them numbers."""
    found, most = usual, -1.0
    for separator in sorted(_SEPARATORS, key=lambda s: s != usual):
        rows = [_cells(line, separator) for line in lines[1:] or lines]
        cells = [cell for row in rows for cell in row]
        share = sum(_is_number(c) or bool(_COMMA.fullmatch(c)) for c in cells) / len(cells)
        if len({len(row) for row in rows}) == 1 and len(rows[0]) > 1 and share > most:
            found, most = separator, share
    return found


def _cells(line: str, separator: str) -> list[str]:
    if separator == _SPACES:
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]


def _refuse_commas(rows: Sequence[Sequence[str]], separator: str, path: Path) -> None:
    found = next((cell for row in rows for cell in row if _COMMA.fullmatch(cell)), None)
    if found is not None:
        raise InputError(
            f"{str(path)!r} has commas inside numbers ({found!r}): write decimal points, or give "
            f"the frame of pandas.read_csv(..., sep={separator!r}, decimal=',')"
        )


def _is_header(first: list[str], below: Sequence[Sequence[str]]) -> bool:
    """Tell a header from a row of numbers.

    Numbers are a header if they are 0, 1, 2, ..., as pandas calls columns without names; or whole
    numbers at equal steps (places, years, wavelengths) above rows with fractions.
    """
    counted = [str(i) for i in range(len(first))]
    if len(first) > 1 and first in (counted, ["", *counted[:-1]]):
        return True
    if not all(_is_number(cell) for cell in first):
        return True
    fractions = bool(below) and not any(_are_whole(row) for row in below)
    return fractions and _are_whole(first) and _at_equal_steps([float(cell) for cell in first])


def _are_whole(cells: Sequence[str]) -> bool:
    numbers = [float(cell) for cell in cells if _is_number(cell) and cell]
    return all(math.isfinite(number) and number == int(number) for number in numbers)


def _at_equal_steps(numbers: Sequence[float]) -> bool:
    steps = {b - a for a, b in pairwise(numbers)}
    return len(numbers) >= 3 and len(steps) == 1 and min(steps) > 0


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True
