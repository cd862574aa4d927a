"""What happens at a tick: measure, record and log it, skip it, or compare it with the recorded one.

Meanwhile training's clock stands still, and training's random states are restored at the end.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dimscope.errors import InputError
from dimscope.profiling.measured import Measured
from dimscope.profiling.passes import versions_used
from dimscope.tracking.clock import Clock, too_costly
from dimscope.tracking.journal import Tick, TickJournal, line_of, read_run
from dimscope.tracking.loggers import log_tick
from dimscope.tracking.loop_state import Position
from dimscope.tracking.measurer import Measurer
from dimscope.tracking.schedule import Schedule


@dataclass(frozen=True, kw_only=True)
class TickOptions:
    """When ticks are made, and who is told of them.

    Attributes
    ----------
    schedule, max_overhead, loggers, resume
        As in `dimscope.tracking.Tracker`.

    Raises
    ------
    InputError
        If ``max_overhead`` is not above 0.
    """

    schedule: Schedule
    max_overhead: float | None
    loggers: Sequence[Any]
    resume: bool

    def __post_init__(self) -> None:
        share = self.max_overhead
        if share is not None and not share > 0:
            raise InputError(f"max_overhead={share} must be above 0, or None for no limit")

    def identity(self) -> dict[str, Any]:
        """What must agree between two sessions of one training run."""
        return {"schedule": self.schedule.to_dict(), "max_overhead": self.max_overhead}


@dataclass(kw_only=True)
class Session:
    """What a tracker has from the moment it is entered until it is left.

    Attributes
    ----------
    measurer, journal, clock
        What measures, what records, and what tells the time.
    options
        When ticks are made, and who is told of them.
    is_restart
        Whether a loop begins again at step 0 in a folder that holds ticks: then it must do what
        that run did.
    """

    measurer: Measurer
    journal: TickJournal
    clock: Clock
    options: TickOptions
    is_restart: bool = False
    _warned: bool = False
    _last: list[Measured] = field(default_factory=list)

    @classmethod
    def start(cls, measurer: Measurer, options: TickOptions, out: Path, position: Position) -> Self:
        """Open the journal in ``out``, and record that a session starts at ``position``.

        Raises
        ------
        InputError
            If another run or a profile is there.
        StoreError
            If the folder cannot be written.
        """
        journal = TickJournal.open(out, measurer.identity() | options.identity())
        session = cls(
            measurer=measurer,
            journal=journal,
            clock=Clock.of(journal.training_seconds, journal.ticks.values()),
            options=options,
            is_restart=position.step == 0 and bool(journal.ticks) and not options.resume,
        )
        started_at = {**position._asdict(), "model_hash": session._require_same_run(position.step)}
        journal.start_session({"versions": versions_used(), "started_at": started_at})
        journal.end_epoch(*position)
        return session

    def _require_same_run(self, step: int) -> str:
        """Refuse to begin at a step where the run in the folder had another network.

        A loop that begins at step 0 must have a network that is known to have begun there.
        """
        known, now = self.journal.hash_at(step), self.measurer.model_hash()
        is_known = self.is_restart or known is not None
        if self.journal.ticks and is_known and known != now and not self.options.resume:
            raise self._other_run(f"its network had other values at step {step}")
        return now

    def _other_run(self, what: str) -> InputError:
        folder = self.journal.log.path and self.journal.log.path.parent
        return InputError(
            f"{folder} holds another training run: {what}. For a new run, give another folder. To "
            "go on with that run, restore its checkpoint and say its step (load_state_dict, or "
            "start_step and start_epoch). If it is that run, though it does not repeat bit for "
            "bit, say resume=True"
        )

    def end(self, out: Path) -> None:
        """Record the time of training, and save the profile of all ticks beside the journal."""
        with self.clock.paused():
            self.journal.end_session(self.clock.training_seconds)
            if self.journal.ticks:
                read_run(out).save(out)

    @property
    def overhead(self) -> float | None:
        """The time of all ticks, divided by the time of training; None before the first tick."""
        clock = self.clock
        with clock.paused():
            return clock.spent / clock.training_seconds if clock.training_seconds > 0 else None

    def tick(self, step: int, epoch: int, numbers: Callable[[], dict[str, float | None]]) -> bool:
        """Measure now, unless this step was measured or skipped before.

        Parameters
        ----------
        step, epoch
            Where training stands.
        numbers
            Returns the metrics of the tick; called only if there is a tick.

        Returns
        -------
        bool
            Whether a tick was made.

        Raises
        ------
        InputError
            If the loop began again at step 0, and does not do what the run in the folder did.
        """
        with self.clock.paused(), random_states_kept():
            if step in self.journal.ticks:
                self._meet_again(step)
                self.journal.note(step, numbers())
                return False
            if self.is_restart and step < max(self.journal.ticks):
                raise self._other_run(f"it was not measured at step {step}, but at later ones")
            if step in self.journal.skipped:
                return False
            reason = too_costly(self.options.max_overhead, self.clock, self.journal.ticks.values())
            if reason is not None:
                self.journal.skip(step, reason)
                return False
            self._measure(step, epoch, numbers)
        return True

    def line_of(self, step: int) -> str:
        """The tick that was just made, in one line."""
        return line_of(self.journal.ticks[step], self._last, self.overhead)

    def _measure(
        self, step: int, epoch: int, numbers: Callable[[], dict[str, float | None]]
    ) -> None:
        started = time.perf_counter()
        metrics = numbers()
        measured, facts = self.measurer.measure(step)
        log_tick(self.options.loggers, step, measured)
        tick = Tick(
            step=step,
            epoch=epoch,
            model_hash=facts["model_hash"],
            metrics=metrics,
            seconds=time.perf_counter() - started,
            training_seconds=self.clock.training_seconds,
        )
        self.journal.add(tick, measured)
        self._last = measured

    def _meet_again(self, step: int) -> None:
        """Compare the network with the one that was measured at this step."""
        if self.measurer.model_hash() == self.journal.ticks[step].model_hash:
            return
        if self.is_restart:
            raise self._other_run(f"its network had other values at step {step}")
        if step not in self.journal.differing:
            self.journal.report_difference(step)
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"step {step} was reached again with other values in the network than those "
                "measured there: the recorded tick stays. The loop did not restore all of its "
                "state (weights, optimiser, random states), or is not deterministic",
                stacklevel=6,  # the line that entered the tracker
            )


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Restore all random states at the end, whatever happens inside, loggers and imports too."""
    state = random.getstate()  # before the import, which may draw too
    from dimscope.capture import random_states  # noqa: PLC0415 - torch loads with the first network

    try:
        with random_states():
            yield
    finally:
        random.setstate(state)
