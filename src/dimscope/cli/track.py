"""`dimscope track`: the dimension of every layer at every checkpoint of a training run."""

from __future__ import annotations

from glob import glob
from typing import Any

import click

from dimscope.cli.output import note, note_saved, print_json, print_steps
from dimscope.cli.sources import (
    Sources,
    how_to_measure,
    load_samples,
    load_sources,
    model_and_data,
)
from dimscope.errors import InputError


@click.command()
@click.option(
    "--checkpoints",
    "patterns",
    multiple=True,
    required=True,
    metavar="GLOB",
    help="Files with state dicts, such as 'ckpt/*.pt'; the last number in a name is its step.  "
    "May be repeated.",
)
@model_and_data
@how_to_measure
@click.option(
    "--eval-data",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="Labelled data, as --data, on which loss and accuracy are found; all of the split. auto: "
    "the samples that are measured, if they have labels. none: neither.",
)
@click.option(
    "--out",
    type=click.Path(),
    metavar="DIR",
    required=True,
    help="The run folder; started again, the run goes on with the checkpoints that are missing.",
)
@click.option("--json", "as_json", is_flag=True, help="Every row of the profile, as JSON.")
def track(  # noqa: PLR0913 - one parameter for each option
    *,
    patterns: tuple[str, ...],
    layers: str | list[str],
    eval_data: str,
    label: str | None,
    out: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure the layers of a network at every checkpoint of its training."""
    from dimscope.tracking import track_checkpoints  # noqa: PLC0415 - torch loads when needed

    found = sorted({path for pattern in patterns for path in glob(pattern)})  # noqa: PTH207 - absolute too
    if not found:
        raise InputError(f"no file matches {' or '.join(map(repr, patterns))}")
    how = {name: options.pop(name) for name in ("methods", "metric", "pooling", "n_repeats")}
    how |= {f"{name}_budget": options.pop(name) for name in ("memory", "disk")}
    batch_size = options.pop("batch_size")
    sources = load_sources(**options)
    profile = track_checkpoints(
        sources.loaded.model,
        sources.data,
        found,
        out,
        eval_data=_samples_to_evaluate(eval_data, sources, options["split"]),
        notify=note,
        layers=layers,
        rng=options["seed"],
        batch_size=batch_size,
        device=sources.device,
        label=label or sources.loaded.label.removesuffix(" (untrained)"),
        **how,
    )
    if as_json:
        print_json(
            {
                "provenance": profile.provenance,
                "ticks": profile.ticks.to_dict("records"),
                "rows": profile.to_records(),
            }
        )
    else:
        print_steps(profile)
    note_saved(out)


def _samples_to_evaluate(name: str, sources: Sources, split: str) -> Any:
    if name in {"auto", "none"}:
        return None if name == "none" else name
    return load_samples(name, sources.loaded, split=split)
