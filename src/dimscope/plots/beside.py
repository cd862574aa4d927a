"""Curves and points of an experiment beside those that a paper published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from dimscope.errors import InputError
from dimscope.plots._axes import INK, dress, log_axis, new_axes, show_legend
from dimscope.plots.studies import require_columns, styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MANY = 40


class StudyCurve(NamedTuple):
    """A curve of an experiment, or the published one that it stands beside.

    Attributes
    ----------
    label
        What the legend says.
    x, y
        The points.
    error
        Half the lengths of error bars; None for none.
    is_published
        Drawn dashed and hollow, in the colour of the curve before it: a published curve follows
        ours.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    error: Sequence[float] | None = None
    is_published: bool = False


def plot_study_curves(  # noqa: PLR0913 - curves, and what the axes are
    curves: Sequence[StudyCurve],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_names: Sequence[str] = (),
    logarithmic: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Curves of an experiment beside published ones.

    Parameters
    ----------
    curves
        Ours are solid; a published one is dashed, in the colour of the last one of ours before it.
    title, x_label, y_label
        Words of the figure.
    x_names
        Names of the points 0, 1, ... of the horizontal axis, such as layers.
    logarithmic
        ``"x"``, ``"y"``, ``"xy"`` or empty.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    InputError
        If there is no curve, or the parts of one have different lengths.
    MissingDependencyError
        If matplotlib is not installed.
    """
    if not curves:
        raise InputError("no curves: give at least one")
    for curve in curves:
        parts = [curve.x, curve.y, *([] if curve.error is None else [curve.error])]
        if len({len(part) for part in parts}) != 1:
            raise InputError(f"x, y and error of {curve.label!r} have different lengths")
    target = ax or new_axes(8.4)
    handles: list[Any] = []
    looks = styles()
    style = next(looks)
    is_first = True
    for curve in curves:
        if not curve.is_published and not is_first:
            style = next(looks)
        is_first = False
        look: dict[str, Any] = (
            {"ls": "--", "fillstyle": "none", "alpha": 0.75, "linewidth": 1.2}
            if curve.is_published
            else {"ls": style.dash, "linewidth": 1.8}
        )
        marker = "o" if len(curve.x) <= _MANY else ""
        handles.append(
            target.errorbar(
                curve.x, curve.y, curve.error, color=style.color, marker=marker, markersize=5,
                capsize=3, label=curve.label, **look,
            )
        )  # fmt: skip
    dress(target, title=title, xlabel=x_label, ylabel=y_label)
    for which in logarithmic:
        log_axis(target, which)
    if x_names:
        target.set_xticks(range(len(x_names)), x_names, rotation=30 if len(x_names) > 7 else 0)
    if "y" not in logarithmic:
        target.set_ylim(bottom=min(0.0, target.get_ylim()[0]))
    show_legend(target, handles)
    return target


def plot_study_points(  # noqa: PLR0913 - points, and what the axes are
    frame: pd.DataFrame,
    x: str,
    y: str,
    group: str,
    *,
    title: str,
    x_label: str,
    y_label: str,
    error: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A point for each run, coloured by group, with the line of least squares through all.

    Parameters
    ----------
    frame
        A row for each run.
    x, y, group
        Columns.
    title, x_label, y_label
        Words of the figure.
    error
        The column with half the lengths of vertical error bars; None for none.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    InputError
        If a column is missing.
    MissingDependencyError
        If matplotlib is not installed.
    """
    require_columns(frame, x, y, group, *([] if error is None else [error]))
    target = ax or new_axes(8.0)
    handles: list[Any] = []
    for style, (name, runs) in zip(styles(), frame.groupby(group, sort=False), strict=False):
        handles.append(
            target.errorbar(
                runs[x], runs[y], None if error is None else runs[error], ls="none",
                color=style.color, marker=style.marker, capsize=2, markersize=6, label=str(name),
            )
        )  # fmt: skip
    known = frame[[x, y]].dropna()
    if known[x].nunique() > 2:
        line = np.polynomial.Polynomial.fit(known[x], known[y], 1)
        ends = np.array([known[x].min(), known[x].max()])
        handles += target.plot(ends, line(ends), color=INK, linewidth=1.2, label="least squares")
    dress(target, title=title, xlabel=x_label, ylabel=y_label)
    show_legend(target, handles)
    return target
