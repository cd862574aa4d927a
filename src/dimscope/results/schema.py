"""Row types as tables and as JSON, and back; an unknown column or key is an error."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import pandas as pd

from dimscope.errors import InputError
from dimscope.results.documents import plain
from dimscope.results.notes import as_note
from dimscope.results.quantities import Quantity
from dimscope.results.rows import Subject

Row = TypeVar("Row")

_DTYPES = {str: "string", int: "int64", float: "float64", bool: "boolean", tuple: "object"}
_WITH_MISSING = _DTYPES | {int: "Int64"}
_NESTED = (Subject, Quantity)


@cache
def columns_of(row_type: type) -> dict[str, str]:
    """The columns of a row type with their pandas types; those of a nested type in its place.

    The columns of a field ``other`` are prefixed with its name, as there are two subjects then.

    Examples
    --------
    >>> from dimscope.results.rows import LocalValue
    >>> columns_of(LocalValue)["row"], "method" in columns_of(LocalValue)
    ('int64', True)
    """
    columns: dict[str, str] = {}
    for name, hint in _hints(row_type).items():
        if hint in _NESTED:
            columns |= {_prefix(name) + column: kind for column, kind in columns_of(hint).items()}
        else:
            columns[name] = _dtype(hint)
    return columns


def table_of(row_type: type, rows: Iterable[Any]) -> pd.DataFrame:
    """Rows as a table with the columns of their type."""
    records = [_record(row) for row in rows]
    return checked_table(row_type, pd.DataFrame(records, columns=list(columns_of(row_type))))


def checked_table(row_type: type, table: pd.DataFrame, where: str = "the table") -> pd.DataFrame:
    """A table whose columns are those of the row type, with their types.

    Raises
    ------
    InputError
        If a column is missing or unknown.
    """
    columns = columns_of(row_type)
    unknown = [str(name) for name in table.columns if name not in columns]
    missing = [name for name in columns if name not in table.columns]
    if unknown or missing:
        what = f"unknown column {unknown[0]!r}" if unknown else f"no column {missing[0]!r}"
        raise InputError(
            f"{where} of {row_type.__name__} rows has {what}: its columns are {', '.join(columns)}"
        )
    return table[list(columns)].astype(columns)


def as_json(row: Any) -> dict[str, Any]:
    """A row, ready for JSON, without what is at its default."""
    defaults = {f.name: f.default for f in dataclasses.fields(row)}
    fields = {name: getattr(row, name) for name in defaults}
    return {
        name: as_json(value) if isinstance(value, _NESTED) else plain(value)
        for name, value in fields.items()
        if value != defaults[name] or defaults[name] is dataclasses.MISSING
    }


def from_json(row_type: type[Row], found: Mapping[str, Any]) -> Row:
    """The row that `as_json` wrote.

    Raises
    ------
    InputError
        If a key is unknown or missing.
    """
    hints: dict[str, Any] = _hints(row_type)  # type: ignore[arg-type]
    if unknown := [key for key in found if key not in hints]:
        raise InputError(
            f"unknown key {unknown[0]!r} of a {row_type.__name__}: its fields are "
            f"{', '.join(hints)}; a newer dimscope may have written it"
        )
    fields = {name: _restored(hints[name], value) for name, value in found.items()}
    try:
        return row_type(**fields)
    except TypeError as error:
        raise InputError(f"an incomplete {row_type.__name__}: {error}") from error


def _restored(hint: Any, value: Any) -> Any:
    if hint in _NESTED:
        return from_json(hint, value)
    if get_origin(hint) is tuple:
        return tuple(map(as_note, value))
    return value


def _record(row: Any) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for field in dataclasses.fields(row):
        value = getattr(row, field.name)
        if isinstance(value, _NESTED):
            own = _record(value)
            record |= {_prefix(field.name) + name: item for name, item in own.items()}
        else:
            record[field.name] = value
    return record


@cache
def _hints(row_type: type) -> dict[str, Any]:
    return get_type_hints(row_type)


def _prefix(field: str) -> str:
    return "other_" if field == "other" else ""


def _dtype(hint: Any) -> str:
    """The pandas type of a column: text, numbers, or objects for notes."""
    choices = [choice for choice in get_args(hint) or (hint,) if choice is not type(None)]
    if get_origin(hint) is tuple:
        return "object"
    kind = type(choices[0]) if not isinstance(choices[0], type) else choices[0]
    if kind not in _DTYPES:  # a union with a Literal, whose choices are text
        kind = str
    return (_WITH_MISSING if len(choices) < len(get_args(hint)) else _DTYPES)[kind]
