"""Experiments over several seeds: a sweep, conditions side by side, the course of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float64
from scipy import stats

from dimscope.errors import InputError
from dimscope.plots._axes import GRID, INK, dress, log_axis, new_axes, show_legend
from dimscope.plots.colors import PALETTE
from dimscope.results import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARKERS = ("o", "s", "D", "^", "v")
_DASHES = ("-", "--", ":")
_LABELS = {
    "two_nn": "TwoNN",
    "orthogonal_ratio": "orthogonal ratio",
    "feature_variance": "Tr C_h",
    "test_accuracy": "test accuracy",
}


def plot_study_sweep(frame: pd.DataFrame, quantity: str, *, ax: Axes | None = None) -> Axes:
    """A quantity after training against learning rate over batch size; colours are batch sizes.

    Points are means over seeds with their 95 % interval (Student's t). The line is the prediction,
    if the frame has one.

    Parameters
    ----------
    frame
        Rows of one study: ``name``, ``seed``, ``time``, ``learning_rate``, ``batch_size`` and
        the quantity.
    quantity
        The column to show; a column named ``predicted_`` and this is its prediction.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    InputError
        If a column is missing, no value of the quantity is known, or several conditions have the
        same learning rate and batch size.
    MissingDependencyError
        If matplotlib is not installed.
    """
    ends = _ends(frame, quantity, "learning_rate", "batch_size")
    alike = ends.groupby(["learning_rate", "batch_size"])["name"].unique()
    for names in alike[alike.map(len) > 1]:
        raise InputError(
            f"the conditions {'; '.join(names)} have the same learning rate and batch size, one "
            "point of a sweep: give the rows of one condition"
        )
    target = ax or new_axes()
    handles: list[Any] = []
    for style, (size, runs) in zip(styles(), ends.groupby("batch_size"), strict=False):
        rates = np.sort(runs["learning_rate"].unique())
        means, halves = _over_seeds(runs, quantity, "learning_rate", rates)
        look: dict[str, Any] = {"color": style.color, "marker": style.marker, "fillstyle": "none"}
        handles.append(
            target.errorbar(
                rates / size, means, halves, **look, ls="none", capsize=3, label=f"B = {size}"
            )
        )
    predicted = f"predicted_{quantity}"
    if predicted in ends:
        curve = (
            ends.assign(x=ends["learning_rate"] / ends["batch_size"])
            .groupby("x")[predicted]
            .mean()
        )  # fmt: skip
        handles += target.plot(curve.index, curve, color=INK, linewidth=1.2, label="predicted")
    title = f"{_label(quantity)} after training"
    dress(target, title=title, xlabel="learning rate / batch size", ylabel=_label(quantity))
    log_axis(target, "x")
    show_legend(target, handles)
    return target


def plot_study_conditions(
    frame: pd.DataFrame, quantity: str, names: Sequence[str], *, ax: Axes | None = None
) -> Axes:
    """A quantity after training, a row for each condition: all seeds, mean, 95 % interval.

    Parameters
    ----------
    frame
        Rows of one study: ``name``, ``seed``, ``time`` and the quantity.
    quantity
        The column to show.
    names
        Conditions, from top to bottom.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    InputError
        If a column or a condition is missing.
    MissingDependencyError
        If matplotlib is not installed.
    """
    ends = _ends(frame, quantity)
    missing = [name for name in names if name not in set(ends["name"])]
    if missing:
        raise InputError(f"no runs of {'; '.join(missing)}")
    target = ax or new_axes(7.2, 1.2 + 0.45 * len(names))
    means, halves = _over_seeds(ends, quantity, "name", names)
    for row, name in enumerate(names):
        values = ends.loc[ends["name"] == name, quantity]
        target.plot(values, [row] * len(values), "o", color=PALETTE[0], alpha=0.35, markersize=5)
    target.errorbar(
        means, range(len(names)), xerr=halves, fmt="|", color=INK, capsize=3, markersize=12
    )
    dress(target, title=f"{_label(quantity)} after training", xlabel=_label(quantity), ylabel="")
    target.grid(visible=True, axis="x", color=GRID)
    target.set_yticks(range(len(names)), list(names))
    target.invert_yaxis()
    return target


def plot_study_course(
    frame: pd.DataFrame, quantity: str, names: Sequence[str], *, ax: Axes | None = None
) -> Axes:
    """A quantity against training time, a line for each condition: mean and 95 % interval.

    Parameters
    ----------
    frame
        Rows of one study: ``name``, ``seed``, ``time`` and the quantity.
    quantity
        The column to show.
    names
        Conditions, in the order of the legend.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    InputError
        If a column or a condition is missing.
    MissingDependencyError
        If matplotlib is not installed.
    """
    require_columns(frame, "name", "seed", "time", quantity)
    target = ax or new_axes(9.6)
    handles = []
    for style, name in zip(styles(), names, strict=False):
        runs = frame[(frame["name"] == name) & frame[quantity].notna()]
        if runs.empty:
            raise InputError(f"no runs of {name}")
        times = np.sort(runs["time"].unique())
        means, halves = _over_seeds(runs, quantity, "time", times)
        low, high = means - halves, means + halves
        target.fill_between(times, low, high, color=style.color, alpha=0.2, linewidth=0)
        handles += target.plot(
            times, means, color=style.color, linestyle=style.dash, linewidth=1.6, label=name
        )
    time = "training time (learning rate x steps)"
    dress(target, title=_label(quantity), xlabel=time, ylabel=_label(quantity))
    show_legend(target, handles)
    return target


class _Style(NamedTuple):
    color: str
    marker: str
    dash: str


def styles() -> Iterator[_Style]:
    """Yield looks: a colour and a marker each, with other dashes once the colours run out."""
    for place in count():
        yield _Style(
            color=PALETTE[place % len(PALETTE)],
            marker=_MARKERS[place % len(_MARKERS)],
            dash=_DASHES[place // len(PALETTE) % len(_DASHES)],
        )


def _label(quantity: str) -> str:
    return _LABELS.get(quantity) or spoken(quantity)


def require_columns(frame: pd.DataFrame, *columns: str) -> None:
    """Refuse a frame without these columns, or with no known value in the last one."""
    missing = [column for column in columns if column not in frame]
    if missing:
        raise InputError(
            f"no column {', '.join(missing)}; there are {', '.join(map(str, frame.columns))}"
        )
    if frame[columns[-1]].isna().all():
        raise InputError(f"{columns[-1]} is known for no run")


def _ends(frame: pd.DataFrame, quantity: str, *others: str) -> pd.DataFrame:
    require_columns(frame, "name", "seed", "time", *others, quantity)
    ends = frame.loc[frame.groupby(["name", "seed"])["time"].idxmax()]
    return ends[ends[quantity].notna()]


def _over_seeds(
    runs: pd.DataFrame, quantity: str, by: str, levels: Sequence[object] | np.ndarray
) -> tuple[Float64[np.ndarray, " l"], Float64[np.ndarray, " l"]]:
    """Mean and half the 95 % interval at each level; a single seed has no interval."""
    grouped = runs.groupby(by)[quantity].agg(["mean", "sem", "count"]).loc[list(levels)]
    half = grouped["sem"] * stats.t.ppf(0.975, np.maximum(grouped["count"] - 1, 1))
    return grouped["mean"].to_numpy(), half.to_numpy()
