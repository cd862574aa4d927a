"""`dimscope profile`: measure the dimension of every layer of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dimscope import profiling
from dimscope.cli.output import Output, json_option, note_saved, print_profile, print_table
from dimscope.cli.sources import Sources, how_to_measure, load_sources, model_and_data
from dimscope.errors import InputError
from dimscope.neighbors import Metric
from dimscope.results import as_records
from dimscope.store import Budgets, format_size

if TYPE_CHECKING:
    from dimscope.capture import Mode


@click.command()
@model_and_data
@how_to_measure
@click.option(
    "--out",
    type=click.Path(),
    metavar="DIR",
    help="Save the profile there; a run that was stopped continues there.",
)
@click.option(
    "--controls",
    is_flag=False,
    flag_value="matched",
    type=click.Choice(["matched", "full"]),
    help="Also send inputs of known dimension through the network: the matched ones of two "
    "families, or, by --controls full, all families, five draws each.",
)
@click.option(
    "--dry-run", is_flag=True, help="Only show the layers, and the memory and time to expect."
)
@json_option("Every row of the profile, as JSON.")
def profile(  # noqa: PLR0913 - one parameter for each option
    *,
    layers: str | list[str],
    methods: tuple[str, ...],
    metric: Metric,
    pooling: str,
    mask: str | None,
    axes: dict[str, str],
    n_repeats: int,
    batch_size: int,
    mode: Mode,
    memory: str,
    disk: str | None,
    n_jobs: int | None,
    search_device: str | None,
    label: str | None,
    controls: str | None,
    out: str | None,
    dry_run: bool,
    output: Output,
    **sources: Any,
) -> None:
    """Measure the dimension of the layers of a network in one pass over the data."""
    found = load_sources(**sources)
    choice = True if controls == "matched" else controls or False
    if dry_run:
        budgets = Budgets.of(memory, disk)
        _show_plan(
            found,
            output,
            layers=layers,
            memory_budget=budgets.memory,
            disk_budget=budgets.disk,
            mode=mode,
            controls=choice,
        )
        return
    result = profiling.profile(
        found.loaded.model,
        found.data,
        layers,
        methods=methods,
        metric=metric,
        controls=choice,
        pooling=pooling,
        mask=mask,
        axes=axes,
        n_repeats=n_repeats,
        rng=sources["seed"],
        batch_size=batch_size,
        mode=mode,
        memory_budget=memory,
        disk_budget=disk,
        n_jobs=n_jobs,
        search_device=search_device,
        label=label or found.loaded.label,
        out=out,
    )
    output.write(
        text=lambda: print_profile(result),
        document=lambda: {
            "provenance": result.provenance,
            "verdicts": as_records(result.verdicts),
            "rows": result.to_records(),
        },
    )
    if out is not None:
        note_saved(out)


def _show_plan(found: Sources, output: Output, **how: Any) -> None:
    try:
        n_samples = len(found.data)
    except TypeError as error:
        raise InputError("--dry-run needs data of known length, such as a data set") from error
    planned = profiling.plan(found.loaded.model, found.data, n_samples=n_samples, **how)
    output.write(text=lambda: _print_plan(planned), document=lambda: _plan_document(planned))


def _plan_document(planned: profiling.Plan) -> dict[str, Any]:
    totals = (
        "n_samples", "memory_bytes", "disk_bytes", "forward_seconds", "measure_seconds",
        "n_controls", "control_seconds",
    )  # fmt: skip
    return {name: getattr(planned, name) for name in totals} | {
        "layers": [
            {
                "layer": info.name,
                "bytes": n_bytes,
                "on_disk": info.name in planned.on_disk,
                "passes": planned.recomputed.get(info.name, 1),
            }
            for info, n_bytes in zip(planned.layers, planned.layer_bytes, strict=True)
        ]
    }


def _print_plan(planned: profiling.Plan) -> None:
    print_table(
        ["layer", "features", "size", "held"],
        [
            [
                info.name,
                str(n_bytes // (4 * planned.n_samples)),
                format_size(n_bytes),
                _where(planned, info.name),
            ]
            for info, n_bytes in zip(planned.layers, planned.layer_bytes, strict=True)
        ],
    )
    click.echo(
        f"\nN = {planned.n_samples}: {format_size(planned.memory_bytes)} in memory, "
        f"{format_size(planned.disk_bytes)} on disk; about {planned.forward_seconds:.0f} s of "
        f"forward passes and {planned.measure_seconds:.0f} s of measurement"
    )
    if planned.n_controls:
        click.echo(
            f"{planned.n_controls} controls: about {planned.control_seconds:.0f} s more, in the "
            "same memory"
        )


def _where(planned: profiling.Plan, layer: str) -> str:
    if layer in planned.recomputed:
        return f"computed again, {planned.recomputed[layer]} passes"
    return "on disk" if layer in planned.on_disk else "in memory"
