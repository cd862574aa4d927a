"""The one place that writes: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from dimscope._format import with_error
from dimscope._optional import require
from dimscope.errors import InputError, StoreError
from dimscope.plots.rows import rows_of
from dimscope.profiling import Profile
from dimscope.results import SCHEMA_VERSION, TICK_COLUMNS, DimensionEstimate, plain, remarks_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def note(line: str) -> None:
    """Write one line to stderr."""
    click.echo(f"dimscope: {line}", err=True)


def note_saved(run: str) -> None:
    """Say on stderr where a profile is, and what can be made of it."""
    note(f"profile saved in {run}; dimscope report {run} makes a page of it")


def print_json(document: Mapping[str, Any]) -> None:
    """Write a document to stdout, with the version of its schema first."""
    click.echo(json.dumps({"schema": SCHEMA_VERSION} | plain(document), indent=1))


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> None:
    """Write aligned columns to stdout: the first ``left`` to the left, the others to the right."""
    table = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    for row in table:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def shown(value: float | None, stderr: float | None = None) -> str:
    """A value with its error, or a dash where it is not known."""
    return "-" if value is None else with_error(value, stderr)


def save_plot(axes: Axes, path: str) -> str:
    """Write the figure of ``axes`` to a file, and return its path."""
    try:
        figure = axes.get_figure(root=True)
        if figure is not None:
            figure.savefig(path, bbox_inches="tight", dpi=150)
            require("matplotlib.pyplot", extra="plot", purpose="figures").close(figure)
    except ValueError as error:
        raise InputError(f"cannot write a plot to {path}: {error}") from error
    except OSError as error:
        raise StoreError(f"cannot write a plot to {path}: {error}") from error
    return path


def print_estimates(estimates: Sequence[DimensionEstimate]) -> None:
    """Write estimates as a table, and what must be known about them to stderr."""
    print_table(
        ["method", "dimension", "95 % interval", "scale", "N"],
        [
            [
                e.method,
                shown(e.value, e.stderr),
                "-" if e.interval is None else f"{e.interval[0]:.4g} .. {e.interval[1]:.4g}",
                shown(e.scale),
                str(e.n_samples),
            ]
            for e in estimates
        ],
    )
    for estimate in estimates:
        for line in estimate.notes:
            note(f"{estimate.method}: {line}")


def print_profile(profile: Profile) -> None:
    """Write a layer a line with every method a column, models below each other."""
    frame = rows_of(profile, "estimate")
    methods = profile.methods()
    for model in dict.fromkeys(frame["model"]):
        rows = []
        for layer, group in frame[frame["model"] == model].groupby("layer", sort=False):
            cells = {
                row.method: shown(_known(row.value), _known(row.stderr))
                for row in group.itertuples()
            }
            first = group.iloc[0]
            rows.append(
                [
                    str(layer),
                    f"{first['relative_depth']:.2f}",
                    str(first["n_features"]),
                    *(cells[method] for method in methods),
                ]
            )
        click.echo(f"{model}, N = {frame.loc[frame['model'] == model, 'n_samples'].max()}")
        print_table(["layer", "depth", "features", *methods], rows)
        click.echo()
    note_remarks(profile.values)


def print_steps(profile: Profile) -> None:
    """Write a step a line with every layer and metric a column, a table for each method."""
    metrics = [name for name in profile.ticks.columns if name not in TICK_COLUMNS]
    ticks = {tick["step"]: tick for tick in profile.ticks.to_dict("records")}
    frame = rows_of(profile, "estimate")
    layers = list(dict.fromkeys(frame.sort_values("layer_index", kind="stable")["layer"]))
    for method, of_method in frame.groupby("method", sort=False):
        click.echo(f"{profile.models[0]}, {method}, N = {of_method['n_samples'].max()}")
        rows = []
        for step, group in of_method.groupby("step"):
            cells = {row.layer: shown(_known(row.value)) for row in group.itertuples()}
            said = [shown(_known(ticks[step][name])) for name in metrics]
            rows.append([str(step), *(cells[layer] for layer in layers), *said])
        print_table(["step", *layers, *metrics], rows)
        click.echo()
    note_remarks(profile.values)


def note_remarks(values: pd.DataFrame) -> None:
    """Write what must be known about the values of a profile to stderr, once for values alike."""
    for remark in remarks_on(values):
        where = ", ".join(dict.fromkeys(f"{layer} ({method})" for layer, method in remark.where))
        others = "" if remark.is_one_text else " (The first; the others alike.)"
        note(f"{where}: {remark.note}{others}")


def _known(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)
