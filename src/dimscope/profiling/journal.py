"""What an unfinished profile has measured so far, layer by layer, so that it can be resumed."""

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


@dataclass(kw_only=True)
class Journal:
    """An append-only file: a line that identifies the run, then a line for each layer measured.

    A line counts once it ends in a newline, so a run killed while writing loses that line only.

    Attributes
    ----------
    path
        The file, in the run's directory; None to keep the journal in memory only.
    identity
        What must agree, before any data are read, for two runs to be the same.
    captured
        Facts of the pass over the data, its hash among them; None before the first one.
    layers
        Rows already measured, by layer.
    """

    identity: Mapping[str, Any]
    path: Path | None = None
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
        path = directory / _NAME
        try:
            directory.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8") if path.exists() else ""
        except OSError as error:
            raise StoreError(f"cannot write to {directory}: {error}") from error
        journal = cls(path=path, identity=plain(identity))
        whole = text[: text.rfind("\n") + 1]
        if not whole:
            journal._write("w", journal.identity)
            return journal
        if whole != text:
            os.truncate(path, len(whole.encode()))
        first, *rest = (json.loads(line) for line in whole.splitlines())
        journal._require_same(first, journal.identity)
        for line in rest:
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
            self._write("a", {"captured": captured})
        self._require_same(self.captured, plain(captured))

    def add(self, layer: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Record the rows of one layer; they are on disk when this returns.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        self.layers[layer] = plain(rows)
        self._write("a", {"layer": layer, "rows": rows})

    def close(self) -> None:
        """Remove the journal: the run is finished and saved."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _require_same(self, recorded: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        differing = [key for key in now if recorded.get(key) != now[key]]
        if differing:
            raise InputError(
                f"{self.path} is the journal of an unfinished run with other "
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
