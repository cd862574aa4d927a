"""The journal of a training run: its ticks, one line each, and the Profile that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dimscope._format import number
from dimscope._log import Log, naming_line, read_log
from dimscope.errors import InputError
from dimscope.profiling import Profile
from dimscope.profiling.head import holds_profile
from dimscope.profiling.measured import Measured, from_flat_rows, in_order, rows_of
from dimscope.results import TICK_COLUMNS, plain, tick_table

if TYPE_CHECKING:
    import pandas as pd

_NAME = "ticks.jsonl"
_LAYERS_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Tick:
    """One measurement of the network during training, without the values of its layers.

    Attributes
    ----------
    step, epoch
        Training steps done, and epochs completed.
    model_hash
        SHA-256 of the network's state.
    metrics
        What the training loop reported of this moment, such as its loss.
    seconds
        Time that measuring took.
    training_seconds
        Time of training up to here, over all sessions, without the time of ticks.
    """

    step: int
    epoch: int
    model_hash: str
    metrics: dict[str, float | None]
    seconds: float
    training_seconds: float


@dataclass(kw_only=True)
class TickJournal:
    """What a run folder records so far.

    A tick is on disk as a whole or not at all, and it is never written twice.

    Attributes
    ----------
    log
        The file.
    ticks
        Ticks by step.
    skipped
        Steps at which a tick was due but not made, with the reason.
    differing
        Steps that the training loop reached again with other values in the network.
    started
        The hash of the network by the step at which a session began.
    training_seconds
        Recorded time of training, over all sessions.
    """

    log: Log
    ticks: dict[int, Tick] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    differing: list[int] = field(default_factory=list)
    started: dict[int, str] = field(default_factory=dict)
    training_seconds: float = 0.0

    @classmethod
    def open(cls, directory: Path, identity: Mapping[str, Any]) -> Self:
        """Open the journal of a run that starts or goes on in ``directory``.

        Raises
        ------
        InputError
            If another run or a profile is there.
        StoreError
            If the directory cannot be written, or a line of the journal is damaged.
        """
        path = directory / _NAME
        if holds_profile(directory) and not path.exists():
            raise InputError(
                f"{directory} holds a profile that is no training run: give another folder"
            )
        log, lines = Log.open(path, identity)
        journal = cls(log=log)
        for n, line in enumerate(lines, start=2):
            with naming_line(path, n):
                journal._take(line)
        return journal

    def hash_at(self, step: int) -> str | None:
        """The hash of the network at a step; None if it is not known."""
        return self.ticks[step].model_hash if step in self.ticks else self.started.get(step)

    def last_until(self, step: int) -> int:
        """The last step up to ``step`` with a tick, made or skipped; -1 if there is none."""
        return max((one for one in {*self.ticks, *self.skipped} if one <= step), default=-1)

    def start_session(self, facts: Mapping[str, Any]) -> None:
        """Record that a process begins to track: versions, position and hash of the network."""
        self._add({"session": facts})

    def end_session(self, training_seconds: float) -> None:
        """Record how long training has taken so far."""
        self._add({"ended": training_seconds})

    def add(self, tick: Tick, measured: Sequence[Measured]) -> None:
        """Record a tick with its layers; both are on disk when this returns."""
        self._add({"tick": asdict(tick), "layers": [one.to_dict() for one in measured]})

    def note(self, step: int, metrics: Mapping[str, float | None]) -> None:
        """Add metrics to a tick; metrics that it has already stay as they are."""
        new = {name: v for name, v in metrics.items() if name not in self.ticks[step].metrics}
        if new:
            self._add({"noted": step, "metrics": new})

    def end_epoch(self, step: int, epoch: int) -> None:
        """Record that an epoch ended at a step; its tick was perhaps made before that was known."""
        if step in self.ticks and self.ticks[step].epoch < epoch:
            self._add({"epoch_ended": step, "epoch": epoch})

    def skip(self, step: int, reason: str) -> None:
        """Record that a tick was due at a step and is not made."""
        self._add({"skipped": step, "reason": reason})

    def report_difference(self, step: int) -> None:
        """Record that the network had other values when ``step`` was reached again."""
        self._add({"differs": step})

    def _add(self, line: Mapping[str, Any]) -> None:
        self.log.append(line)
        self._take(plain(line))

    def _take(self, line: Mapping[str, Any]) -> None:
        if "tick" in line:
            tick = Tick(**line["tick"])
            self.ticks[tick.step] = tick
            self.training_seconds = tick.training_seconds
        elif "noted" in line:
            if line["noted"] in self.ticks:  # else a repair of the file has set the tick aside
                self.ticks[line["noted"]].metrics.update(line["metrics"])
        elif "session" in line:
            at = line["session"]["started_at"]
            if "model_hash" in at:  # version 0.1 did not record it
                self.started[at["step"]] = at["model_hash"]
        elif "epoch_ended" in line:
            step = line["epoch_ended"]
            if step in self.ticks:
                self.ticks[step] = replace(self.ticks[step], epoch=line["epoch"])
        elif "skipped" in line:
            self.skipped[line["skipped"]] = line["reason"]
        elif "differs" in line:
            self.differing.append(line["differs"])
        elif "ended" in line:
            self.training_seconds = line["ended"]


def line_of(tick: Tick, measured: Sequence[Measured], overhead: float | None) -> str:
    """A tick in one line: its step, its metrics, the deepest layers, what tracking costs."""
    parts = [f"step {tick.step:,}, epoch {tick.epoch}"]
    parts += [f"{n} {number(v)}" for n, v in tick.metrics.items() if v is not None]
    first = [(one.name, one.values[0].value) for one in measured if one.values]
    parts += [f"{n} {number(v)}" for n, v in first[-_LAYERS_SHOWN:] if v is not None]
    if overhead is not None:
        parts.append(f"tracking {100 * overhead:.1f} % of training time")
    return "  ".join(parts)


def read_run(directory: str | Path) -> Profile:
    """Read the ticks in a run folder as a profile, also while the run goes on.

    Parameters
    ----------
    directory
        The folder of a `Tracker` whose run is finished, running or killed.

    Returns
    -------
    Profile
        With a step for each tick, and the table ``ticks``.

    Raises
    ------
    InputError
        If there is no tick yet.
    StoreError
        If the folder cannot be read, or a line of its journal is damaged.
    """
    path = Path(directory) / _NAME
    lines = read_log(path)
    if not any("tick" in line for line in lines[1:]):
        raise InputError(f"no tick of a training run in {directory}: give the folder of a Tracker")
    with naming_line(path):
        return _as_profile(path, lines[0], lines[1:])


def with_ticks(profile: Profile, curve: str | None) -> pd.DataFrame:
    """The rows of a curve (None for all rows), with the epoch and metrics of their tick.

    Raises
    ------
    InputError
        If there is no such curve.
    """
    ticks = profile.ticks.drop(columns=["seconds", "training_seconds"])
    return profile.to_frame(curve).merge(ticks, on=["model", "step"], how="left")


def _as_profile(
    path: Path, identity: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> Profile:
    journal = TickJournal(log=Log(identity=identity))
    measured: dict[int, list[Measured]] = {}
    for n, line in enumerate(lines, start=2):
        with naming_line(path, n):
            journal._take(line)
            if "tick" in line:
                measured[line["tick"]["step"]] = _layers_of(line, identity)
    label = identity["label"]
    sessions = [dict(line["session"]) for line in lines if "session" in line]
    ticks = [journal.ticks[step] for step in sorted(journal.ticks)]
    facts = {**identity, **sessions[-1], **_account(journal, ticks), "n_sessions": len(sessions)}
    return Profile.of(
        rows_of(one for tick in ticks for one in in_order(measured[tick.step])),
        provenance={label: facts},
        ticks=tick_table({"model": label, **_row_of(tick)} for tick in ticks),
    )


def _layers_of(line: Mapping[str, Any], identity: Mapping[str, Any]) -> list[Measured]:
    """The layers of a tick. Version 0.1 recorded them as flat rows."""
    if "rows" in line:
        return from_flat_rows(line["rows"], identity["label"], line["tick"]["step"], identity)
    return [Measured.from_dict(one) for one in line["layers"]]


def _row_of(tick: Tick) -> dict[str, Any]:
    times = {name: getattr(tick, name) for name in TICK_COLUMNS if name != "model"}
    return {**tick.metrics, **times}


def _account(journal: TickJournal, ticks: Iterable[Tick]) -> dict[str, Any]:
    """What tracking cost, which ticks it skipped, and which steps differed."""
    seconds = sum(tick.seconds for tick in ticks)
    training = journal.training_seconds
    return {
        "model_hashes": {str(tick.step): tick.model_hash for tick in ticks},
        "tick_seconds": seconds,
        "training_seconds": training,
        "overhead": seconds / training if training > 0 else None,
        "skipped": {str(step): reason for step, reason in sorted(journal.skipped.items())},
        "differing": journal.differing,
    }
