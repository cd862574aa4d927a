"""Profiles in folders, a Parquet file for each table; folders of older versions are read, too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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
#: Columns that earlier files of this schema lack: unknown there.
_ADDED = {"values": ("n_groups",)}


def holds_profile(directory: Path) -> bool:
    """Whether a profile was saved in ``directory``."""
    return (directory / _HEAD).exists()


def save_tables(tables: Tables, directory: Path) -> Path:
    """Write every table that has rows, and a head by which `load_tables` knows a whole profile.

    All files are written under other names first, so that a full disk leaves an older profile as
    it was. The head is the first file removed and the last one put in place: a save that is killed
    in between leaves a folder without a head, which `load_tables` refuses.

    Raises
    ------
    StoreError
        If the files cannot be written.
    """
    written = {name: table for name, table in tables.tables().items() if len(table)}
    head = {
        "schema": SCHEMA_VERSION,
        "tables": {name: len(table) for name, table in written.items()},
        "models": plain(tables.provenance),
    }
    partial = {name: directory / f"{name}.parquet.partial" for name in written}
    new_head = directory / f"{_HEAD}.partial"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        try:
            for name, table in written.items():
                _as_stored(table).to_parquet(partial[name], index=False)
            new_head.write_text(json.dumps(head, indent=1), encoding="utf-8")
            for old in (_HEAD, _FLAT, *(f"{name}.parquet" for name in tables.tables())):
                (directory / old).unlink(missing_ok=True)
            for path in (*partial.values(), new_head):
                path.replace(path.with_suffix(""))
        finally:
            for path in (*partial.values(), new_head):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write the profile to {directory}: {error}") from error
    return directory


def load_tables(kind: type[T], directory: Path, lookup: Lookup) -> T:
    """Read what `save_tables` or version 0.1 wrote.

    Parameters
    ----------
    kind
        The class of the result.
    directory
        The folder.
    lookup
        Finds the family and the title of a method by its name, for files of version 0.1.

    Raises
    ------
    InputError
        If there is no complete profile there, or a newer dimscope wrote it.
    """
    head = _read_head(directory)
    provenance = head["models"]
    try:
        if head["schema"] == 1:
            return _of_schema_1(kind, directory, provenance, lookup)
        return kind(**_tables_of(head, directory), provenance=provenance)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"no readable profile in {directory}: {error}") from error


def _read_head(directory: Path) -> dict[str, Any]:
    """Read what tells a profile, and refuse one of a newer dimscope."""
    if not holds_profile(directory):
        raise InputError(
            f"no readable profile in {directory}: there is no {_HEAD}, the file that is written "
            "last; give a folder in which a profile was saved in full"
        )
    try:
        head = json.loads((directory / _HEAD).read_text(encoding="utf-8"))
        found: dict[str, Any] = {name: head[name] for name in ("schema", "models")} | head
        newer = found["schema"] > SCHEMA_VERSION
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"no readable profile in {directory}: {_HEAD} is not its head") from error
    if newer:
        raise InputError(
            f"the profile in {directory} has schema {found['schema']}, this dimscope reads up to "
            f"{SCHEMA_VERSION}: upgrade dimscope"
        )
    return found


def _tables_of(head: Mapping[str, Any], directory: Path) -> dict[str, pd.DataFrame]:
    found = {name: _read(directory / f"{name}.parquet") for name in head["tables"]}
    for name, table in found.items():
        if len(table) != head["tables"][name]:
            raise ValueError(f"{name}.parquet has {len(table)} of {head['tables'][name]} rows")
        for column in set(_ADDED.get(name, ())) - set(table.columns):
            found[name] = found[name].assign(**{column: None})
    return found


def _of_schema_1(kind: type[T], directory: Path, provenance: dict[str, Any], lookup: Lookup) -> T:
    """Read the files of version 0.1: one flat table, and one of ticks if there are any."""
    rows: list[dict[Any, Any]] = pd.read_parquet(directory / _FLAT).to_dict("records")
    ticks = directory / "ticks.parquet"
    return kind.of(
        typed_rows(rows, lookup, provenance),
        provenance=provenance,
        ticks=_read(ticks) if ticks.exists() else tick_table(),
    )


def _as_stored(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its notes as JSON text."""
    if "notes" not in table:
        return table
    return table.assign(notes=[json.dumps(plain(notes)) for notes in table["notes"]])


def _read(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return table.assign(notes=_notes(table["notes"])) if "notes" in table else table


def _notes(column: Iterable[str]) -> pd.Series[Any]:
    """Read notes that were written as JSON text."""
    found: list[tuple[Note, ...]] = [tuple(map(as_note, json.loads(text))) for text in column]
    return pd.Series(found, dtype=object)
