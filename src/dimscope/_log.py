"""Append-only logs, from which long work that was stopped goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dimscope.errors import InputError, StoreError
from dimscope.results import plain


@dataclass(frozen=True, kw_only=True)
class Log:
    """An append-only file of JSON lines; the first says which run it belongs to.

    A line counts only if it ends in a newline: a run killed while writing loses that line only.

    Attributes
    ----------
    identity
        What two runs must have in common to count as one.
    path
        The file; None to write nothing.
    """

    identity: Mapping[str, Any]
    path: Path | None = None

    @classmethod
    def open(cls, path: Path, identity: Mapping[str, Any]) -> tuple[Self, list[dict[str, Any]]]:
        """Open the log at ``path``, or make it, and return it with the lines after its first.

        Raises
        ------
        InputError
            If the log belongs to another run.
        StoreError
            If it cannot be read or written.
        """
        log = cls(identity=plain(identity), path=path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = read_log(path) if path.exists() else []
            if lines:
                os.truncate(path, _whole_bytes(path))
        except OSError as error:
            raise StoreError(f"cannot write to {path.parent}: {error}") from error
        if not lines:
            log._write("w", log.identity)
            return log, []
        log.require_same(lines[0], log.identity)
        return log, lines[1:]

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line to disk before returning.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        self._write("a", line)

    def require_same(self, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Refuse to continue a run that has recorded other values.

        Raises
        ------
        InputError
            If a value of ``now`` differs from the one in ``recorded``.
        """
        differing = [key for key in now if recorded.get(key) != now[key]]
        if differing:
            raise InputError(
                f"{self.path} is the journal of a run with other "
                f"{', '.join(differing)}: remove it, or give another directory"
            )

    def _write(self, mode: str, line: Mapping[str, Any]) -> None:
        if self.path is None:
            return
        try:
            with self.path.open(mode, encoding="utf-8") as file:
                file.write(json.dumps(plain(line)) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error}") from error


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a log without changing it; a last line without its newline is left out."""
    with path.open("rb") as file:
        return [json.loads(line) for line in file.read(_whole_bytes(path)).splitlines()]


def _whole_bytes(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1
