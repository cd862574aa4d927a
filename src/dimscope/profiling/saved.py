"""Profiles in folders: a Parquet file a table, written whole, and read from every version."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from dimscope.errors import InputError, StoreError
from dimscope.results import (
    SCHEMA_VERSION,
    Lookup,
    Note,
    Tables,
    as_note,
    plain,
    tick_table,
    typed_rows,
)

T = TypeVar("T", bound=Tables)

_HEAD = "provenance.json"
_FLAT = "profile.parquet"  # of schema 1


def holds_profile(directory: Path) -> bool:
    """Whether a profile was saved in ``directory``."""
    return (directory / _HEAD).exists()


def save_tables(tables: Tables, directory: Path) -> Path:
    """Write every table that has rows; the head, by which a profile is known, comes last.

    Raises
    ------
    StoreError
        If they cannot be written.
    """
    written = {name: table for name, table in tables.tables().items() if len(table)}
    head = {
        "schema": SCHEMA_VERSION,
        "tables": {name: len(table) for name, table in written.items()},
        "models": plain(tables.provenance),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / _HEAD).unlink(missing_ok=True)
        (directory / _FLAT).unlink(missing_ok=True)
        for name in tables.tables():
            (directory / f"{name}.parquet").unlink(missing_ok=True)
        for name, table in written.items():
            _written(table).to_parquet(directory / f"{name}.parquet", index=False)
        partial = directory / f"{_HEAD}.partial"
        partial.write_text(json.dumps(head, indent=1), encoding="utf-8")
        partial.replace(directory / _HEAD)
    except OSError as error:
        raise StoreError(f"cannot write the profile to {directory}: {error}") from error
    return directory


def load_tables(kind: type[T], directory: Path, lookup: Lookup) -> T:
    """Read what `save_tables` wrote, or version 0.1.

    Raises
    ------
    InputError
        If there is no profile there, or a newer dimscope wrote it.
    """
    try:
        head = json.loads((directory / _HEAD).read_text(encoding="utf-8"))
        schema, provenance = head["schema"], head["models"]
        _require_known(schema, directory)
        if schema == 1:
            return _of_schema_1(kind, directory, provenance, lookup)
        found = {name: _read(directory / f"{name}.parquet") for name in head["tables"]}
        for name, table in found.items():
            if len(table) != head["tables"][name]:
                raise ValueError(f"{name}.parquet has {len(table)} of {head['tables'][name]} rows")
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"no readable profile in {directory}: {error}") from error
    return kind(**found, provenance=provenance)


def _require_known(schema: int, directory: Path) -> None:
    if schema > SCHEMA_VERSION:
        raise InputError(
            f"the profile in {directory} has schema {schema}, this dimscope reads up to "
            f"{SCHEMA_VERSION}: upgrade dimscope"
        )


def _of_schema_1(kind: type[T], directory: Path, provenance: dict[str, Any], lookup: Lookup) -> T:
    """One flat table, and one of ticks where there are any."""
    rows: list[dict[Any, Any]] = pd.read_parquet(directory / _FLAT).to_dict("records")
    ticks = directory / "ticks.parquet"
    return kind.of(
        typed_rows(rows, lookup, provenance),
        provenance=provenance,
        ticks=_read(ticks) if ticks.exists() else tick_table(),
    )


def _written(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its notes as JSON text."""
    if "notes" not in table:
        return table
    return table.assign(notes=[json.dumps(plain(notes)) for notes in table["notes"]])


def _read(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return table.assign(notes=_notes(table["notes"])) if "notes" in table else table


def _notes(column: Iterable[str]) -> pd.Series[Any]:
    """Notes that were written as JSON text."""
    found: list[tuple[Note, ...]] = [tuple(map(as_note, json.loads(text))) for text in column]
    return pd.Series(found, dtype=object)
