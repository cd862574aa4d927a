"""What the numbers say in plain words, and reasons to be careful with them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from dimscope._format import number, with_error
from dimscope.plots.names import Run, linear_methods, run_label
from dimscope.plots.rows import data_rows, estimate_rows, last_step, runs_of
from dimscope.results import Tables


@dataclass(frozen=True, kw_only=True)
class Point:
    """One layer's dimension; ``value`` and ``stderr`` are None where unknown."""

    layer: str
    value: float | None
    stderr: float | None

    def __str__(self) -> str:
        return "unknown" if self.value is None else with_error(self.value, self.stderr)


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """The course of one model's dimension through its layers.

    Attributes
    ----------
    name
        The model, with its training step where there is one.
    method, label
        Registry name of the estimator, and its name for people.
    n_samples
        Points that entered.
    first, peak, last
        The first layer measured, the one of largest known dimension, the last.
    """

    name: str
    method: str
    label: str
    n_samples: int
    first: Point
    peak: Point
    last: Point

    @property
    def ratio(self) -> float | None:
        """The peak over the first layer; None if the first is unknown."""
        if self.first.value is None or self.peak.value is None:
            return None
        return self.peak.value / self.first.value

    @property
    def sentence(self) -> str:
        """The course through the layers in one sentence."""
        start = (
            f"{self.label} on {self.n_samples:,} points gives {self.first} at "
            f"{self.first.layer}, the first layer measured"
        )
        end = f"{self.last} at {self.last.layer}, the last"
        if self.peak.layer == self.first.layer:
            return f"{start} and the largest, and {end}."
        times = "" if self.ratio is None else f" ({number(self.ratio)} times the first)"
        if self.peak.layer == self.last.layer:
            return f"{start}, and its largest, {self.peak} at {self.last.layer}, the last{times}."
        return f"{start}, a peak of {self.peak} at {self.peak.layer}{times}, and {end}."


def primary_method(frame: pd.DataFrame) -> str:
    """Choose the first method that is not linear and has a known value, else any with one."""
    known: list[str] = list(dict.fromkeys(frame.loc[frame["value"].notna(), "method"]))
    linear = linear_methods(frame)
    return next((method for method in known if method not in linear), known[0])


def summarise(profile: Tables) -> list[RunSummary]:
    """Sum up each model at its last step by the primary method, if it has a known value.

    Controls are no models.
    """
    frame = data_rows(estimate_rows(profile))
    if not frame["value"].notna().any():
        return []
    rows = last_step(frame[frame["method"] == primary_method(frame)])
    return [_summary(run, own) for run, own in runs_of(rows) if own["value"].notna().any()]


def _summary(run: Run, rows: pd.DataFrame) -> RunSummary:
    return RunSummary(
        name=run_label(run),
        method=rows["method"].iloc[0],
        label=rows["label"].iloc[0],
        n_samples=int(rows["n_samples"].max()),
        first=_point(rows.iloc[0]),
        peak=_point(rows.iloc[int(rows["value"].argmax())]),
        last=_point(rows.iloc[-1]),
    )


def _point(row: pd.Series) -> Point:
    known = {name: None if pd.isna(row[name]) else float(row[name]) for name in ("value", "stderr")}
    return Point(layer=row["layer"], value=known["value"], stderr=known["stderr"])
