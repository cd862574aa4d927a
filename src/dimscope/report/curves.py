"""Scale curves, decimation and spectra of every layer, as interactive figures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from dimscope.plots.colors import layer_colors
from dimscope.plots.names import method_labels
from dimscope.plots.rows import curve_rows, decimation_rows, last_step, needs_log, rows_of
from dimscope.report.figures import (
    LOG,
    figure_json,
    line_traces,
    log_group,
    marked,
    relayout,
    y_axis,
)
from dimscope.report.panels import Chip, Group, Panel
from dimscope.results import Tables

_MAX_LAYERS_OPEN = 12  # a figure opens with at most so many lines; the reader can add others
_MAX_EIGENVALUES = 160  # a line on a screen needs no more points

#: The two horizontal axes of a scale curve, by the column that each shows.
_AGAINST = (
    Chip(
        label="neighbour rank",
        value="rank",
        relayout=relayout("xaxis", {"title.text": "neighbour rank n2", "tickmode": "array"}),
    ),
    Chip(
        label="distance",
        value="scale",
        pressed=False,
        relayout=relayout("xaxis", {"title.text": "distance", "tickmode": "auto"}),
    ),
)


def scale_panel(profile: Tables) -> Panel | None:
    """Plot the dimension against scale; None without scale curves."""
    known = _known(profile, "scale")
    if known.empty:
        return None
    layers = _layer_chips(known)
    traces = []
    for model, method in _pairs(known):
        opens = _starts(known, model, method)
        rows = curve_rows(profile, "scale", model=model, method=method).sort_values("rank")
        for (layer, own), against in product(rows.groupby("layer", sort=False), _AGAINST):
            traces += line_traces(
                own,
                own[against.value].astype(float).tolist(),
                color=layers[str(layer)].color,
                meta=_meta(model, method, str(layer)) | {"against": against.value},
                visible=against.pressed and layers[str(layer)].pressed and opens,
                marker={"size": 6},
            )
    log = needs_log(known["value"])
    x = {"type": "log", "title": {"text": "neighbour rank n2"}}
    x |= marked({int(rank) for rank in known["rank"].dropna()})
    return Panel(
        name="scale",
        title="Dimension against scale",
        figure=figure_json(traces, x, y_axis("intrinsic dimension", log)),
        groups=(
            *_choices(known),
            Group(title="against", key="against", chips=_AGAINST, single=True),
            log_group(log),
            Group(title="layer", key="layer", chips=list(layers.values())),
        ),
        reading=(
            "No single number is the dimension: it depends on the scale. Small scales show noise, "
            "large ones curvature; trust a layer where its curve is level. Distances are in the "
            "units of each layer, so compare layers at equal ranks."
        ),
    )


def decimation_panel(profile: Tables) -> Panel | None:
    """Plot the dimension against the number of points; None without decimation."""
    known = _known(profile, "decimation")
    if known.empty:
        return None
    layers = _layer_chips(known)
    traces = []
    sizes: set[int] = set()
    for model, method in _pairs(known):
        opens = _starts(known, model, method)
        rows = decimation_rows(profile, model=model, method=method)
        sizes |= {int(size) for size in rows["n_samples"]}
        for layer, own in rows.groupby("layer", sort=False):
            *_, line = line_traces(  # without its band: the sizes are few and far apart
                own,
                own["n_samples"].tolist(),
                color=layers[str(layer)].color,
                meta=_meta(model, method, str(layer)),
                visible=layers[str(layer)].pressed and opens,
            )
            traces.append(line)
    log = needs_log(known["value"])
    x = {"type": "log", "title": {"text": "number of points N"}} | marked(sizes)
    return Panel(
        name="decimation",
        title="Dimension against the number of points",
        figure=figure_json(traces, x, y_axis("dimension", log)),
        groups=(
            *_choices(known),
            log_group(log),
            Group(title="layer", key="layer", chips=list(layers.values())),
        ),
        reading=(
            "Each layer was measured again on disjoint blocks of fewer points. A level line is "
            "converged; where the dimension keeps rising with N, the value on all points is a "
            "lower bound. Compare networks at the same N only."
        ),
    )


def spectrum_panel(profile: Tables) -> Panel | None:
    """Plot the share of variance on each principal axis; None without spectra."""
    known = _known(profile, "spectrum")
    known = known[known["value"] > 0]
    if known.empty:
        return None
    layers = _layer_chips(known)
    traces = []
    for model, method in _pairs(known):
        opens = _starts(known, model, method)
        rows = curve_rows(profile, "spectrum", model=model, method=method)
        rows = rows[rows["value"] > 0].sort_values("rank")
        for layer, own in rows.groupby("layer", sort=False):
            traces.append(_spectrum(_thinned(own), layers[str(layer)], opens))
    y = {"type": "log", "title": {"text": "share of the variance"}, "exponentformat": "power"}
    x = LOG | {"title": {"text": "principal axis"}}
    return Panel(
        name="spectrum",
        title="Spectra",
        figure=figure_json(traces, x, y | {"dtick": 1}),
        groups=(*_choices(known), Group(title="layer", key="layer", chips=list(layers.values()))),
        reading=(
            "The share of the variance on each principal axis, both axes logarithmic. A steep line "
            "means few directions carry the variance; a straight one is a power law, without a "
            "natural cut-off, and then a linear dimension depends on where it is drawn."
        ),
    )


def _spectrum(rows: pd.DataFrame, layer: Chip, opens: bool) -> dict[str, Any]:
    first = rows.iloc[0]
    trace = line_traces(
        rows.assign(low=np.nan, high=np.nan),
        rows["rank"].astype(int).tolist(),
        color=layer.color,
        meta=_meta(first["model"], first["method"], layer.value),
        visible=layer.pressed and opens,
        mode="lines",
    )[-1]
    name = trace["text"][0].partition("<br>")[0]
    shares = zip(rows["rank"], rows["value"], strict=True)
    return trace | {"text": [f"{name}<br>axis {rank:,}: {share:.3g}" for rank, share in shares]}


def _thinned(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep rows that are evenly spread over the logarithm of the rank, with both ends."""
    places = np.geomspace(1, len(rows), _MAX_EIGENVALUES).round().astype(int) - 1
    return rows.iloc[np.unique(places)]


def _known(profile: Tables, curve: str) -> pd.DataFrame:
    frame = last_step(rows_of(profile, curve))
    return frame[frame["value"].notna()]


def _pairs(known: pd.DataFrame) -> Iterator[tuple[str, str]]:
    pairs = known[["model", "method"]].drop_duplicates()
    yield from zip(pairs["model"], pairs["method"], strict=True)


def _starts(known: pd.DataFrame, model: str, method: str) -> bool:
    """Whether the figure opens with this model and method: the first of each."""
    return bool(model == known["model"].iloc[0] and method == known["method"].iloc[0])


def _layer_chips(known: pd.DataFrame) -> dict[str, Chip]:
    """Give each layer a colour; of many layers, evenly chosen ones start pressed."""
    layers = list(dict.fromkeys(known.sort_values("layer_index", kind="stable")["layer"]))
    places = np.linspace(0, len(layers) - 1, min(len(layers), _MAX_LAYERS_OPEN)).round()
    return {
        layer: Chip(label=layer, value=layer, color=color, pressed=place in places)
        for place, (layer, color) in enumerate(zip(layers, layer_colors(len(layers)), strict=True))
    }


def _meta(model: str, method: str, layer: str) -> dict[str, str]:
    return {"model": model, "method": method, "layer": layer}


def _choices(known: pd.DataFrame) -> list[Group]:
    """Let the reader choose one model and one method."""
    labels = method_labels(known)
    return [
        Group(
            title=column,
            key=column,
            single=True,
            chips=[
                Chip(
                    label=labels.get(value, value),
                    value=value,
                    pressed=place == 0,
                )
                for place, value in enumerate(dict.fromkeys(known[column]))
            ],
        )
        for column in ("model", "method")
    ]
