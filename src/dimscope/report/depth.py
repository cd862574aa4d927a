"""The dimension of every layer against depth, as interactive figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import pandas as pd

from dimscope.plots.colors import PALETTE, run_colors
from dimscope.plots.controls import ControlLook, control_looks, draws_merged
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
    data_rows,
    estimate_rows,
    last_step,
    needs_log,
    runs_of,
    runs_of_data,
    top_of,
    unresolved,
)
from dimscope.report.figures import (
    figure_json,
    line_traces,
    log_group,
    relayout,
    safe,
    x_axis,
    y_axis,
)
from dimscope.report.panels import MARKERS, Chip, Group, Panel
from dimscope.report.summary import primary_method
from dimscope.results import Tables

_GREY = "#8C8C8C"
_MAX_TICKS = 24
_MANY_LAYERS = 30
_MAX_CONTROLS_OPEN = 4
_ON_CONTROLS = (
    " Grey, dashed lines are controls: inputs of known dimension that went through the same "
    "network; several draws of one are their mean, with a band that holds 95 % of draws. What the "
    "data do within the controls is no evidence about the data."
)


def depth_panel(profile: Tables) -> Panel:
    """Plot the dimension against depth: every model, step and method that is not linear."""
    frame = estimate_rows(profile)
    frame = frame[frame["value"].notna().groupby(frame["method"]).transform("any")]
    nonlinear = frame[~frame["method"].isin(linear_methods(frame))]
    frame = draws_merged(frame if nonlinear.empty else nonlinear)
    kind = "intrinsic dimension" if set(frame["family"]) == {"intrinsic"} else "dimension"
    axis = depth_axis(frame, max_ticks=_MAX_TICKS)
    colors = run_colors(runs_of_data(frame))
    looks = control_looks(frame, colors)
    methods = _method_chips(frame, single=len(colors) == 1)
    runs = _run_chips(colors, looks)
    drawn = sorted(runs_of(frame), key=lambda one: one[0] not in looks)  # controls lie behind
    top = top_of(frame)
    traces = [
        trace
        for run, rows in drawn
        for chip in methods
        for trace in _run_traces(rows, runs[run], chip, (axis, top), looks.get(run))
    ]
    log = needs_log(frame["value"])
    return Panel(
        name="depth",
        title="Dimension through the layers",
        figure=figure_json(traces, x_axis(axis), y_axis(kind, log)),
        groups=(
            Group(title="model", key="run", chips=list(runs.values())),
            Group(title="method", key="method", chips=methods),
            log_group(log),
        ),
        reading=(
            "Each point is one layer; bands and bars are 95 % intervals of the estimate and do not "
            "include its bias. Compare shapes rather than values: estimates lie below the true "
            "dimension, the further the higher it is and the fewer the points. Dotted lines and "
            "pale bands are calibrated: the dimensions at which sets of known dimension read as "
            "much, whichever family they are of; a band that leaves the figure at the top has no "
            "upper end. A hollow grey marker is a value that this many points cannot resolve. A "
            "gap is an unknown value." + (_ON_CONTROLS if looks else "")
        ),
    )


def _method_chips(frame: pd.DataFrame, *, single: bool) -> list[Chip]:
    """Give each method a marker and, with a ``single`` run, a colour of its own.

    A calibrated method has those of the raw one, and starts pressed with it.
    """
    shown = primary_method(frame)
    labels = method_labels(frame)
    raw = calibrated_methods(frame)
    plain = dict.fromkeys(raw.get(method, method) for method in labels)
    looks = dict(zip(plain, zip(cycle(MARKERS), cycle(PALETTE), strict=False), strict=False))
    return [
        Chip(
            label=labels[method],
            value=method,
            pressed=raw.get(method, method) == shown,
            marker=None if method in raw else looks[raw.get(method, method)][0],
            color=looks[raw.get(method, method)][1] if single else None,
            dotted=method in raw,
        )
        for method in labels
    ]


def _run_chips(colors: Mapping[Run, str], looks: Mapping[Run, ControlLook]) -> dict[Run, Chip]:
    """Let the reader choose models and controls; of many controls, the first start pressed."""
    controls = {run: place for place, run in enumerate(looks)}
    return {
        run: Chip(
            label=run_label(run),
            value=run_label(run),
            color=color,
            dashed=run in looks,
            pressed=controls.get(run, 0) < _MAX_CONTROLS_OPEN,
        )
        for run, color in {**colors, **{run: look.color for run, look in looks.items()}}.items()
    }


def _run_traces(
    rows: pd.DataFrame,
    run: Chip,
    method: Chip,
    frame: tuple[DepthAxis, float],
    look: ControlLook | None,
) -> list[dict[str, Any]]:
    """The traces of one method on one run; ``frame`` has the axis of depths and the upper end."""
    axis, top = frame
    own = rows[rows["method"] == method.value]
    color = run.color if look else method.color or run.color
    style: dict[str, Any] = {"marker": _markers(own, method, color or "")}
    if look:
        style["marker"] |= {"size": 4}
        style["line"] = {"dash": look.dash, "width": 1.5}
    if method.dotted:
        own = bounded_by(own, top)
        style = {"mode": "lines", "line": {"dash": "dot", "width": 1.8}, "pale": True}
    return line_traces(
        own,
        axis.place(own),
        color=color,
        meta={"run": run.value, "method": method.value},
        visible=method.pressed and run.pressed,
        **style,
    )


def _markers(rows: pd.DataFrame, chip: Chip, color: str) -> dict[str, Any]:
    """The markers of a line, hollow and grey where N cannot resolve the value."""
    size = 8 if len(rows) < _MANY_LAYERS else 5
    hidden = unresolved(rows)
    if not hidden.any():
        return {"symbol": chip.marker, "size": size}
    return {
        "symbol": [f"{chip.marker}-open" if one else chip.marker for one in hidden],
        "color": [_GREY if one else color for one in hidden],
        "size": size,
    }


def linear_panel(profile: Tables) -> Panel | None:
    """Plot the intrinsic beside linear and ambient dimensions; None without both kinds."""
    frame = data_rows(last_step(estimate_rows(profile)))
    linear = linear_methods(frame) & set(frame.loc[frame["value"].notna(), "method"])
    if not linear or (first := primary_method(frame)) in linear:
        return None
    labels = method_labels(frame)
    methods = _beside_chips([first, *(method for method in labels if method in linear)], labels)
    traces: list[dict[str, Any]] = []
    models: list[Chip] = []
    for model, rows in frame.groupby("model", sort=False):
        axis = depth_axis(rows, max_ticks=_MAX_TICKS)
        named = {name: x_axis(axis)[name] for name in ("tickvals", "ticktext")}
        changes = relayout("xaxis", named)
        chip = Chip(label=str(model), value=str(model), pressed=not models, relayout=changes)
        models.append(chip)
        traces += _beside(rows.sort_values("layer_index", kind="stable"), chip, methods, axis)
    first_axis = depth_axis(frame[frame["model"] == models[0].value], max_ticks=_MAX_TICKS)
    return Panel(
        name="linear",
        title="Intrinsic beside linear dimension",
        figure=figure_json(traces, x_axis(first_axis), y_axis("dimension", log=True)),
        groups=(
            Group(title="model", key="model", chips=models, single=True),
            Group(title="method", key="method", chips=[*methods, _AMBIENT]),
            log_group(log=True),
        ),
        reading=(
            "Linear dimensions count the directions that carry variance; the intrinsic dimension "
            "counts the coordinates of the surface that the points lie on. Where the linear "
            "dimension is far larger, that surface is curved. Both lie below the ambient "
            "dimension, the number of units."
        ),
    )


_AMBIENT = Chip(label="Ambient dimension", value="ambient", color=_GREY, dashed=True)


def _beside_chips(methods: Sequence[str], labels: Mapping[str, str]) -> list[Chip]:
    """Draw the first method, the intrinsic one, solid and the linear ones dashed."""
    return [
        Chip(
            label=labels[method],
            value=method,
            color=color,
            marker="circle",
            dashed=method != methods[0],
        )
        for method, color in zip(methods, cycle(PALETTE), strict=False)
    ]


def _beside(
    rows: pd.DataFrame, model: Chip, methods: Sequence[Chip], axis: DepthAxis
) -> list[dict[str, Any]]:
    """Draw one model's ambient dimension and its lines."""
    meta = {"model": model.value}
    traces = [_ambient(rows.drop_duplicates("layer"), axis, meta) | {"visible": model.pressed}]
    for chip in methods:
        own = rows[rows["method"] == chip.value]
        traces += line_traces(
            own,
            axis.place(own),
            color=chip.color,
            marker={
                "symbol": "circle-open" if chip.dashed else "circle",
                "size": 8 if len(own) < _MANY_LAYERS else 5,
            },
            line={"dash": "dash" if chip.dashed else "solid"},
            visible=model.pressed,
            meta=meta | {"method": chip.value},
        )
    return traces


def _ambient(rows: pd.DataFrame, axis: DepthAxis, meta: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": axis.place(rows),
        "y": rows["n_features"].tolist(),
        "mode": "lines",
        "text": [
            f"<b>{safe(layer)}</b><br>ambient dimension {n_features:,}"
            for layer, n_features in zip(rows["layer"], rows["n_features"], strict=True)
        ],
        "hoverinfo": "text",
        "line": {"color": _GREY, "width": 1.6, "dash": "dot"},
        "meta": dict(meta) | {"method": _AMBIENT.value},
    }
