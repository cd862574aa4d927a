"""Where a training loop stands, and the metrics that it has reported since the last tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from dimscope.errors import InputError
from dimscope.tracking.metrics import RunningMeans, as_numbers, copied_unread


class Position(NamedTuple):
    """Where a training loop stands: steps done, and epochs completed."""

    step: int
    epoch: int


@dataclass
class LoopState:
    """What a tracker knows of the training loop that calls it.

    Attributes
    ----------
    position
        Steps done and epochs completed.
    reported
        The metrics reported at the current step, unread.
    means
        Means of the metrics over the steps since the last tick.
    """

    position: Position
    reported: dict[str, Any] = field(default_factory=dict)
    means: RunningMeans = field(default_factory=RunningMeans.unknown)

    @classmethod
    def at(cls, step: int, epoch: int) -> Self:
        """A loop that starts, or continues, at this position.

        Raises
        ------
        InputError
            If one of the two is negative.
        """
        if min(step, epoch) < 0:
            raise InputError(f"start_step={step}, start_epoch={epoch}: both must be 0 or larger")
        return cls(Position(step, epoch))

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """The state that `to_dict` described."""
        position = Position(record["step"], record["epoch"])
        return cls(position, means=RunningMeans.of(record["means"]))

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers from which `of` makes the same state; this waits for a device."""
        return {**self.position._asdict(), "means": self.means.to_dict()}

    def end_step(self, at: int | None, metrics: Mapping[str, Any]) -> None:
        """Move to the next step, or to step ``at``, and replace the metrics.

        Raises
        ------
        InputError
            If the step does not grow, or a metric has a reserved name.
        """
        step, epoch = self.position
        now = step + 1 if at is None else at
        if now <= step:
            raise InputError(f"step {now} after step {step}: steps must grow")
        self.position = Position(now, epoch)
        self.reported = copied_unread(metrics)

    def end_epoch(self) -> None:
        """Move to the next epoch."""
        self.position = Position(self.position.step, self.position.epoch + 1)

    def report(self, metrics: Mapping[str, Any]) -> None:
        """Add metrics to those of the current step.

        Raises
        ------
        InputError
            If a metric has a reserved name.
        """
        self.reported |= copied_unread(metrics)

    def numbers(self) -> dict[str, float | None]:
        """The metrics of the current step, and the means since the last tick; this waits.

        Raises
        ------
        InputError
            If a metric is no number.
        """
        reported = as_numbers(self.reported)
        return reported | {n: v for n, v in self.means.values().items() if n not in reported}
