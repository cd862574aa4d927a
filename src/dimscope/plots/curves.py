"""Scale curves, decimation and spectra of one model: a line for each layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from dimscope.errors import InputError
from dimscope.plots._axes import dress, fixed_ticks, log_axis, new_axes, show_legend
from dimscope.plots.colors import layer_colors
from dimscope.plots.names import shorten
from dimscope.plots.rows import curve_rows, decimation_rows, needs_log
from dimscope.results import Tables

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_MAX_LAYERS_NAMED = 16


def plot_scale_curves(
    profile: Tables,
    *,
    model: str | None = None,
    layers: Sequence[str] | None = None,
    against: Literal["rank", "distance"] = "rank",
    ax: Axes | None = None,
) -> Axes:
    """Dimension against scale, a line for each layer, with 95 % error bands.

    Parameters
    ----------
    profile
        What was measured.
    model
        The model to show; the first by default.
    layers
        The layers to show; all by default.
    against
        The scale: ``"rank"``, the outer neighbour rank n2, which is the same in all layers, or
        ``"distance"``, the mean distance to that neighbour in the units of the representation.
    ax
        Where to draw, as in `plot_profile`; a new figure by default.

    Raises
    ------
    InputError
        If there are no scale curves to show.
    MissingDependencyError
        If matplotlib is not installed.
    """
    columns = {"rank": "rank", "distance": "scale"}
    if against not in columns:
        raise InputError(f"unknown scale {against!r}: choose 'rank' or 'distance'")
    rows = curve_rows(profile, "scale", model=model, layers=layers)
    rows = rows.assign(x=rows[columns[against]].astype(float))
    target = ax or new_axes()
    handles = _each_layer(rows.sort_values(["layer_index", "rank"]), _band(target))
    method = rows["label"].iloc[0]
    xlabel = "neighbour rank n2" if against == "rank" else "distance"
    ylabel = f"intrinsic dimension ({method})"
    dress(target, title=rows["model"].iloc[0], xlabel=xlabel, ylabel=ylabel)
    _scale_axes(target, rows)
    if against == "rank":
        fixed_ticks(target, sorted(set(rows["x"])))
    show_legend(target, handles, title="layer")
    return target


def plot_decimation(
    profile: Tables,
    method: str | None = None,
    *,
    model: str | None = None,
    layers: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Dimension against the number of points, a line for each layer, with 95 % error bars.

    Parameters
    ----------
    profile
        What was measured.
    method
        Registry name of the method; the first that was decimated by default.
    model
        The model to show; the first by default.
    layers
        The layers to show; all by default.
    ax
        Where to draw, as in `plot_profile`; a new figure by default.

    Raises
    ------
    InputError
        If there is no decimation to show.
    MissingDependencyError
        If matplotlib is not installed.
    """
    rows = decimation_rows(profile, method=method, model=model, layers=layers)
    rows = rows.assign(x=rows["n_samples"].astype(float))
    target = ax or new_axes()
    handles = _each_layer(rows, _bars(target))
    ylabel = f"dimension ({rows['label'].iloc[0]})"
    dress(target, title=rows["model"].iloc[0], xlabel="number of points N", ylabel=ylabel)
    _scale_axes(target, rows)
    fixed_ticks(target, sorted(set(rows["x"])))
    show_legend(target, handles, title="layer")
    return target


def plot_spectra(
    profile: Tables,
    *,
    model: str | None = None,
    layers: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Share of the variance on each principal axis, a line for each layer, both axes logarithmic.

    Parameters
    ----------
    profile
        What was measured.
    model
        The model to show; the first by default.
    layers
        The layers to show; all by default.
    ax
        Where to draw, as in `plot_profile`; a new figure by default.

    Raises
    ------
    InputError
        If there are no spectra to show.
    MissingDependencyError
        If matplotlib is not installed.
    """
    rows = curve_rows(profile, "spectrum", model=model, layers=layers)
    rows = rows[rows["value"] > 0].assign(x=rows["rank"].astype(float))
    target = ax or new_axes()
    handles = _each_layer(rows.sort_values(["layer_index", "rank"]), _line(target))
    dress(
        target,
        title=rows["model"].iloc[0],
        xlabel="principal axis",
        ylabel="share of the total variance",
    )
    log_axis(target, "x")
    log_axis(target, "y")
    show_legend(target, handles, title="layer")
    return target


#: Draws one layer's rows, at the positions in their column ``x``, in a colour; returns the artist
#: for the legend.
_Draw = Callable[[pd.DataFrame, str], "Artist"]


def _line(ax: Axes, **style: Any) -> _Draw:
    def draw(rows: pd.DataFrame, color: str) -> Artist:
        label = shorten(rows["layer"].iloc[0])
        return ax.plot(
            rows["x"],
            rows["value"],
            label=label,
            color=color,
            linewidth=1.7,
            markeredgecolor="white",
            **style,
        )[0]

    return draw


def _band(ax: Axes) -> _Draw:
    def draw(rows: pd.DataFrame, color: str) -> Artist:
        ax.fill_between(rows["x"], rows["low"], rows["high"], color=color, alpha=0.14, linewidth=0)
        return _line(ax, marker="o", markersize=4.5, markeredgewidth=0.5)(rows, color)

    return draw


def _bars(ax: Axes) -> _Draw:
    def draw(rows: pd.DataFrame, color: str) -> Artist:
        ax.vlines(rows["x"], rows["low"], rows["high"], color=color, alpha=0.7, linewidth=1.3)
        return _line(ax, marker="o", markersize=6)(rows, color)

    return draw


def _each_layer(rows: pd.DataFrame, draw: _Draw) -> list[Artist]:
    """Draw every layer, and return the artists of those to name: all, or evenly chosen ones."""
    groups = [group for _, group in rows.groupby("layer", sort=False)]
    colors = layer_colors(len(groups))
    handles = [draw(group, color) for group, color in zip(groups, colors, strict=True)]
    return handles[:: -(-len(handles) // _MAX_LAYERS_NAMED)]


def _scale_axes(ax: Axes, rows: pd.DataFrame) -> None:
    log_axis(ax, "x")
    if needs_log(rows["value"]):
        log_axis(ax, "y")
    else:
        ax.set_ylim(bottom=0)
