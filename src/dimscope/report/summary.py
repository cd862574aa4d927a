"""What the numbers say in plain words, and reasons to be careful with them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dimscope._format import number, with_error
from dimscope.plots.names import Run, linear_methods, run_label
from dimscope.plots.rows import decimation_rows, estimate_rows, last_step, rows_of, runs_of
from dimscope.results import Tables, remarks_on

_Z95 = 1.96


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
    def rise_is_clear(self) -> bool:
        """Whether the peak exceeds the first layer by more than 1.96 standard errors of both."""
        if self.first.value is None or self.peak.value is None:
            return False
        error = math.hypot(self.first.stderr or 0.0, self.peak.stderr or 0.0)
        return self.peak.value - self.first.value > _Z95 * error

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
    """Sum up each model at its last step by the primary method, if it has a known value."""
    frame = estimate_rows(profile)
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


def cautions(profile: Tables) -> list[str]:
    """List the reasons to hesitate that the data themselves give, in sentences."""
    return [
        *_unclear_peaks(profile),
        *_rising_with_samples(profile),
        *_unknown(profile),
        *_duplicates(profile),
    ]


def notes(profile: Tables) -> list[tuple[str, int]]:
    """Count the notes on the estimates, most frequent first.

    Notes that differ only in their numbers count as one, and the first stands for all.
    """
    counted = [(str(remark.note), len(remark.where)) for remark in remarks_on(profile.values)]
    return sorted(counted, key=lambda pair: -pair[1])


def _unclear_peaks(profile: Tables) -> Iterator[str]:
    for summary in summarise(profile):
        if summary.peak.layer == summary.first.layer or summary.first.value is None:
            continue
        if not summary.rise_is_clear:
            yield (
                f"{summary.name}: the peak lies within the error bars of the first layer, so these "
                "data do not show a rise."
            )


def _rising_with_samples(profile: Tables) -> Iterator[str]:
    frame = rows_of(profile, "decimation")
    known = frame[frame["value"].notna()][["model", "method", "label"]].drop_duplicates()
    for model, method, label in known.itertuples(index=False):
        rows = decimation_rows(profile, model=model, method=method)
        rows = rows[rows["value"].notna() & (rows["stderr"] > 0)]
        layers = [own for _, own in rows.groupby("layer", sort=False) if len(own) > 1]
        rising = sum(map(_rises, layers))
        if rising:
            yield (
                f"{model}: in {rising} of {len(layers)} layers {label} rises with "
                "the number of points by more than its error: read these values as lower bounds."
            )


def _rises(rows: pd.DataFrame) -> bool:
    """Whether the weighted slope of value against log N exceeds 1.96 of its standard errors."""
    weight = rows["stderr"].to_numpy() ** -2
    x = np.log(rows["n_samples"].to_numpy())
    x = x - np.average(x, weights=weight)
    information = float(weight @ x**2)
    return float(weight @ (x * rows["value"].to_numpy())) > _Z95 * math.sqrt(information)


def _unknown(profile: Tables) -> Iterator[str]:
    values = profile.to_frame("estimate")["value"]
    if missing := int(values.isna().sum()):
        yield (
            f"{missing} of {len(values)} estimates have no value: they are gaps in the figures, "
            "and the notes in the table say why."
        )


def _duplicates(profile: Tables) -> Iterator[str]:
    rows = profile.to_frame("estimate")
    repeated = rows[rows["n_duplicates"] > 0]
    if not repeated.empty:
        yield (
            f"Exact duplicates were left out in {repeated['layer'].nunique()} layers, at most "
            f"{repeated['n_duplicates'].max():,} points in one."
        )
