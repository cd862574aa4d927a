"""Dimension against depth: the hunchback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dimscope._optional import require
from dimscope.plots._axes import MUTED, dress, log_axis, new_axes, show_legend
from dimscope.plots.colors import PALETTE, run_colors
from dimscope.plots.controls import control_looks, draws_merged, first_method_only
from dimscope.plots.depth_axis import DepthAxis, depth_axis
from dimscope.plots.names import (
    Run,
    calibrated_methods,
    linear_methods,
    method_labels,
    run_label,
)
from dimscope.plots.rows import (
    bounded_by,
    estimate_rows,
    needs_log,
    rows_of,
    runs_of,
    runs_of_data,
    top_of,
    unresolved,
)
from dimscope.results import Tables

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
#: Matplotlib's words for the dashes of controls.
_DASHES: Mapping[str, Any] = {
    "dash": "--",
    "dot": ":",
    "dashdot": "-.",
    "longdash": (0, (8, 3)),
}
_PALE = 0.07
_MAX_STEPS_NAMED = 5
#: How the marker of a value that N cannot resolve differs.
_UNRESOLVED = {
    "linestyle": "none",
    "markerfacecolor": "white",
    "markeredgecolor": MUTED,
    "markeredgewidth": 1.2,
}
_NOT_RESOLVED = "not resolved by N"
_NAMED_FAMILIES = ({"intrinsic"}, {"linear"})


@dataclass(frozen=True, kw_only=True)
class _Style:
    """The look of one line.

    Linear dimensions are dashed, with hollow markers. A calibrated line is dotted, in the colour of
    the raw one, with a pale band and no markers. Controls lie behind the data, thin, small, and
    with dashes of their own.
    """

    color: str
    marker: str
    linear: bool
    calibrated: bool = False
    dashes: Any = None

    def line(self) -> dict[str, object]:
        if self.dashes is not None:
            return {
                "color": self.color,
                "marker": self.marker,
                "linestyle": self.dashes,
                "markersize": 3.5,
                "linewidth": 1.3,
                "zorder": 1.5,
            }
        if self.calibrated:
            return {"color": self.color, "linestyle": ":", "linewidth": 1.6}
        return {
            "color": self.color,
            "marker": self.marker,
            "linestyle": "--" if self.linear else "-",
            "markerfacecolor": "white" if self.linear else self.color,
            "markeredgecolor": self.color if self.linear else "white",
            "markeredgewidth": 1.1 if self.linear else 0.8,
            "markersize": 5.5 if self.linear else 6.5,
            "linewidth": 1.5 if self.linear else 2.0,
        }


def plot_profile(
    profile: Tables, methods: Sequence[str] | None = None, *, ax: Axes | None = None
) -> Axes:
    """Dimension against depth, with 95 % error bars, several models and methods overlaid.

    A calibrated value is a dotted line in the colour of the raw one, its interval a pale band; a
    band that has no upper end leaves the figure at the top. Markers of raw values that N cannot
    resolve are hollow and grey. Classes are lines of their own, as further models are. Controls lie
    behind the data in grey, tinted with the colour of their network where there are several, and by
    the first method that is not linear alone; several draws of one control are one line, their
    mean, with a band that holds 95 % of draws. The horizontal axis names
    the layers if all models share them; else it is the relative depth, and layers of the same
    depth stand side by side. The vertical axis is logarithmic if the values span more than a factor
    of 20. Unknown values leave a gap.

    Parameters
    ----------
    profile
        What was measured.
    methods
        Registry names of the methods to show; by default all, but calibrated values of the first
        method only.
    ax
        Where to draw; a new figure by default. The legend stands to its right: make the figure with
        ``layout="constrained"`` to give it room.

    Raises
    ------
    InputError
        If the profile has no known estimate by these methods.
    MissingDependencyError
        If matplotlib is not installed.
    """
    shown = _uncrowded(profile) if methods is None else methods
    return draw_depths(estimate_rows(profile, shown), ax)


def _uncrowded(profile: Tables) -> list[str] | None:
    """All methods but the calibrated ones, whose bands overlap, except the first of these."""
    raw = calibrated_methods(rows_of(profile, "estimate"))
    return [method for method in profile.methods() if method not in list(raw)[1:]] or None


def draw_depths(frame: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Plot estimates that are rows with error bounds; see `plot_profile`."""
    frame = draws_merged(first_method_only(frame))
    axis = depth_axis(frame)
    n_layers = len(set(axis.positions.values()))
    target = ax or new_axes(width=min(max(7.2, 3.4 + 0.36 * n_layers), 13.0))
    styles = _styles(frame)
    top = top_of(frame)
    for run, of_run in runs_of(frame):
        for method, rows in of_run.groupby("method", sort=False):
            style = styles[run, str(method)]
            _draw(target, axis, bounded_by(rows, top) if style.calibrated else rows, style)
    _finish(target, axis, frame)
    show_legend(target, _legend_handles(frame, styles))
    return target


def _styles(frame: pd.DataFrame) -> Mapping[tuple[Run, str], _Style]:
    """Colour by model and marker by method; with one model, colour by method; controls are grey."""
    methods = list(dict.fromkeys(frame["method"]))
    linear = linear_methods(frame)
    by_run = run_colors(runs_of_data(frame))
    raw = calibrated_methods(frame)
    plain = list(dict.fromkeys(raw.get(method, method) for method in methods))
    colors = dict(zip(plain, cycle(PALETTE), strict=False))
    shapes = dict(zip(plain, cycle(_MARKERS), strict=False))
    by_method = {method: colors[raw.get(method, method)] for method in methods}
    markers = {method: shapes[raw.get(method, method)] for method in methods}
    of_controls = {
        (run, method): _Style(
            color=look.color, marker=markers[method], linear=False, dashes=_DASHES[look.dash]
        )
        for run, look in control_looks(frame, by_run).items()
        for method in methods
    }
    return of_controls | {
        (run, method): _Style(
            color=by_method[method] if len(by_run) == 1 else by_run[run],
            marker=markers[method],
            linear=method in linear,
            calibrated=method in raw,
        )
        for run in by_run
        for method in methods
    }


def _draw(ax: Axes, axis: DepthAxis, rows: pd.DataFrame, style: _Style) -> None:
    x = axis.place(rows)
    alpha = _PALE if style.calibrated else 0.16
    ax.fill_between(x, rows["low"], rows["high"], color=style.color, alpha=alpha, linewidth=0)
    if style.dashes is None and not style.calibrated:
        ax.vlines(x, rows["low"], rows["high"], color=style.color, alpha=0.6, linewidth=1.1)
    ax.plot(x, rows["value"].to_numpy(), **style.line())  # type: ignore[arg-type]
    hidden = unresolved(rows).to_numpy()
    if hidden.any() and not style.calibrated:
        at = np.asarray(x, dtype=np.float64)[hidden]
        look = style.line() | _UNRESOLVED
        ax.plot(at, rows["value"].to_numpy()[hidden], **look)  # type: ignore[arg-type]


def _finish(ax: Axes, axis: DepthAxis, frame: pd.DataFrame) -> None:
    families = set(frame["family"])
    kind = f"{families.pop()} dimension" if families in _NAMED_FAMILIES else "dimension"
    ylabel = kind if frame["method"].nunique() > 1 else f"{kind} ({frame['label'].iloc[0]})"
    samples = sorted(set(frame["n_samples"]))
    number = f"N = {samples[-1]:,}" if len(samples) == 1 else f"N up to {samples[-1]:,}"
    models = list(dict.fromkeys(model for model, _ in runs_of_data(frame)))
    title = f"{models[0]}, {number}" if len(models) == 1 else number
    dress(ax, title=title, xlabel=axis.label, ylabel=ylabel)
    if axis.ticks:
        positions, names = zip(*axis.ticks, strict=True)
        turned = sum(map(len, names)) > 40
        ax.set_xticks(
            positions,
            names,
            rotation=40 if turned else 0,
            ha="right" if turned else "center",
            rotation_mode="anchor" if turned else "default",
        )
    if calibrated_methods(frame):
        least = min(float(frame["low"].min()), float(frame["value"].min()))
        ax.set_ylim(0.9 * least, top_of(frame))
    if needs_log(frame["value"]):
        log_axis(ax, "y")
    elif not ax.get_ylim()[0] < 0:
        ax.set_ylim(bottom=0)


def _legend_handles(frame: pd.DataFrame, styles: Mapping[tuple[Run, str], _Style]) -> list[Artist]:
    """Name each model and, in grey, each method; with one model, only the methods; and controls."""
    line = require("matplotlib.lines", extra="plot", purpose="figures").Line2D
    runs = runs_of_data(frame)
    labels = method_labels(frame)
    methods = list(labels)
    controls: list[Artist] = [
        line(
            [],
            [],
            label=_control_label(run, rows, alone=frame["network"].nunique() == 1),
            **styles[run, rows["method"].iloc[0]].line(),
        )
        for run, rows in runs_of(frame)
        if run not in runs
    ]
    grey_marker = {"color": MUTED, "marker": "o"} | _UNRESOLVED
    raw = frame[~frame["method"].isin(calibrated_methods(frame))]
    notes = [line([], [], label=_NOT_RESOLVED, **grey_marker)] if unresolved(raw).any() else []
    if len(runs) == 1:
        return (
            [
                line([], [], label=labels[method], **styles[runs[0], method].line())
                for method in methods
            ]
            + controls
            + notes
        )
    handles: list[Artist] = [
        line([], [], color=styles[run, methods[0]].color, linewidth=2.4, label=run_label(run))
        for run in _named(runs)
    ]
    if len(methods) > 1:
        for method in methods:
            style = styles[runs[0], method]
            grey = replace(style, color=MUTED)
            handles.append(line([], [], label=labels[method], **grey.line()))
    return handles + controls + notes


def _control_label(run: Run, rows: pd.DataFrame, *, alone: bool) -> str:
    """Name a control and its method; also its network, if there are several."""
    network, method = rows[["network", "label"]].iloc[0]
    label = run_label(run)
    return f"{label.removeprefix(f'{network}, ') if alone else label} ({method})"


def _named(runs: list[Run]) -> list[Run]:
    """Choose the runs to name: of a model with many steps, the first and the last."""
    named = []
    for model in dict.fromkeys(model for model, _ in runs):
        own = [run for run in runs if run[0] == model]
        named += own if len(own) <= _MAX_STEPS_NAMED else [own[0], own[-1]]
    return named
