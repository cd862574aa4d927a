"""Dimension against scale by several methods, with the plateau."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dimscope._format import with_error
from dimscope.plots._axes import INK, dress, log_axis, new_axes, show_legend
from dimscope.plots.colors import PALETTE
from dimscope.plots.rows import Z95, needs_log
from dimscope.results.scales import ScaleCurves

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

_MARKERS = ("o", "s", "^")
_PLATEAU = "#E69F00"


def plot_scale_curve(curves: ScaleCurves, ax: Axes | None = None) -> Axes:
    """Dimension against distance, a line for each method, 95 % error bands, the plateau shaded.

    The distances of the methods are comparable, not equal: for Gride and decimated TwoNN the mean
    distance to the outer neighbour, for the correlation integral a radius. An unknown error leaves
    out the band.

    Parameters
    ----------
    curves
        What `dimscope.scale_curve` found.
    ax
        Where to draw; a new figure by default. The legend stands to its right: make the figure with
        ``layout="constrained"`` to give it room.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    """
    target = ax or new_axes()
    handles: list[Artist] = []
    for curve, color, marker in zip(curves.curves, PALETTE, _MARKERS, strict=False):
        half = Z95 * curve.stderrs
        low, high = curve.values - half, curve.values + half
        target.fill_between(curve.scales, low, high, color=color, alpha=0.14, linewidth=0)
        label = curve.label
        if curve.n_points is not None:
            label += ", fewer points"
        handles += target.plot(
            curve.scales,
            curve.values,
            label=label,
            color=color,
            marker=marker,
            markersize=5.5,
            markeredgecolor="white",
            markeredgewidth=0.7,
            linewidth=1.7,
        )
    if plateau := curves.plateau:
        shade = target.axvspan(*plateau.scales, color=_PLATEAU, alpha=0.12, linewidth=0, zorder=0)
        target.hlines(plateau.value, *plateau.scales, color=INK, linestyle="--", linewidth=1.2)
        shade.set_label(f"plateau: {with_error(plateau.value, plateau.stderr)}")
        handles.append(shade)
    title = f"N = {curves.n_samples:,}" + ("" if plateau else ", no plateau")
    dress(target, title=title, xlabel="distance", ylabel="intrinsic dimension")
    log_axis(target, "x")
    if needs_log(curves.to_frame()["value"]):
        log_axis(target, "y")
    else:
        target.set_ylim(bottom=0)
    show_legend(target, handles)
    return target
