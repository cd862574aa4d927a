"""What happens at a tick: measure, record and log it, leave it out, or compare with the one before.

Training's clock stands still meanwhile, and its random states are kept.
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dimscope.profiling.measured import Measured
from dimscope.tracking.clock import Clock, too_costly
from dimscope.tracking.loggers import log_tick
from dimscope.tracking.measurer import Measurer
from dimscope.tracking.ticks import Tick, TickJournal, line_of


@dataclass(kw_only=True)
class Session:
    """What a tracker has while it is entered.

    Attributes
    ----------
    measurer, journal, clock
        What measures, records and tells the time.
    show
        Replaces the line on stderr.
    max_overhead, loggers
        As in `dimscope.tracking.Tracker`.
    """

    measurer: Measurer
    journal: TickJournal
    clock: Clock
    show: Callable[[str], None]
    max_overhead: float | None
    loggers: Sequence[Any]
    _warned: bool = False
    _last: list[Measured] = field(default_factory=list)

    @property
    def overhead(self) -> float | None:
        """Time of all ticks over the time of training; None before the first."""
        clock = self.clock
        with clock.paused():
            return clock.spent / clock.training_seconds if clock.training_seconds > 0 else None

    def tick(self, step: int, epoch: int, numbers: Callable[[], dict[str, float | None]]) -> bool:
        """Measure now, unless this step was decided on before; whether a tick was made.

        Parameters
        ----------
        step, epoch
            Where training stands.
        numbers
            The metrics of the tick, asked for only where there is one.
        """
        with self.clock.paused(), random_states_kept():
            if step in self.journal.ticks:
                self._meet_again(step)
                self.journal.note(step, numbers())
                return False
            if step in self.journal.skipped:
                return False
            reason = too_costly(self.max_overhead, self.clock, self.journal.ticks.values())
            if reason is not None:
                self.journal.skip(step, reason)
                return False
            self._measure(step, epoch, numbers)
        return True

    def show_tick(self, step: int) -> None:
        """Show the line of the tick that was just made."""
        self.show(line_of(self.journal.ticks[step], self._last, self.overhead))

    def _measure(
        self, step: int, epoch: int, numbers: Callable[[], dict[str, float | None]]
    ) -> None:
        started = time.perf_counter()
        metrics = numbers()
        measured, facts = self.measurer.measure(step)
        log_tick(self.loggers, step, measured)
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
        if step not in self.journal.differing:
            self.journal.report_difference(step)
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"step {step} was reached again with other values in the network than those "
                "measured there: the tick that is recorded stays. The loop did not restore all of "
                "its state (weights, optimiser, random states), or is not deterministic",
                stacklevel=6,  # the line that entered the tracker
            )


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Guard training's random states from whatever a tick does, loggers and imports included."""
    state = random.getstate()  # before the import, which may draw too
    from dimscope.capture import random_states  # noqa: PLC0415 - torch loads with the first network

    with random_states():
        yield
    random.setstate(state)
