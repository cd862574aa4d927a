"""Controls in figures of depth: which of their rows are drawn, and their look beside the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pandas as pd

from dimscope.plots.colors import control_colors, tinted
from dimscope.plots.names import Run, linear_methods, subject_label
from dimscope.plots.rows import Z95, data_rows, runs_of

_DASHES = ("dash", "dot", "dashdot", "longdash")
_DRAW = ["network", "sample", "step", "group", "layer", "method", "n_samples"]


@dataclass(frozen=True, kw_only=True)
class ControlLook:
    """The look of a control.

    Attributes
    ----------
    color
        A grey, tinted with the colour of its network where there are several.
    dash
        The same for all controls of one name, in Plotly's words.
    """

    color: str
    dash: str


def control_looks(frame: pd.DataFrame, colors: Mapping[Run, str]) -> dict[Run, ControlLook]:
    """Choose a look for every control among rows; ``colors`` are those of the data, by run.

    Rows that hold no data but controls only are drawn as data are, so there are none then.
    """
    controls = frame[frame["sample"] != "data"]
    if controls.empty or data_rows(frame).empty:
        return {}
    names = list(dict.fromkeys(controls["sample"]))
    dashes = dict(zip(names, cycle(_DASHES), strict=False))
    greys = control_colors(names)
    looks: dict[Run, ControlLook] = {}
    for run, rows in runs_of(controls):
        sample, network = rows[["sample", "network"]].iloc[0]
        tint = colors.get((network, run[1])) if len(colors) > 1 else None
        looks[run] = ControlLook(color=tinted(greys[sample], tint), dash=dashes[sample])
    return looks


def first_method_only(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep of every control the first method that is not linear, and all rows of the data."""
    if data_rows(frame).empty:
        return frame
    linear = linear_methods(frame)
    methods = list(dict.fromkeys(frame["method"]))
    shown = next((method for method in methods if method not in linear), methods[0])
    kept: pd.DataFrame = frame[(frame["sample"] == "data") | (frame["method"] == shown)]
    return kept


def draws_merged(frame: pd.DataFrame) -> pd.DataFrame:
    """Make one row of the draws of a control: their mean, with bounds that hold 95 % of draws.

    ``stderr`` is then the standard deviation of the draws, and ``model`` says how many there are. A
    control that was drawn once stays as it is.
    """
    controls = frame[frame["sample"] != "data"]
    if controls.empty:
        return frame
    of_control = controls.groupby(["network", "sample"], sort=False)
    n_draws = of_control["replicate"].transform("nunique")
    rows: list[dict[Any, Any]] = controls.to_dict("records")
    names = [subject_label(row | {"model": row["network"], "replicate": 0}) for row in rows]
    names = [
        name if n == 1 else f"{name}, {n} draws" for name, n in zip(names, n_draws, strict=True)
    ]
    groups = controls.assign(model=names).groupby(_DRAW, sort=False, dropna=False)
    merged = [own if len(own) == 1 else _mean_of(own) for _, own in groups]
    return pd.concat([data_rows(frame), *merged], ignore_index=True)


def _mean_of(draws: pd.DataFrame) -> pd.DataFrame:
    mean, scatter = draws["value"].mean(), draws["value"].std(ddof=1)
    bounds = {"low": max(mean - Z95 * scatter, 0.01 * mean), "high": mean + Z95 * scatter}
    return draws.iloc[:1].assign(value=mean, stderr=scatter, **bounds)
