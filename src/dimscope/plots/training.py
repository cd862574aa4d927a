"""Dimension during training: heat map, curves, phase portrait and film."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dimscope._optional import require
from dimscope.plots._axes import INK, MUTED, dress, log_axis, new_axes, show_legend
from dimscope.plots.colors import layer_colors
from dimscope.plots.depth import draw_depths
from dimscope.plots.names import shorten
from dimscope.plots.rows import Z95, all_steps, metric_names, needs_log
from dimscope.results import Tables

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_LOG_STEPS = 20
_MAX_TICKS = 30
_DASHES = ("--", ":", "-.")


def plot_step_heatmap(
    profile: Tables,
    method: str | None = None,
    *,
    model: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Dimension as colour, with a row for each layer and a column for each measured step.

    All columns have the same width, whatever the steps between them. Unknown values are blank.
    Colours are logarithmic if the values span more than a factor of 20.

    Parameters
    ----------
    profile
        What a tracker measured.
    method, model
        The first of the profile by default.
    ax
        Where to draw; a new figure by default. The colour bar takes some of its room.

    Raises
    ------
    InputError
        If the profile has no steps, or no such method or model.
    MissingDependencyError
        If matplotlib is not installed.
    """
    rows = all_steps(profile, method=method, model=model)
    colors = require("matplotlib.colors", extra="plot", purpose="figures")
    table = rows.pivot(index="layer", columns="step", values="value")
    table = table.loc[list(dict.fromkeys(rows["layer"]))]
    values = table.to_numpy(float)
    is_log = needs_log(rows["value"])
    norm = (colors.LogNorm if is_log else colors.Normalize)(
        vmin=np.nanmin(values) if is_log else 0.0, vmax=np.nanmax(values)
    )
    n_layers, n_steps = values.shape
    target = ax or new_axes(min(max(6.4, 3.0 + 0.3 * n_steps), 13.0), max(2.8, 0.4 * n_layers + 1))
    mesh = target.pcolormesh(
        np.arange(n_steps + 1) - 0.5, np.arange(n_layers + 1) - 0.5, values, norm=norm
    )
    dress(target, title=str(rows["model"].iloc[0]), xlabel="training step", ylabel="layer")
    target.grid(visible=False)
    target.set_yticks(range(n_layers), [shorten(name) for name in table.index])
    stride = -(-n_steps // _MAX_TICKS)
    named = [(i, f"{step:,}") for i, step in enumerate(table.columns)][::stride]
    target.set_xticks(
        [i for i, _ in named], [name for _, name in named], rotation=40, ha="right", fontsize=8
    )
    target.figure.colorbar(mesh, ax=target, label=f"dimension ({rows['label'].iloc[0]})")
    return target


def plot_training(  # noqa: PLR0913 - what to show of a table
    profile: Tables,
    method: str | None = None,
    *,
    model: str | None = None,
    layers: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Dimension of chosen layers against training steps, with 95 % bands, and loss and accuracy.

    If the steps span more than a factor of 20, their axis is logarithmic from step 1 on, with
    step 0 at its left end. The metrics, in grey, have an axis of their own at the right.

    Parameters
    ----------
    profile
        What a tracker measured.
    method, model
        The first of the profile by default.
    layers
        The layers to show; all by default.
    metrics
        The metrics to show; by default all that the ticks have, with their values at the tick.
        ``["mean_loss"]`` shows the mean since the tick before, an empty list nothing.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    InputError
        If the profile has no steps, or no such method, model, layer or metric.
    MissingDependencyError
        If matplotlib is not installed.
    """
    rows = all_steps(profile, method=method, model=model, layers=layers)
    target = ax or new_axes(7.6)
    groups = [group for _, group in rows.groupby("layer", sort=False)]
    handles: list[Artist] = []
    for group, color in zip(groups, layer_colors(len(groups)), strict=True):
        x = group["step"].to_numpy(float)
        target.fill_between(x, group["low"], group["high"], color=color, alpha=0.14, linewidth=0)
        label = shorten(group["layer"].iloc[0])
        handles += target.plot(x, group["value"], "o-", color=color, markersize=4, label=label)
    ylabel = f"dimension ({rows['label'].iloc[0]})"
    dress(target, title=str(rows["model"].iloc[0]), xlabel="training step", ylabel=ylabel)
    if needs_log(rows["value"]):
        log_axis(target, "y")
    else:
        target.set_ylim(bottom=0)
    steps = rows["step"].astype(float)
    if steps.max() > _LOG_STEPS * max(1.0, steps[steps > 0].min()):
        target.set_xscale("symlog", linthresh=1)
        target.set_xlim(left=0)
    of_metrics = _draw_metrics(target, profile, str(rows["network"].iloc[0]), metrics)
    show_legend(target, [*handles, *of_metrics], beside=1.14 if of_metrics else 1.01)
    return target


def plot_phase_portrait(  # noqa: PLR0913 - what to show of a table
    profile: Tables,
    method: str | None = None,
    *,
    metric: str = "accuracy",
    model: str | None = None,
    layers: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The path of training in the plane of dimension against accuracy, a line for each layer.

    A path begins at the hollow marker and ends at the full one. Ticks without the metric are left
    out.

    Parameters
    ----------
    profile
        What a tracker measured.
    method, model
        The first of the profile by default.
    metric
        The metric on the horizontal axis.
    layers
        The layers to show; all by default.
    ax
        Where to draw; a new figure by default.

    Raises
    ------
    InputError
        If the profile has no steps, no such method, model or layer, or its ticks lack the metric.
    MissingDependencyError
        If matplotlib is not installed.
    """
    rows = all_steps(profile, method=method, model=model, layers=layers)
    metric_names(profile, str(rows["network"].iloc[0]), [metric])
    known = profile.ticks[["model", "step", metric]].rename(columns={"model": "network"})
    rows = rows.merge(known, on=["network", "step"], how="left").dropna(subset=[metric, "value"])
    target = ax or new_axes()
    groups = [group for _, group in rows.groupby("layer", sort=False)]
    handles: list[Artist] = []
    for group, color in zip(groups, layer_colors(len(groups)), strict=True):
        x, y = group[metric].to_numpy(float), group["value"].to_numpy(float)
        target.errorbar(x, y, yerr=Z95 * group["stderr"], fmt="none", ecolor=color, alpha=0.4)
        label = shorten(group["layer"].iloc[0])
        handles += target.plot(x, y, "-", color=color, linewidth=1.5, label=label)
        target.plot(x[:1], y[:1], "o", color=color, markerfacecolor="white", markersize=7)
        target.plot(x[-1:], y[-1:], "o", color=color, markersize=7)
    ylabel = f"dimension ({rows['label'].iloc[0]})"
    dress(target, title=str(rows["model"].iloc[0]), xlabel=metric, ylabel=ylabel)
    if needs_log(rows["value"]):
        log_axis(target, "y")
    show_legend(target, handles, title="layer")
    return target


def animate_profile(
    profile: Tables,
    method: str | None = None,
    *,
    model: str | None = None,
    ax: Axes | None = None,
    interval: int = 300,
) -> FuncAnimation:
    """Dimension against depth as a film, with a frame for each measured training step.

    Parameters
    ----------
    profile
        What a tracker measured.
    method, model
        The first of the profile by default.
    ax
        Where to draw; a new figure by default.
    interval
        Milliseconds per frame.

    Returns
    -------
    matplotlib.animation.FuncAnimation
        Keep it while it is shown; ``animation.save("film.gif")`` writes it.

    Raises
    ------
    InputError
        If the profile has no steps, or no such method or model.
    MissingDependencyError
        If matplotlib is not installed.
    """
    animation = require("matplotlib.animation", extra="plot", purpose="films")
    rows = all_steps(profile, method=method, model=model)
    target = ax or new_axes(7.2)
    steps = list(dict.fromkeys(rows["step"]))
    top, bottom = rows["high"].max(), rows["low"].min()

    def draw(step: int) -> list[Any]:
        target.clear()
        draw_depths(rows[rows["step"] == step], target)
        legend = target.get_legend()
        if legend is not None:
            legend.remove()
        target.set_ylim(bottom if target.get_yscale() == "log" else 0, 1.05 * top)
        target.set_title(f"step {step:,}", loc="right", fontsize=10, color=INK)
        return list(target.get_children())

    found: FuncAnimation = animation.FuncAnimation(
        target.get_figure(root=True), draw, frames=steps, interval=interval
    )
    return found


def _draw_metrics(
    ax: Axes, profile: Tables, model: str, metrics: Sequence[str] | None
) -> list[Artist]:
    """Draw the metrics against steps, on an axis at the right."""
    names = metric_names(profile, model, metrics)
    if not names:
        return []
    ticks = profile.ticks[profile.ticks["model"] == model].sort_values("step")
    right = ax.twinx()
    handles: list[Artist] = []
    for i, name in enumerate(names):
        known = ticks.dropna(subset=[name])
        style: dict[str, Any] = {
            "color": MUTED,
            "linestyle": _DASHES[i % len(_DASHES)],
            "linewidth": 1.3,
        }
        handles += right.plot(known["step"], known[name], label=name, **style)
    right.set_ylabel(", ".join(names), color=MUTED)
    right.spines[["top", "left", "bottom"]].set_visible(False)
    right.spines["right"].set_color("#B4B9C2")
    right.tick_params(colors=MUTED, labelsize=9, length=3)
    right.set_ylim(bottom=min(0.0, right.get_ylim()[0]))
    return handles
