"""Tangent spectra against depth: how many directions there are, how many act, and the volume."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pandas as pd

from dimscope._optional import require
from dimscope.errors import InputError
from dimscope.plots._axes import INK, MUTED, dress, new_axes, show_legend
from dimscope.plots.colors import PALETTE
from dimscope.plots.depth_axis import DepthAxis, depth_axis
from dimscope.plots.names import subject_label
from dimscope.plots.rows import estimate_rows, rows_of, runs_of
from dimscope.results import Tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RANK, _RATIO, _VOLUME = "tangent_rank", "tangent_participation_ratio", "tangent_log_volume"
_LINES: dict[str, dict[str, Any]] = {
    _RANK: {"linestyle": ":", "linewidth": 1.6},
    _RATIO: {"linestyle": "-", "linewidth": 2.0, "marker": "o", "markersize": 5.5},
    _VOLUME: {"linestyle": (0, (6, 2)), "linewidth": 1.0, "alpha": 0.65},
}
_TITLES = {
    _RANK: "rank (directions left)",
    _RATIO: "participation ratio (act)",
    _VOLUME: "log-volume (right axis)",
}


def plot_tangents(profile: Tables, *, ax: Axes | None = None) -> Axes:
    """Rank, participation ratio and log-volume of tangent spectra against depth.

    Every control of every network has its colour, draws of one control the same. The rank is
    dotted, the participation ratio solid with its 95 % interval over points, and the log-volume
    dashed, on an axis of its own at the right.

    Parameters
    ----------
    profile
        What was measured, with rows of tangent spectra: those of a profile with controls, or
        `dimscope.controls.TangentSpectra.tables`.
    ax
        Where to draw; a new figure by default. The legend stands to its right: make the figure with
        ``layout="constrained"`` to give it room.

    Raises
    ------
    InputError
        If there are no tangent spectra.
    MissingDependencyError
        If matplotlib is not installed.
    """
    frame = tangent_rows(profile, tuple(_LINES))
    axis = depth_axis(frame)
    target = ax or new_axes(width=9.2)
    beside = target.twinx()
    colors = sample_colors(frame)
    for _, of_run in runs_of(frame):
        for method, rows in of_run.groupby("method", sort=False):
            color = colors[sample_name(rows.iloc[0])]
            _draw(beside if method == _VOLUME else target, axis, rows, color, str(method))
    _finish(target, beside, axis, frame)
    line = require("matplotlib.lines", extra="plot", purpose="figures").Line2D
    named = [line([], [], color=color, linewidth=2.4, label=n) for n, color in colors.items()]
    drawn = [name for name in _LINES if name in set(frame["method"])]
    styles = [line([], [], color=MUTED, label=_TITLES[name], **_LINES[name]) for name in drawn]
    show_legend(target, [*named, *styles], beside=1.17)
    return target


def tangent_rows(profile: Tables, methods: Sequence[str]) -> pd.DataFrame:
    """The rows of tangent spectra by the methods that there are, with the bounds of their errors.

    Raises
    ------
    InputError
        If there are none.
    """
    known = rows_of(profile, "estimate")
    keys = known.loc[known["key"].str.split("(").str[0].isin(methods), "key"]
    if keys.empty:
        raise InputError(
            "the profile has no tangent spectra: measure it with controls=True, or give "
            "tangent_spectrum(...).tables(Subject(...))"
        )
    frame = estimate_rows(profile, list(dict.fromkeys(keys)))
    return frame.assign(method=frame["method"].str.split("(").str[0])


def sample_name(row: Any) -> str:
    """The network and the control of a row, whichever draw it is."""
    return subject_label({**row, "model": row["network"], "replicate": 0})


def sample_colors(frame: pd.DataFrame) -> dict[str, str]:
    """A colour for every control of every network."""
    names = dict.fromkeys(sample_name(row) for row in frame.to_dict("records"))
    return dict(zip(names, cycle(PALETTE), strict=False))


def _draw(ax: Axes, axis: DepthAxis, rows: pd.DataFrame, color: str, method: str) -> None:
    x = axis.place(rows)
    if method == _RATIO:
        ax.fill_between(x, rows["low"], rows["high"], color=color, alpha=0.16, linewidth=0)
    ax.plot(x, rows["value"].to_numpy(), color=color, **_LINES[method])


def _finish(target: Axes, beside: Axes, axis: DepthAxis, frame: pd.DataFrame) -> None:
    points = sorted(set(frame["n_samples"]))
    title = f"tangent spectra at {points[-1]:,} point{'s' * (points[-1] > 1)}"
    networks = list(dict.fromkeys(frame["network"]))
    title = f"{networks[0]}, {title}" if len(networks) == 1 else title.capitalize()
    dress(target, title=title, xlabel=axis.label, ylabel="directions")
    target.set_ylim(bottom=0)
    beside.set_ylabel("log-volume", color=INK)
    beside.spines[["top"]].set_visible(False)
    beside.tick_params(colors=MUTED, labelcolor=INK, labelsize=9, length=3)
    if axis.ticks:
        positions, names = zip(*axis.ticks, strict=True)
        target.set_xticks(positions, names, rotation=40, ha="right", rotation_mode="anchor")
