"""What an unfinished run has measured so far, so that it can be resumed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dimscope.errors import InputError, StoreError
from dimscope.results import plain

_NAME = "unfinished.jsonl"


@dataclass(frozen=True, kw_only=True)
class Log:
    """An append-only file of JSON lines, the first of which says whose it is.

    A line counts once it ends in a newline, so a run killed while writing loses that line only.

    Attributes
    ----------
    identity
        What must agree for two runs to be the same.
    path
        The file; None to write nothing.
    """

    identity: Mapping[str, Any]
    path: Path | None = None

    @classmethod
    def open(cls, path: Path, identity: Mapping[str, Any]) -> tuple[Self, list[dict[str, Any]]]:
        """The log at ``path``, made if it is not there, and the lines below its first.

        Raises
        ------
        InputError
            If the log is that of another run.
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
        """Add a line; it is on disk when this returns.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        self._write("a", line)

    def require_same(self, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Refuse to go on with a run in which something else was recorded.

        Raises
        ------
        InputError
            If a value of ``now`` is not that of ``recorded``.
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
    """The whole lines of a log, without changing it; one cut short at the end does not count."""
    with path.open("rb") as file:
        return [json.loads(line) for line in file.read(_whole_bytes(path)).splitlines()]


def _whole_bytes(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


@dataclass(kw_only=True)
class Journal:
    """The layers of a profile as they are measured: a line each.

    Attributes
    ----------
    log
        The file, or none, and what must agree, before any data are read.
    captured
        Facts of the pass over the data, its hash among them; None before the first one.
    layers
        Rows already measured, by layer.
    """

    log: Log
    captured: dict[str, Any] | None = None
    layers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def open(cls, directory: Path, identity: Mapping[str, Any]) -> Self:
        """The journal of a run that starts or resumes in ``directory``.

        Raises
        ------
        InputError
            If a different unfinished run is there.
        StoreError
            If the directory cannot be written.
        """
        log, lines = Log.open(directory / _NAME, identity)
        journal = cls(log=log)
        for line in lines:
            if "captured" in line:
                journal.captured = line["captured"]
            else:
                journal.layers[line["layer"]] = line["rows"]
        return journal

    def confirm_capture(self, captured: Mapping[str, Any]) -> None:
        """Record the facts of a pass over the data, or check that they are those recorded.

        Raises
        ------
        InputError
            If the data or the samples are not those of the run that is resumed.
        StoreError
            If they cannot be written.
        """
        if self.captured is None:
            self.captured = plain(captured)
            self.log.append({"captured": captured})
        self.log.require_same(self.captured, plain(captured))

    def add(self, layer: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Record the rows of one layer; they are on disk when this returns.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        self.layers[layer] = plain(rows)
        self.log.append({"layer": layer, "rows": rows})

    def close(self) -> None:
        """Remove the journal: the run is finished and saved."""
        if self.log.path is not None:
            self.log.path.unlink(missing_ok=True)
