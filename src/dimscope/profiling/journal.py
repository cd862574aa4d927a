"""The layers that an unfinished profile has measured, so that it can be resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dimscope._files import remove_file
from dimscope._log import Log, naming_line
from dimscope.profiling.measured import Measured
from dimscope.results import plain

_NAME = "unfinished.jsonl"


@dataclass(kw_only=True)
class Journal:
    """The layers of a profile as they are measured: a line each.

    Attributes
    ----------
    log
        The file, if any, and the identity of the run, which must agree before any data are read.
    captured
        Facts of the pass over the data, such as its hash; None before the first pass.
    layers
        The measured layers, by name.
    """

    log: Log
    captured: dict[str, Any] | None = None
    layers: dict[str, Measured] = field(default_factory=dict)

    @classmethod
    def open(cls, directory: Path, identity: Mapping[str, Any]) -> Self:
        """The journal of a run that starts or resumes in ``directory``.

        Raises
        ------
        InputError
            If a different unfinished run is there.
        StoreError
            If the directory cannot be written, or a line of the journal is damaged.
        """
        log, lines = Log.open(directory / _NAME, identity)
        journal = cls(log=log)
        for number, line in enumerate(lines, start=2):
            with naming_line(log.path, number):
                if "captured" in line:
                    journal.captured = dict(line["captured"])
                else:
                    measured = Measured.from_dict(line)
                    journal.layers[measured.name] = measured
        return journal

    @classmethod
    def is_in(cls, directory: Path) -> bool:
        """Whether a run has begun in ``directory`` and is not finished."""
        return (directory / _NAME).exists()

    def confirm_capture(self, captured: Mapping[str, Any]) -> None:
        """Record the facts of a pass over the data, or check that they equal the recorded ones.

        Raises
        ------
        InputError
            If the data or the samples differ from those of the run that is resumed.
        StoreError
            If the facts cannot be written.
        """
        if self.captured is None:
            self.log.append({"captured": captured})
            self.captured = plain(captured)
        self.log.require_same(self.captured, plain(captured))

    def add(self, measured: Measured) -> None:
        """Record one layer; it is on disk when this returns.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        self.log.append(measured.to_dict())
        self.layers[measured.name] = measured

    def close(self) -> None:
        """Remove the journal: the run is finished and saved."""
        if self.log.path is not None:
            remove_file(self.log.path)
