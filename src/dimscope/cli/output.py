"""The one place that writes: results to stdout, for people or as JSON; the rest to stderr."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click
import pandas as pd

from dimscope._format import in_groups, number, with_error, without_numbers
from dimscope._optional import require
from dimscope.calibration import known_calibration
from dimscope.cli.believed import believed
from dimscope.errors import InputError, StoreError
from dimscope.plots.controls import draws_merged
from dimscope.plots.names import run_label
from dimscope.plots.rows import data_rows, rows_of, runs_of
from dimscope.profiling import Profile
from dimscope.results import (
    SCHEMA_VERSION,
    TICK_COLUMNS,
    Calibrated,
    DimensionEstimate,
    Remark,
    Tables,
    plain,
    raw_method,
    remarks_on,
)
from dimscope.verdicts import judged, spoken_verdicts

if TYPE_CHECKING:
    from matplotlib.axes import Axes


F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Output:
    """Writes a result in the form that was asked for: for people, or as JSON."""

    as_json: bool

    def write(self, *, text: Callable[[], None], document: Callable[[], Mapping[str, Any]]) -> None:
        """Write a result to stdout.

        Parameters
        ----------
        text
            Writes it for people.
        document
            Makes the document that is written as JSON, below the version of its schema.
        """
        if self.as_json:
            click.echo(json.dumps({"schema": SCHEMA_VERSION} | plain(document()), indent=1))
        else:
            text()


def json_option(help_text: str) -> Callable[[F], F]:
    """Add ``--json`` to a command, which gets an `Output` as its parameter ``output``."""
    return click.option(
        "--json",
        "output",
        is_flag=True,
        callback=lambda _context, _option, as_json: Output(as_json),
        help=help_text,
    )


def note(line: str) -> None:
    """Write one line to stderr."""
    click.echo(f"dimscope: {line}", err=True)


def note_saved(run: str) -> None:
    """Say on stderr where a profile was saved, and how to make a report of it."""
    note(f"profile saved in {run}; dimscope report {run} makes a page of it")


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> None:
    """Write a table to stdout; its first ``left`` columns are left-aligned, the others right."""
    table = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    for row in table:
        cells = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def shown(value: float | None, stderr: float | None = None) -> str:
    """Format a value with its error; an unknown value is a dash."""
    return "-" if value is None else with_error(value, stderr)


def save_plot(axes: Axes, path: str) -> str:
    """Write the figure of ``axes`` to a file, and return the path.

    Raises
    ------
    InputError
        If matplotlib does not know the format.
    StoreError
        If the file cannot be written.
    """
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
    """Write what can be believed, then a table, raw beside calibrated; notes go to stderr."""
    leading = [said for estimate in estimates if (said := believed(estimate)) is not None]
    if leading:
        click.echo("\n".join([*leading, ""]))
    print_table(
        ["method", "dimension", "95 % interval", "calibrated", "95 % interval", "scale", "N"],
        [
            [
                e.method,
                shown(e.value, e.stderr),
                *(["-"] if e.interval is None else [interval(*e.interval)]),
                *_calibrated_cells(known_calibration(e)),
                shown(e.scale),
                in_groups(e.n_samples, e.n_groups),
            ]
            for e in estimates
        ],
    )
    for estimate in estimates:
        problem = [] if estimate.problem is None else [estimate.problem]
        for line in [*estimate.notes, *problem]:
            note(f"{estimate.method}: {line}")


def _calibrated_cells(found: Calibrated | None) -> tuple[str, str]:
    return ("-", "-") if found is None else (shown(found.value), interval(found.low, found.high))


def interval(low: float, high: float | None) -> str:
    """Format an interval, which may have no upper end."""
    return f"{number(low)} .." if high is None else f"{number(low)} .. {number(high)}"


def print_profile(profile: Profile) -> None:
    """Write a table for each model, control and class: a row per layer, a column per method.

    The draws of a control are one table, of their means.
    """
    for run, frame in runs_of(draws_merged(rows_of(profile, "estimate"))):
        methods = list(dict.fromkeys(frame["method"]))
        rows = []
        for layer, group in frame.groupby("layer", sort=False):
            cells = {row.method: _cell(row) for row in group.itertuples()}
            first = group.iloc[0]
            rows.append(
                [
                    str(layer),
                    "-" if math.isnan(depth := first["relative_depth"]) else f"{depth:.2f}",
                    str(first["n_features"]),
                    *(cells.get(method, "-") for method in methods),
                ]
            )
        click.echo(f"{run_label(run)}, N = {frame['n_samples'].max()}")
        print_table(["layer", "depth", "features", *methods], rows)
        click.echo()
    print_verdicts(profile)
    note_remarks(profile.values)


def print_verdicts(profile: Tables) -> None:
    """Write what can be believed, each with its evidence."""
    spoken = spoken_verdicts(judged(profile))
    if spoken:
        click.echo("What can be believed")
    for one in spoken:
        click.echo(f"- {one.who}: {one.statement}\n  [{one.evidence}]")


def _cell(row: Any) -> str:
    """A value with its error; a calibrated one, which has none, with its interval."""
    value = shown(_known(row.value), _known(row.stderr))
    low = _known(row.interval_low)
    if raw_method(row.method.partition("(")[0]) is None or low is None:
        return value
    return f"{value} ({interval(low, _known(row.interval_high))})"


def print_steps(profile: Profile) -> None:
    """Write a table for each model and method: a row per step, a column per layer and metric."""
    metrics = [name for name in profile.ticks.columns if name not in TICK_COLUMNS]
    ticks = {tick["step"]: tick for tick in profile.ticks.to_dict("records")}
    frame = rows_of(profile, "estimate")
    layers = list(dict.fromkeys(frame.sort_values("layer_index", kind="stable")["layer"]))
    for (model, method), of_method in frame.groupby(["model", "method"], sort=False):
        click.echo(f"{model}, {method}, N = {of_method['n_samples'].max()}")
        rows = []
        for step, group in of_method.groupby("step"):
            cells = {row.layer: shown(_known(row.value)) for row in group.itertuples()}
            said = [shown(_known(ticks[step][name])) for name in metrics]
            rows.append([str(step), *(cells.get(layer, "-") for layer in layers), *said])
        print_table(["step", *layers, *metrics], rows)
        click.echo()
    note_remarks(profile.values)


def note_remarks(values: pd.DataFrame) -> None:
    """Write the notes on the values of a profile to stderr; equal notes stand once.

    Of controls only what is not also said of the data, without the layers.
    """
    said = set()
    for remark in remarks_on(data_rows(values)):
        said.add(without_numbers(remark.note))
        where = ", ".join(dict.fromkeys(f"{layer} ({method})" for layer, method in remark.where))
        note(f"{where}: {_text(remark)}")
    controls = values[values["sample"] != "data"]
    for sample, own in controls.groupby("sample", sort=False):
        for remark in remarks_on(own):
            if without_numbers(remark.note) not in said:
                methods = ", ".join(dict.fromkeys(method for _, method in remark.where))
                note(f"control {sample} ({methods}): {_text(remark)}")


def _text(remark: Remark) -> str:
    return f"{remark.note}{'' if remark.is_one_text else ' (These are the numbers of the first.)'}"


def _known(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)
