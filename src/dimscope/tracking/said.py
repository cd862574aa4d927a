"""What a training loop says of its steps: the numbers of a moment, and their means in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dimscope.errors import InputError
from dimscope.results import TICK_COLUMNS

#: Before the name of a metric: its mean over the steps since the tick before.
MEAN_PREFIX = "mean_"
_MOST_PENDING = 64


def kept(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics as they are now, not looked at, so that a device is not waited for.

    A tensor is copied, for the loop may write into it; without its graph, whose memory it would
    hold.

    Raises
    ------
    InputError
        If one has the name of what every tick has.
    """
    taken = TICK_COLUMNS.keys() & metrics.keys()
    if taken:
        raise InputError(
            f"{', '.join(sorted(taken))}: every tick has that already; give the metric another name"
        )
    return {n: v.detach().clone() if hasattr(v, "detach") else v for n, v in metrics.items()}


def as_numbers(metrics: Mapping[str, Any]) -> dict[str, float | None]:
    """The metrics as numbers; here a device is waited for.

    Raises
    ------
    InputError
        If one is no number.
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
    """Means of what is said at every step since a tick, in bounded memory.

    Values are added in float64 and in the order of the steps, whenever they are looked at, so that
    a loop that restores them on its way gives the same bits as one that was left alone.

    Attributes
    ----------
    totals
        Sum and number of values of each metric; None if the steps since the tick before are not
        all known, so that no mean is.
    """

    totals: dict[str, tuple[float, int]] | None = field(default_factory=dict)
    _pending: list[Mapping[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Self:
        """The means that `to_dict` described."""
        if record is None:
            return cls(None)
        return cls({name: (float(total), int(n)) for name, (total, n) in record.items()})

    def add(self, metrics: Mapping[str, Any]) -> None:
        """Count the metrics of one more step, as `kept` gives them."""
        if self.totals is None or not metrics:
            return
        self._pending.append(dict(metrics))  # others may join those of the moment
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
