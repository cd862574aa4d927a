"""Tangent spectra of controls against depth, as an interactive figure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.plots.depth_axis import DepthAxis, depth_axis
from dimscope.plots.rows import runs_of
from dimscope.plots.tangents import sample_colors, sample_name, tangent_rows
from dimscope.report.figures import LINEAR, LOG, figure_json, line_traces, relayout, x_axis, y_axis
from dimscope.report.panels import Chip, Group, Panel
from dimscope.results import Tables

_MAX_TICKS = 24
#: What is shown at a time: the title of the vertical axis, whether it is logarithmic, and the
#: dashes of each method.
_VIEWS: dict[str, tuple[str, bool, dict[str, str]]] = {
    "directions": (
        "directions",
        False,
        {"tangent_rank": "dot", "tangent_participation_ratio": "solid"},
    ),
    "log-volume": ("log-volume", False, {"tangent_log_volume": "solid"}),
    "stretch": (
        "stretch",
        True,
        {"tangent_largest_stretch": "solid", "tangent_smallest_stretch": "dot"},
    ),
}


def tangent_panel(profile: Tables) -> Panel | None:
    """Plot tangent spectra against depth; None where there are none."""
    methods = [method for *_, dashes in _VIEWS.values() for method in dashes]
    try:
        frame = tangent_rows(profile, methods)
    except InputError:
        return None
    axis = depth_axis(frame, max_ticks=_MAX_TICKS)
    colors = sample_colors(frame)
    views = [
        Chip(label=name, value=name, pressed=name == "directions", relayout=_relayout(name))
        for name in _VIEWS
    ]
    traces = [
        trace
        for _, rows in runs_of(frame)
        for view in views
        for trace in _traces(rows, view, colors, axis)
    ]
    samples = [Chip(label=name, value=name, color=color) for name, color in colors.items()]
    return Panel(
        name="tangents",
        title="Tangent spectra of the controls",
        figure=figure_json(traces, x_axis(axis), y_axis("directions", log=False)),
        groups=(
            Group(title="control", key="sample", chips=samples),
            Group(title="show", key="view", chips=views, single=True),
        ),
        reading=(
            "What the network does to the directions of a control, from derivatives: no estimator, "
            "scale or number of samples is involved. The rank (dotted) is the true local "
            "dimension, and can only fall from layer to layer. The participation ratio (solid) "
            "says how many directions act: it falls where the network squeezes. Stretches are the "
            "largest and, dotted, the smallest; the log-volume is the sum of the logarithms of "
            "all. Bands are 95 % intervals of the mean over points. At ReLU and max-pooling, "
            "derivatives are those of the piece in which a point lies."
        ),
    )


def _relayout(view: str) -> dict[str, Any]:
    title, log, _ = _VIEWS[view]
    usual = LOG if log else LINEAR | {"rangemode": "normal"}
    shown = LINEAR if view == "directions" else usual
    return relayout("yaxis", shown | {"title.text": title})


def _traces(
    rows: pd.DataFrame, view: Chip, colors: dict[str, str], axis: DepthAxis
) -> list[dict[str, Any]]:
    name = sample_name(rows.iloc[0])
    traces = []
    for method, dash in _VIEWS[view.value][2].items():
        own = rows[rows["method"] == method]
        if not own.empty:
            traces += line_traces(
                own,
                axis.place(own),
                color=colors[name],
                meta={"sample": name, "view": view.value},
                line={"dash": dash},
                marker={"size": 5},
                visible=view.pressed,
            )
    return traces
