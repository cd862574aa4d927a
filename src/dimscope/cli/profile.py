"""`dimscope profile`: the dimension of every layer of a network."""

from __future__ import annotations

from typing import Any

import click

from dimscope import profiling
from dimscope.cli.output import note_saved, print_json, print_profile, print_table
from dimscope.cli.sources import Sources, how_to_measure, load_sources, model_and_data
from dimscope.errors import InputError
from dimscope.neighbors import Metric
from dimscope.profiling import Profile
from dimscope.store import format_size, parse_size


@click.command()
@model_and_data
@how_to_measure
@click.option(
    "--out",
    type=click.Path(),
    metavar="DIR",
    help="Save the profile there; a run that was stopped goes on where it was.",
)
@click.option("--dry-run", is_flag=True, help="Layers, sizes, memory and time to expect; no more.")
@click.option("--json", "as_json", is_flag=True, help="Every row of the profile, as JSON.")
def profile(  # noqa: PLR0913 - one parameter for each option
    *,
    layers: str | list[str],
    methods: tuple[str, ...],
    metric: Metric,
    pooling: str,
    n_repeats: int,
    batch_size: int,
    memory: str,
    disk: str | None,
    label: str | None,
    out: str | None,
    dry_run: bool,
    as_json: bool,
    **sources: Any,
) -> None:
    """Measure the dimension of the layers of a network in one pass over the data."""
    found = load_sources(**sources)
    if dry_run:
        budgets = parse_size(memory), None if disk is None else parse_size(disk)
        _show_plan(found, layers, budgets, as_json=as_json)
        return
    result = profiling.profile(
        found.loaded.model,
        found.data,
        layers,
        methods=methods,
        metric=metric,
        pooling=pooling,
        n_repeats=n_repeats,
        rng=sources["seed"],
        batch_size=batch_size,
        memory_budget=memory,
        disk_budget=disk,
        search_device=found.device,
        label=label or found.loaded.label,
        out=out,
    )
    _show_profile(result, as_json=as_json)
    if out is not None:
        note_saved(out)


def _show_profile(result: Profile, *, as_json: bool) -> None:
    if as_json:
        print_json({"provenance": result.provenance, "rows": result.to_records()})
    else:
        print_profile(result)


def _show_plan(
    found: Sources, layers: str | list[str], budgets: tuple[int, int | None], *, as_json: bool
) -> None:
    try:
        n_samples = len(found.data)
    except TypeError as error:
        raise InputError("--dry-run needs data of known length, such as a data set") from error
    planned = profiling.plan(
        found.loaded.model,
        found.data,
        layers,
        n_samples=n_samples,
        memory_budget=budgets[0],
        disk_budget=budgets[1],
    )
    layers_held = list(zip(planned.layers, planned.layer_bytes, strict=True))
    if as_json:
        print_json(
            {
                "n_samples": n_samples,
                "memory_bytes": planned.memory_bytes,
                "disk_bytes": planned.disk_bytes,
                "forward_seconds": planned.forward_seconds,
                "measure_seconds": planned.measure_seconds,
                "layers": [
                    {
                        "layer": info.name,
                        "bytes": held,
                        "on_disk": info.name in planned.on_disk,
                        "passes": planned.recomputed.get(info.name, 1),
                    }
                    for info, held in layers_held
                ],
            }
        )
        return
    print_table(
        ["layer", "features", "size", "held"],
        [
            [
                info.name,
                str(held // (4 * n_samples)),
                format_size(held),
                _where(planned, info.name),
            ]
            for info, held in layers_held
        ],
    )
    click.echo(
        f"\nN = {n_samples}: {format_size(planned.memory_bytes)} in memory, "
        f"{format_size(planned.disk_bytes)} on disk; about {planned.forward_seconds:.0f} s of "
        f"forward passes and {planned.measure_seconds:.0f} s of measurement"
    )


def _where(planned: profiling.Plan, layer: str) -> str:
    if layer in planned.recomputed:
        return f"computed again, {planned.recomputed[layer]} passes"
    return "on disk" if layer in planned.on_disk else "in memory"
