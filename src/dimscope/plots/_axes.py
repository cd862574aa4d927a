"""The look that all figures share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dimscope._optional import require

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

INK = "#2A2F36"
MUTED = "#6B7280"
GRID = "#E6E8EC"
_SMALLEST_PLAIN = 0.005


def new_axes(width: float = 6.4, height: float = 4.2) -> Axes:
    """Make the axes of a new figure, sized in inches, with room for a legend beside them."""
    pyplot = require("matplotlib.pyplot", extra="plot", purpose="figures")
    axes: Axes = pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    return axes


def dress(ax: Axes, *, title: str, xlabel: str, ylabel: str) -> None:
    """Set titles, draw a quiet grid behind the data, and remove the box around it."""
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=INK, pad=10)
    ax.set_xlabel(xlabel, color=INK, labelpad=6)
    ax.set_ylabel(ylabel, color=INK, labelpad=6)
    ax.set_axisbelow(True)
    ax.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["bottom", "left"]].set_color("#B4B9C2")
    ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=9, length=3)


def log_axis(ax: Axes, which: str) -> None:
    """Make an axis logarithmic, with plain numbers at 1, 2 and 5 where they fit."""
    ticker = require("matplotlib.ticker", extra="plot", purpose="figures")
    getattr(ax, f"set_{which}scale")("log")
    axis = getattr(ax, f"{which}axis")
    low, high = sorted(axis.get_view_interval())
    axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
    if low >= _SMALLEST_PLAIN:
        axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_formatter(ticker.NullFormatter())


def fixed_ticks(ax: Axes, values: Sequence[float]) -> None:
    """Mark the horizontal axis at ``values``, as plain numbers."""
    ax.set_xticks(list(values), [f"{value:,g}" for value in values])
    ax.set_xticks([], minor=True)


def show_legend(
    ax: Axes, handles: Sequence[Artist], *, title: str = "", beside: float = 1.01
) -> None:
    """Put a legend to the right of the axes, where it hides no data.

    ``beside`` is the left end of the legend, in widths of the axes: leave room for a second axis.
    """
    legend = ax.legend(
        handles=list(handles),
        title=title or None,
        loc="upper left",
        bbox_to_anchor=(beside, 1.0),
        alignment="left",
        fontsize=9,
        title_fontsize=9,
        labelcolor=INK,
        frameon=False,
    )
    legend.get_title().set_color(MUTED)
