"""The layers that an unfinished profile has measured, so that it can be resumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dimscope._files import remove_file
from dimscope._log import Log, naming_line
from dimscope.profiling.measured import DATA, Measured, Sample
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
        Facts of the pass over each sample, such as its hash; none before its first pass.
    layers
        The measured layers, by sample and name.
    """

    log: Log
    captured: dict[Sample, dict[str, Any]] = field(default_factory=dict)
    layers: dict[tuple[Sample, str], Measured] = field(default_factory=dict)

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
                    sample = line.get("sample", DATA[0]), line.get("replicate", DATA[1])
                    journal.captured[sample] = dict(line["captured"])
                else:
                    journal._keep(Measured.from_dict(line))
        return journal

    @classmethod
    def is_in(cls, directory: Path) -> bool:
        """Whether a run has begun in ``directory`` and is not finished."""
        return (directory / _NAME).exists()

    def missing(self, sample: Sample, names: Iterable[str]) -> list[str]:
        """Which of the layers of a sample are not measured."""
        return [name for name in names if (sample, name) not in self.layers]

    def confirm_capture(self, sample: Sample, captured: Mapping[str, Any]) -> None:
        """Record the facts of a pass over a sample, or check that they equal the recorded ones.

        Raises
        ------
        InputError
            If the samples differ from those of the run that is resumed.
        StoreError
            If the facts cannot be written.
        """
        if sample not in self.captured:
            name, replicate = sample
            of_control = {} if sample == DATA else {"sample": name, "replicate": replicate}
            self.log.append({"captured": captured} | of_control)
            self.captured[sample] = plain(captured)
        self.log.require_same(self.captured[sample], plain(captured))

    def add(self, measured: Measured) -> None:
        """Record one layer; it is on disk when this returns.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        self.log.append(measured.to_dict())
        self._keep(measured)

    def _keep(self, measured: Measured) -> None:
        self.layers[measured.sample, measured.name] = measured

    def close(self) -> None:
        """Remove the journal: the run is finished and saved."""
        if self.log.path is not None:
            remove_file(self.log.path)
