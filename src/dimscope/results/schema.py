"""Row types as tables and as JSON, and back. Unknown columns, keys and choices are errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

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
    """The columns of a row type with their pandas types.

    A nested type gives its own columns. Those of a field ``other`` are prefixed with its name, to
    tell them from the columns of ``subject``.

    Examples
    --------
    >>> from dimscope.results.rows import LocalValue
    >>> columns_of(LocalValue)["row"], "method" in columns_of(LocalValue)
    ('int64', True)
    """
    return {name: _dtype(hint) for name, hint in _column_hints(row_type).items()}


def table_of(row_type: type, rows: Iterable[Any]) -> pd.DataFrame:
    """Rows as a table with the columns of their type."""
    records = [_record(row) for row in rows]
    return checked_table(row_type, pd.DataFrame(records, columns=list(columns_of(row_type))))


def checked_table(row_type: type, table: pd.DataFrame, where: str = "the table") -> pd.DataFrame:
    """The table with its columns in order, and with the types of the row type.

    Raises
    ------
    InputError
        If a column is missing or unknown, or holds values of another type or not among the
        choices.
    """
    columns = columns_of(row_type)
    unknown = [str(name) for name in table.columns if name not in columns]
    missing = [name for name in columns if name not in table.columns]
    if unknown or missing:
        what = f"unknown column {unknown[0]!r}" if unknown else f"no column {missing[0]!r}"
        raise InputError(
            f"{where} of {row_type.__name__} rows has {what}: its columns are {', '.join(columns)}"
        )
    typed = {name: _typed(table[name], kind, where) for name, kind in columns.items()}
    for name, choices in _choices_of(row_type).items():
        for value in typed[name].dropna().unique():
            _require_choice(name, value, choices, where)
    return pd.DataFrame(typed, columns=list(columns))


def rows_in(row_type: type[Row], table: pd.DataFrame) -> list[Row]:
    """The rows of a table as `table_of` makes it; missing values are None."""
    known = table.astype(object).where(table.notna(), None)
    return [_row(row_type, record) for record in known.to_dict("records")]


def as_json(row: Any) -> dict[str, Any]:
    """A row, ready for JSON; fields at their defaults are left out."""
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
        If a key is unknown or missing, or a value is not among the choices of its field.
    """
    hints: dict[str, Any] = _hints(row_type)  # type: ignore[arg-type]
    if unknown := [key for key in found if key not in hints]:
        raise InputError(
            f"unknown key {unknown[0]!r} of a {row_type.__name__}: its fields are "
            f"{', '.join(hints)}; a newer dimscope may have written it"
        )
    fields = {name: _restored(name, hints[name], value) for name, value in found.items()}
    try:
        return row_type(**fields)
    except TypeError as error:
        raise InputError(f"an incomplete {row_type.__name__}: {error}") from error


def _restored(name: str, hint: Any, value: Any) -> Any:
    if hint in _NESTED:
        return from_json(hint, value)
    if get_origin(hint) is tuple:
        return tuple(map(as_note, value))
    if value is not None and (choices := _choices(hint)):
        _require_choice(name, value, choices, "a row")
    return value


def _typed(column: pd.Series[Any], kind: Any, where: str) -> pd.Series[Any]:
    try:
        typed: pd.Series[Any] = column.astype(kind)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{where} has a column {column.name!r} that is not of type {kind}: {error}"
        ) from error
    return typed


def _require_choice(name: str, value: Any, choices: tuple[str, ...], where: str) -> None:
    if value not in choices:
        raise InputError(f"unknown {name} {value!r} in {where}: choose from {', '.join(choices)}")


@cache
def _choices_of(row_type: type) -> dict[str, tuple[str, ...]]:
    """The choices of every column that has a closed list of them."""
    found = {name: _choices(hint) for name, hint in _column_hints(row_type).items()}
    return {name: choices for name, choices in found.items() if choices}


def _choices(hint: Any) -> tuple[str, ...]:
    """The values of a Literal, alone or beside None; nothing for other types."""
    options = [hint, *get_args(hint)]
    return next((get_args(option) for option in options if get_origin(option) is Literal), ())


def _column_hints(row_type: type) -> dict[str, Any]:
    """The type of every column."""
    hints: dict[str, Any] = {}
    for name, hint in _hints(row_type).items():
        if hint in _NESTED:
            hints |= {_prefix(name) + column: own for column, own in _column_hints(hint).items()}
        else:
            hints[name] = hint
    return hints


def _row(row_type: type[Row], record: Mapping[Any, Any], prefix: str = "") -> Row:
    hints: dict[str, Any] = _hints(row_type)  # type: ignore[arg-type]
    fields = {
        name: _row(hint, record, _prefix(name)) if hint in _NESTED else record[prefix + name]
        for name, hint in hints.items()
    }
    return row_type(**fields)


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
