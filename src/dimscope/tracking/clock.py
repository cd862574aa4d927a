"""The clock: how long training and its ticks take, and whether another tick is affordable."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from dimscope._format import number
from dimscope.tracking.journal import Tick

_EXPECTED_FROM = 3


@dataclass(kw_only=True)
class Clock:
    """Seconds of training and seconds of ticks, over all sessions of a run.

    Attributes
    ----------
    training_seconds
        Time outside `paused`, up to the last time that it was entered.
    spent
        Time inside `paused`.
    """

    training_seconds: float
    spent: float
    _since: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(cls, training_seconds: float, ticks: Collection[Tick]) -> Self:
        """The clock of a run that goes on after these ticks."""
        return cls(training_seconds=training_seconds, spent=sum(tick.seconds for tick in ticks))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count the time inside as time of ticks."""
        _wait_for_devices()
        now = time.perf_counter()
        self.training_seconds += now - self._since
        self._since = now
        try:
            yield
        finally:
            now = time.perf_counter()
            self.spent += now - self._since
            self._since = now


def too_costly(share: float | None, clock: Clock, ticks: Collection[Tick]) -> str | None:
    """Say why one more tick would take more than ``share`` of the training time, or return None.

    The tick is expected to take as long as the last three took on average. The first tick is always
    affordable, as nothing is known of its cost.
    """
    if share is None or not ticks:
        return None
    latest = list(ticks)[-_EXPECTED_FROM:]
    expected = sum(tick.seconds for tick in latest) / len(latest)
    if clock.spent + expected <= share * clock.training_seconds:
        return None
    return (
        f"{number(clock.spent)} s of ticks and {number(expected)} s for this one exceed "
        f"{share:g} of {number(clock.training_seconds)} s of training"
    )


def _wait_for_devices() -> None:
    """Wait until CUDA has done what training queued, so that it does not count as a tick's."""
    import torch  # noqa: PLC0415 - torch loads with the first network

    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
