"""`provenance.json`: the head of a saved profile, which says what its tables are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dimscope._files import CHECKSUM, beside, digest, seal_holds, sealed
from dimscope.errors import InputError
from dimscope.results import SCHEMA_VERSION

NAME = "provenance.json"

_PARTS = {1: {"schema", "models"}, 2: {"schema", "tables", "models"}}
_CHECKED_PARTS = {"sha256", CHECKSUM}
_MAPPINGS = {"tables", "models", "sha256"}


def holds_profile(directory: Path) -> bool:
    """Whether a profile was saved in ``directory``."""
    return (directory / NAME).exists()


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is in a folder that holds a profile.

    Attributes
    ----------
    models
        The provenance, by model label.
    tables
        Number of rows of each table that has rows; none in schema 1, which had one flat table.
    digests
        SHA-256 of the file of each table; None if the version that wrote it did not take them.
    schema
        Version of the files.
    """

    models: Mapping[str, Any]
    tables: Mapping[str, int]
    digests: Mapping[str, str] | None
    schema: int = SCHEMA_VERSION

    def to_bytes(self) -> bytes:
        """The content of the file, with a checksum of its own."""
        parts = {"schema": self.schema, "tables": self.tables, "sha256": self.digests}
        return json.dumps(sealed({**parts, "models": self.models}), indent=1).encode()

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read the head of the profile in a folder.

        Raises
        ------
        InputError
            If there is none, it was changed, or it is of a newer dimscope.
        """
        try:
            found = json.loads((directory / NAME).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(
                f"no readable profile in {directory}: there is no {NAME}, the file that is written "
                f"last; {_advice(directory)}"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"no readable profile in {directory}: {NAME}: {error}") from error
        if fault := _fault_of(found):
            raise InputError(f"no readable profile in {directory}: {NAME} {fault}")
        if found["schema"] > SCHEMA_VERSION:
            raise InputError(
                f"the profile in {directory} has schema {found['schema']}, this dimscope reads up "
                f"to {SCHEMA_VERSION}: upgrade dimscope"
            )
        return cls(
            models=found["models"],
            tables=found.get("tables", {}),
            digests=found.get("sha256"),
            schema=found["schema"],
        )

    def content_of(self, path: Path) -> bytes:
        """Read the file of a table, in its place or, after a save that was killed, beside it.

        Raises
        ------
        InputError
            If it is not the file that was saved.
        OSError
            If it cannot be read.
        """
        wanted = None if self.digests is None else self.digests[path.stem]
        for candidate in (beside(path), path):  # a save that goes on moves them in this direction
            try:
                content = candidate.read_bytes()
            except FileNotFoundError:
                continue
            if digest(content) == wanted or (wanted is None and candidate == path):
                return content
        if path.exists():
            raise InputError(
                f"{path.name} was changed after it was saved: its checksum does not fit; copy the "
                "folder again, or measure again"
            )
        raise InputError(f"{path.name} is missing: copy the folder again, or measure again")


def _fault_of(found: Any) -> str | None:
    """What is wrong with the content of a head; nothing if it is of a newer dimscope."""
    if not isinstance(found, dict) or type(found.get("schema")) is not int:
        return "is not the head of a profile"
    if found["schema"] > SCHEMA_VERSION:
        return None
    if CHECKSUM in found and not seal_holds(found):
        return "was changed after it was saved: its checksum does not fit; copy the folder again"
    parts = _PARTS.get(found["schema"], set()) | (_CHECKED_PARTS if CHECKSUM in found else set())
    if set(found) != parts or not all(isinstance(found[k], dict) for k in parts & _MAPPINGS):
        return "is not the head of a profile: parts of it are missing, or were changed"
    return None


def _advice(directory: Path) -> str:
    if any(directory.glob("*.jsonl")):
        return "a run began there and has not finished: start it again to go on"
    return "give a folder in which a profile was saved in full"
