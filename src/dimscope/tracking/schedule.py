"""Schedules: at which steps and epochs a training run is measured, and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, final

from dimscope._parameters import checked_parameters
from dimscope.errors import InputError


class Schedule(ABC):
    """Decides from the steps and epochs done whether to measure now."""

    @abstractmethod
    def due_at_step(self, step: int, epoch: int) -> bool:
        """Whether to measure after ``step`` steps, when ``epoch`` epochs are complete."""

    def due_since(self, after: int, step: int, epoch: int) -> bool:
        """Whether a step later than ``after``, and no later than ``step``, is due.

        A loop may count by more than one: Lightning counts every optimiser's step.
        """
        return any(self.due_at_step(one, epoch) for one in range(after + 1, step + 1))

    @abstractmethod
    def due_at_epoch(self, epoch: int) -> bool:
        """Whether to measure when ``epoch`` epochs are complete."""

    def to_dict(self) -> dict[str, Any]:
        """The schedule as a dict ready for JSON."""
        return {"kind": type(self).__name__, **asdict(self)}  # type: ignore[call-overload]


@final
@checked_parameters
@dataclass(frozen=True, kw_only=True)
class LogThenEpochs(Schedule):
    """Steps 0, 1, 2, 4, 8, ... of the first epoch, then the end of every epoch.

    A network learns most at the start, which evenly spaced steps would miss.

    Attributes
    ----------
    ratio
        A step over the step before it, above 1.
    every
        Epochs from one measurement to the next.
    """

    ratio: float = 2.0
    every: int = 1

    def __post_init__(self) -> None:
        if not self.ratio > 1:
            raise InputError(f"ratio={self.ratio} must be above 1, so that steps grow")
        _require_positive("every", self.every)

    def due_at_step(self, step: int, epoch: int) -> bool:
        """Whether ``step`` is 0 or a rounded power of `ratio`, in the first epoch."""
        if epoch > 0 or step < 2:
            return epoch == 0
        power = 1.0
        while round(power) < step:
            power *= self.ratio
        return round(power) == step

    def due_at_epoch(self, epoch: int) -> bool:
        """Whether ``epoch`` is a multiple of `every`."""
        return epoch % self.every == 0


@final
@checked_parameters
@dataclass(frozen=True, kw_only=True)
class EveryEpoch(Schedule):
    """Before the first step, then the end of every ``every``-th epoch."""

    every: int = 1

    def __post_init__(self) -> None:
        _require_positive("every", self.every)

    def due_at_step(self, step: int, epoch: int) -> bool:
        """Whether no step and no epoch is done."""
        return step == epoch == 0

    def due_at_epoch(self, epoch: int) -> bool:
        """Whether ``epoch`` is a multiple of `every`."""
        return epoch % self.every == 0


@final
@checked_parameters
@dataclass(frozen=True, kw_only=True)
class EveryStep(Schedule):
    """Before the first step, then every ``every``-th step, whatever the epochs."""

    every: int = 1

    def __post_init__(self) -> None:
        _require_positive("every", self.every)

    def due_at_step(self, step: int, epoch: int) -> bool:  # noqa: ARG002 - epochs do not matter
        """Whether ``step`` is a multiple of `every`."""
        return step % self.every == 0

    def due_at_epoch(self, epoch: int) -> bool:  # noqa: ARG002
        """Never: steps decide."""
        return False


@final
@checked_parameters
@dataclass(frozen=True, kw_only=True)
class AtSteps(Schedule):
    """The given steps and no others; step 0 is before the first."""

    steps: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.steps or min(self.steps) < 0:
            raise InputError(f"steps={self.steps} must be one or more numbers, 0 or larger")

    def due_at_step(self, step: int, epoch: int) -> bool:  # noqa: ARG002 - epochs do not matter
        """Whether ``step`` is one of the given steps."""
        return step in self.steps

    def due_since(self, after: int, step: int, epoch: int) -> bool:  # noqa: ARG002
        """Whether one of the given steps is later than ``after`` and no later than ``step``."""
        return any(after < one <= step for one in self.steps)

    def due_at_epoch(self, epoch: int) -> bool:  # noqa: ARG002
        """Never: steps decide."""
        return False


def make_schedule(schedule: Any) -> Schedule:
    """Make a schedule from any of its forms.

    Parameters
    ----------
    schedule
        ``"auto"``, `LogThenEpochs`; ``"epochs"``, `EveryEpoch`; a number n, every n steps; a
        sequence of steps; or a `Schedule`.

    Raises
    ------
    InputError
        If it is none of these.

    Examples
    --------
    >>> auto = make_schedule("auto")
    >>> [step for step in range(100) if auto.due_at_step(step, 0)]
    [0, 1, 2, 4, 8, 16, 32, 64]
    >>> make_schedule(50), make_schedule([0, 10, 100])
    (EveryStep(every=50), AtSteps(steps=(0, 10, 100)))
    """
    if isinstance(schedule, Schedule):
        return schedule
    if schedule == "auto":
        return LogThenEpochs()
    if schedule == "epochs":
        return EveryEpoch()
    if isinstance(schedule, int) and not isinstance(schedule, bool):
        return EveryStep(every=schedule)
    if isinstance(schedule, Iterable) and not isinstance(schedule, str):
        steps = list(schedule)
        if all(isinstance(step, int) and not isinstance(step, bool) for step in steps):
            return AtSteps(steps=tuple(sorted(set(steps))))
    raise InputError(
        f"unknown schedule {schedule!r}: give 'auto', 'epochs', a number of steps, a list of "
        "steps or a Schedule"
    )


def _require_positive(name: str, value: int) -> None:
    if value < 1:
        raise InputError(f"{name}={value} must be at least 1")
