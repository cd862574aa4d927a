"""The metrics that a training loop reports: copied unread, as numbers, and as running means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dimscope.errors import InputError
from dimscope.results import TICK_COLUMNS

#: Stands before the name of a metric for its mean over the steps since the last tick.
MEAN_PREFIX = "mean_"
_MOST_PENDING = 64


def copied_unread(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the metrics unread: reading a CUDA tensor would wait for the device.

    A tensor is copied because the loop may write into it again. The copy has no graph, which would
    keep the memory of the forward pass.

    Raises
    ------
    InputError
        If a metric has the name of a column that every tick has.
    """
    taken = TICK_COLUMNS.keys() & metrics.keys()
    if taken:
        raise InputError(
            f"{', '.join(sorted(taken))}: every tick has that already; give the metric another name"
        )
    return {n: v.detach().clone() if hasattr(v, "detach") else v for n, v in metrics.items()}


def as_numbers(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """Read the metrics as numbers; this waits for a device that still computes one.

    Raises
    ------
    InputError
        If a metric is no number.
    """
    try:
        return {name: _as_number(value) for name, value in metrics.items()}
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"metrics must be numbers or tensors of one value: {error}") from error


def _as_number(value: Any) -> float | None:
    plain = value.item() if hasattr(value, "item") else value  # a tensor or NumPy's
    return None if plain is None else float(plain)


@dataclass
class RunningMeans:
    """Means of the metrics over all steps since a tick, in bounded memory.

    Values are added in float64 and in the order of the steps, so the sums do not depend on when
    they are read: a loop that is stopped and restored gets the same bits as one left alone.

    Attributes
    ----------
    totals
        Sum and number of values of each metric. None if some steps since the last tick are
        unknown: there are no means then.
    """

    totals: dict[str, tuple[float, int]] | None = field(default_factory=dict)
    _pending: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def unknown(cls) -> Self:
        """No means: some steps since the last tick are unknown."""
        return cls(None)

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Self:
        """The means that `to_dict` described."""
        if record is None:
            return cls.unknown()
        return cls({name: (float(total), int(n)) for name, (total, n) in record.items()})

    def start(self) -> None:
        """From now on all steps are known; means that were restored go on."""
        if self.totals is None:
            self.totals = {}

    def restart(self) -> None:
        """Forget all steps: a tick was made."""
        self.totals, self._pending = {}, []

    def add(self, metrics: Mapping[str, Any]) -> None:
        """Count the metrics of one more step, as `copied_unread` returns them."""
        if self.totals is None or not metrics:
            return
        self._pending.append(dict(metrics))  # metrics may be added to the current step later
        if len(self._pending) >= _MOST_PENDING:
            self._sum_up()

    def values(self) -> dict[str, float]:
        """The mean of each metric, under its name with `MEAN_PREFIX`."""
        self._sum_up()
        return {
            f"{MEAN_PREFIX}{name}": total / n for name, (total, n) in (self.totals or {}).items()
        }

    def to_dict(self) -> dict[str, list[float]] | None:
        """Plain numbers from which `of` makes the same means."""
        self._sum_up()
        return None if self.totals is None else {n: list(both) for n, both in self.totals.items()}

    def _sum_up(self) -> None:
        pending, self._pending = self._pending, []
        if self.totals is None:
            return
        for metrics in pending:
            for name, value in as_numbers(metrics).items():
                if value is not None:
                    total, n = self.totals.get(name, (0.0, 0))
                    self.totals[name] = total + value, n + 1
