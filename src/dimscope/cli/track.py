"""`dimscope track`: measure the layers of a network at every checkpoint of its training."""

from __future__ import annotations

from glob import glob
from typing import Any

import click

from dimscope.cli.output import Output, json_option, note, note_saved, print_steps
from dimscope.cli.sources import (
    how_to_measure,
    load_samples,
    load_sources,
    model_and_data,
    prepared,
)
from dimscope.errors import InputError

_HOW = (
    "methods", "metric", "pooling", "axes", "mask", "n_repeats", "mode", "n_jobs",
    "search_device",
)  # fmt: skip


@click.command()
@click.option(
    "--checkpoints",
    "patterns",
    multiple=True,
    required=True,
    metavar="GLOB",
    help="Files with state dicts, such as 'ckpt/*.pt'. The last number in a name is the step.  "
    "May be repeated.",
)
@model_and_data
@how_to_measure
@click.option(
    "--eval-data",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="Labelled data, named as for --data, for loss and accuracy; all of the split is used. "
    "auto: the measured samples, if they have labels. none: no loss and accuracy.",
)
@click.option(
    "--out",
    type=click.Path(),
    metavar="DIR",
    required=True,
    help="The run folder. Started again, the run measures the checkpoints that are missing.",
)
@json_option("Every row of the profile, as JSON.")
def track(  # noqa: PLR0913 - one parameter for each option
    *,
    patterns: tuple[str, ...],
    layers: str | list[str],
    eval_data: str,
    label: str | None,
    out: str,
    output: Output,
    **options: Any,
) -> None:
    """Measure the layers of a network at every checkpoint of its training."""
    from dimscope.tracking import track_checkpoints  # noqa: PLC0415 - torch loads when needed

    found = sorted({path for pattern in patterns for path in glob(pattern)})  # noqa: PTH207 - absolute too
    if not found:
        raise InputError(f"no file matches {' or '.join(map(repr, patterns))}")
    how = {name: options.pop(name) for name in _HOW}
    how |= {f"{name}_budget": options.pop(name) for name in ("memory", "disk")}
    batch_size = options.pop("batch_size")
    evaluated = _samples_to_evaluate(eval_data, options["split"])
    sources = load_sources(**options)
    profile = track_checkpoints(
        sources.loaded.model,
        sources.data,
        found,
        out,
        eval_data=prepared(evaluated, sources.loaded),
        notify=note,
        layers=layers,
        rng=options["seed"],
        batch_size=batch_size,
        label=label or sources.loaded.label.removesuffix(" (untrained)"),
        **how,
    )
    output.write(
        text=lambda: print_steps(profile),
        document=lambda: {
            "provenance": profile.provenance,
            "ticks": profile.ticks.to_dict("records"),
            "rows": profile.to_records(),
        },
    )
    note_saved(out)


def _samples_to_evaluate(name: str, split: str) -> Any:
    if name in {"auto", "none"}:
        return None if name == "none" else name
    return load_samples(name, split=split)
