"""Profiles in folders, a Parquet file for each table; folders of older versions are read, too."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from dimscope._files import beside, digest, put_in_place, remove_file, write_beside
from dimscope.errors import InputError, StoreError
from dimscope.profiling.head import NAME as HEAD, Head
from dimscope.results import Lookup, Note, Tables, as_note, plain, tick_table, typed_rows

T = TypeVar("T", bound=Tables)

_TABLES = [field.name for field in fields(Tables) if field.name != "provenance"]
_FLAT = "profile.parquet"  # of schema 1
_TICKS = "ticks.parquet"

#: Columns that earlier files of this schema lack: unknown there.
_ADDED = {"values": ("n_groups",)}


def save_tables(tables: Tables, directory: Path) -> Path:
    """Write every table that has rows, and a head with their checksums.

    All files are written beside those of an older profile. Then the head is put in place in one
    step, and the folder holds the new profile: a table is the file that fits the checksum in the
    head, whether in its place or still beside it. A kill or a full disk at any moment leaves the
    older profile or the new one, whole.

    Raises
    ------
    StoreError
        If the files cannot be written. An older profile is as it was.
    """
    filled = {name: table for name, table in tables.tables().items() if len(table)}
    files = {_path(directory, name): _as_stored(table) for name, table in filled.items()}
    head = Head(
        models=plain(tables.provenance),
        tables={name: len(table) for name, table in filled.items()},
        digests={path.stem: digest(content) for path, content in files.items()},
    )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        finish_save(directory)
        _write_all_beside({**files, directory / HEAD: head.to_bytes()})
        put_in_place(directory / HEAD)
        finish_save(directory)
    except OSError as error:
        raise StoreError(f"cannot write the profile to {directory}: {error}") from error
    return directory


def finish_save(directory: Path) -> None:
    """Do what a save has left to do once its head is in place, if it was killed before.

    The tables beside their places are put there, and files that are not of this profile removed.

    Raises
    ------
    OSError
        If a file cannot be moved or removed.
    """
    try:
        digests = Head.read(directory).digests
    except InputError:
        return  # there is no profile to finish
    if digests is None:
        return  # an older version saved it, in another way
    for path in (_path(directory, name) for name in _TABLES):
        new = beside(path)
        if new.exists() and digest(new.read_bytes()) == digests.get(path.stem):
            put_in_place(path)
        remove_file(new)
        if path.stem not in digests:
            remove_file(path)
    remove_file(beside(directory / HEAD))
    remove_file(directory / _FLAT)


def load_tables(kind: type[T], directory: Path, lookup: Lookup) -> T:
    """Read what `save_tables` or an earlier version wrote.

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
        If there is no complete profile there, a file was changed, or a newer dimscope wrote it.
    """
    head = Head.read(directory)
    try:
        if head.schema == 1:
            return _of_schema_1(kind, directory, head, lookup)
        tables = {name: _table_of(head, _path(directory, name)) for name in head.tables}
        return kind(**tables, provenance=head.models)
    except Exception as error:  # a reader of Parquet raises whatever it meets in a changed file
        raise InputError(f"no readable profile in {directory}: {error}") from error


def check_tables(directory: Path) -> dict[str, str | None]:
    """Say of each file of a saved profile what is wrong with it; None where nothing is."""
    try:
        head = Head.read(directory)
    except InputError as error:
        return {HEAD: str(error)}
    found: dict[str, str | None] = {HEAD: None}
    names = [f"{name}.parquet" for name in head.tables] if head.schema > 1 else [_FLAT]
    for path in (directory / name for name in names):
        try:
            _columns_of(head, path)
        except Exception as error:  # as in `load_tables`
            found[path.name] = str(error)
        else:
            found[path.name] = None
    return found


def _path(directory: Path, table: str) -> Path:
    return directory / f"{table}.parquet"


def _write_all_beside(files: Mapping[Path, bytes]) -> None:
    """Write the next version of every file, or none of them."""
    try:
        for path, content in files.items():
            write_beside(path, content)
    except BaseException:
        for path in files:
            remove_file(beside(path))
        raise


def _of_schema_1(kind: type[T], directory: Path, head: Head, lookup: Lookup) -> T:
    """Read the files of version 0.1: one flat table, and one of ticks if there are any."""
    rows: list[dict[Any, Any]] = pd.read_parquet(directory / _FLAT).to_dict("records")
    ticks = directory / _TICKS
    return kind.of(
        typed_rows(rows, lookup, head.models),
        provenance=head.models,
        ticks=pd.read_parquet(ticks) if ticks.exists() else tick_table(),
    )


def _table_of(head: Head, path: Path) -> pd.DataFrame:
    """Read a table, and its notes, which were written as JSON text."""
    table = _columns_of(head, path)
    added = set(_ADDED.get(path.stem, ())) - set(table.columns)
    table = table.assign(**dict.fromkeys(added))
    return table.assign(notes=_notes(table["notes"])) if "notes" in table else table


def _columns_of(head: Head, path: Path) -> pd.DataFrame:
    table = pd.read_parquet(io.BytesIO(head.content_of(path)))
    rows = head.tables.get(path.stem, len(table))
    if len(table) != rows:
        raise InputError(f"{path.name} has {len(table)} of {rows} rows")
    return table


def _as_stored(table: pd.DataFrame) -> bytes:
    """The content of a table's file, with its notes as JSON text."""
    if "notes" in table:
        table = table.assign(notes=[json.dumps(plain(notes)) for notes in table["notes"]])
    content: bytes = table.to_parquet(index=False)
    return content


def _notes(column: Iterable[str]) -> pd.Series[Any]:
    """Read notes that were written as JSON text."""
    found: list[tuple[Note, ...]] = [tuple(map(as_note, json.loads(text))) for text in column]
    return pd.Series(found, dtype=object)
