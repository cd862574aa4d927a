"""Parts of all interactive figures: axes, lines with error bars, and hover texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from dimscope._format import with_error
from dimscope._optional import require
from dimscope.plots.depth_axis import DepthAxis
from dimscope.plots.names import run_label
from dimscope.report.panels import Chip, Group
from dimscope.results import plain


def marked(values: Iterable[int]) -> dict[str, Any]:
    """Mark an axis at ``values``, in plain numbers."""
    marks = sorted(values)
    return {"tickmode": "array", "tickvals": marks, "ticktext": [f"{mark:,}" for mark in marks]}


#: A logarithmic axis with plain numbers, and a linear one that shows zero.
LOG = {"type": "log", "rangemode": "normal"} | marked(
    digit * 10**decade for decade in range(7) for digit in (1, 2, 5)
)
LINEAR = {"type": "linear", "rangemode": "tozero", "tickmode": "auto"}


def safe(text: str) -> str:
    """Escape a user's text for Plotly, which reads tags in texts but not quotes."""
    return escape(text, quote=False)


def figure_json(
    traces: Sequence[Mapping[str, Any]], x: Mapping[str, Any], y: Mapping[str, Any]
) -> str:
    """Check the traces and the axes against Plotly's schema, and write them as its JSON."""
    graph = require("plotly.graph_objects", extra="report", purpose="HTML reports")
    axis = {"showline": True, "ticks": "outside", "zeroline": False, "automargin": True}
    layout = {
        "template": "none",
        "showlegend": False,
        "hovermode": "closest",
        "margin": {"l": 56, "r": 16, "t": 16, "b": 52},
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 13},
        "hoverlabel": {"align": "left"},
        "xaxis": {**axis, "showgrid": False, **x},
        "yaxis": {**axis, "showgrid": True, **y},
    }
    text: str = graph.Figure(data=[plain(trace) for trace in traces], layout=layout).to_json()
    return text


def line_traces(
    rows: pd.DataFrame,
    x: Sequence[float],
    *,
    color: str | None,
    meta: Mapping[str, str],
    pale: bool = False,
    **style: Any,
) -> list[dict[str, Any]]:
    """Make the traces of one line through ``rows``: a band of the bounds, then line and bars.

    ``pale`` makes the band paler and leaves out the bars. ``style`` goes to the trace of the line;
    its ``line`` and ``marker`` extend the usual ones.
    """
    common = {"type": "scatter", "meta": dict(meta), "visible": style.pop("visible", True)}
    band_x, band_y = _band(np.asarray(x, dtype=float), rows["low"], rows["high"])
    band = {"x": band_x, "y": band_y, "fill": "toself", "fillcolor": color, "mode": "none"}
    line = {
        "x": list(x),
        "y": rows["value"].tolist(),
        "mode": "lines+markers",
        "text": [hover(row) for row in rows.to_dict("records")],
        "hoverinfo": "text",
        "line": {"color": color, "width": 2.2} | style.pop("line", {}),
        "marker": {"color": color, "size": 8} | style.pop("marker", {}),
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": (rows["high"] - rows["value"]).tolist(),
            "arrayminus": (rows["value"] - rows["low"]).tolist(),
            "color": color,
            "thickness": 1.3,
            "width": 0,
            "visible": not pale,
        },
    }
    opacity = 0.08 if pale else 0.16
    bands = [common | band | {"opacity": opacity, "hoverinfo": "skip"}] if band_x else []
    return [*bands, common | line | style]


def _band(
    x: np.ndarray, low: pd.Series, high: pd.Series
) -> tuple[list[float | None], list[float | None]]:
    """Outline each unbroken stretch of known bounds; a None separates stretches."""
    known = (low.notna() & high.notna()).to_numpy()
    stretches = np.split(np.arange(len(x)), np.flatnonzero(np.diff(known)) + 1)
    band_x: list[float | None] = []
    band_y: list[float | None] = []
    for stretch in stretches:
        if len(stretch) and known[stretch[0]]:
            band_x += [*x[stretch], *x[stretch[::-1]], None]
            band_y += [*low.iloc[stretch], *high.iloc[stretch[::-1]], None]
    return band_x, band_y


def hover(row: Mapping[Any, Any]) -> str:
    """Describe one row; an unknown value has no text."""
    known = {name: value for name, value in row.items() if not pd.isna(value)}
    if "value" not in known:
        return ""
    lines = [
        f"<b>{safe(row['layer'])}</b>",
        f"{safe(row['label'])}: {with_error(row['value'], known.get('stderr'))}",
    ]
    low, high = (known.get(f"interval_{end}", known.get(end)) for end in ("low", "high"))
    if "interval_low" in known and "interval_high" not in known:
        lines.append(f"95 %: above {low:.4g}")
    elif low is not None and high is not None:
        lines.append(f"95 %: {low:.4g} to {high:.4g}")
    if "rank" in known:
        lines.append(f"at neighbour rank n2 = {row['rank']:,}")
    if "scale" in known:
        lines.append(f"at distance {row['scale']:.4g}")
    blocks = f" in each of {row['n_blocks']:,} blocks" if row["n_blocks"] > 1 else ""
    lines.append(f"N = {row['n_samples']:,}{blocks}, ambient dimension {row['n_features']:,}")
    lines.append(safe(run_label((row["model"], known.get("step")))))
    return "<br>".join(lines)


def x_axis(axis: DepthAxis) -> dict[str, Any]:
    """Lay out the horizontal axis of layers."""
    layout: dict[str, Any] = {"title": {"text": axis.label}}
    if axis.ticks:
        positions, names = zip(*axis.ticks, strict=True)
        layout |= {"tickvals": list(positions), "ticktext": [safe(name) for name in names]}
        layout["tickfont"] = {"size": 11}
    return layout


def log_group(log: bool) -> Group:
    """Let the reader choose the vertical axis."""
    chips = (
        Chip(label="linear", value="linear", pressed=not log, relayout=relayout("yaxis", LINEAR)),
        Chip(label="log", value="log", pressed=log, relayout=relayout("yaxis", LOG)),
    )
    return Group(title="axis", chips=chips, single=True)


def y_axis(title: str, log: bool) -> dict[str, Any]:
    """Lay out the vertical axis."""
    return {"title": {"text": title}} | (LOG if log else LINEAR)


def relayout(axis: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Name the changes of an axis as Plotly.relayout wants them; the range follows the data."""
    return {f"{axis}.{name}": value for name, value in changes.items()} | {
        f"{axis}.autorange": True
    }
