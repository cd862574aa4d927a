"""The figure of docs/belief.md: what TwoNN reads by depth, above what derivatives say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.belief.names import short, title

_STYLES = {
    "data": ("#1F4E8C", "-", 2.6),
    "phases": ("#7A7A7A", ":", 1.6),
    "affine_d1": ("#F4C9A0", "-", 1.2),
    "affine_d2": ("#EDA968", "-", 1.2),
    "affine_d4": ("#DD8436", "-", 1.2),
    "affine_d8": ("#B85F12", "-", 1.4),
    "smooth_d4": ("#A9D8B8", "-", 1.2),
    "smooth_d16": ("#5DB07C", "-", 1.2),
    "smooth_d64": ("#24794A", "-", 1.4),
    "smooth_matched": ("#24794A", "--", 1.8),
    "picture_matched": ("#B85F12", "--", 1.8),
}
_ROWS = (
    ("participation_ratio", "directions that act\n(tangent participation ratio)"),
    ("rank", "true local dimension\n(tangent rank)"),
    ("log_volume", "ln volume per direction,\nrelative to the input"),
)


def draw(
    summary: pd.DataFrame,
    spectra: Mapping[tuple[str, str], pd.DataFrame],
    samples: Sequence[str],
) -> Figure:
    """Draw a column for each network.

    Parameters
    ----------
    summary
        Mean and standard deviation of what TwoNN reads: columns model, sample, layer, layer_index.
    spectra
        By network and family, a row for each layer.
    samples
        In the order of the legend.
    """
    models = list(dict.fromkeys(summary["model"]))
    figure, grid = plt.subplots(
        1 + len(_ROWS), len(models), figsize=(12, 14), sharex=True, sharey="row",
        height_ratios=[2, 1, 1, 1],
    )  # fmt: skip
    for column, model in enumerate(models):
        top = grid[0, column]
        top.set_title(f"EfficientNet-Lite0, {model}")
        for sample in samples:
            own = summary[(summary["model"] == model) & (summary["sample"] == sample)]
            _band(top, own.sort_values("layer_index"), sample)
        for row, (what, _) in enumerate(_ROWS, start=1):
            for (of, family), frame in spectra.items():
                if of == model:
                    _line(grid[row, column], frame, what, family)
        layers = summary[summary["model"] == model].sort_values("layer_index")["layer"]
        names = [short(name) for name in dict.fromkeys(layers)]
        grid[-1, column].set_xticks(range(len(names)), names, rotation=60)
    grid[0, 0].set(ylabel="TwoNN", yscale="log", yticks=[1, 2, 4, 8, 16, 32, 64, 128])
    grid[0, 0].set_yticklabels(["1", "2", "4", "8", "16", "32", "64", "128"])
    for row, (what, label) in enumerate(_ROWS, start=1):
        grid[row, 0].set_ylabel(label)
        if what != "log_volume":
            grid[row, 0].set_yscale("log", base=2)
            grid[row, 0].yaxis.set_major_formatter("{x:g}")
    for axes in grid.flat:
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=4, frameon=False)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    return figure


def _band(axes: Axes, rows: pd.DataFrame, sample: str) -> None:
    color, dashes, width = _STYLES[sample]
    mean, spread = rows["mean"].to_numpy(), rows["std"].to_numpy()
    x = np.arange(len(mean))
    axes.plot(x, mean, dashes, color=color, lw=width, label=title(sample))
    axes.fill_between(x, mean - spread, mean + spread, color=color, alpha=0.18, lw=0)


def _line(axes: Axes, frame: pd.DataFrame, what: str, family: str) -> None:
    color, dashes, width = _STYLES[family]
    values = frame[what].to_numpy()
    if what == "log_volume":
        values = (values - values[0]) / frame["dimension"].to_numpy()
    axes.plot(np.arange(len(values)), values, dashes, color=color, lw=width)
