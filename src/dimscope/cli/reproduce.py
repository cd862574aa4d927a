"""`dimscope reproduce`: run an experiment of the field, and judge what it shows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from dimscope.cli.output import note, print_json, print_table, save_plot
from dimscope.errors import StoreError

_NAMES = ("sgd_noise_clusters", "sgd_noise_fashion")


@click.command()
@click.argument("name", type=click.Choice(_NAMES))
@click.option(
    "--out",
    type=click.Path(),
    metavar="DIR",
    required=True,
    help="Records, table and figures; started again, the study goes on with the runs missing.",
)
@click.option("--n-seeds", default=5, show_default=True, help="Seeds of every condition.")
@click.option("--training-time", type=float, help="Learning rate x steps.  [default: the study's]")
@click.option("--device", default="cpu", show_default=True, help="Where networks are trained.")
@click.option(
    "--workers",
    "n_workers",
    type=int,
    help="Processes.  [default: one for each core, 4 on a device]",
)
@click.option("--json", "as_json", is_flag=True, help="Verdicts and every measurement, as JSON.")
def reproduce(  # noqa: PLR0913 - one parameter for each option
    *,
    name: str,
    out: str,
    n_seeds: int,
    training_time: float | None,
    device: str,
    n_workers: int | None,
    as_json: bool,
) -> int:
    """Run the study NAME over several seeds; exit with 1 if a prediction is not shown.

    sgd_noise_clusters: a linear network on clusters, where the theory is exact (7 minutes on two
    cores). sgd_noise_fashion: seven dense layers on Fashion-MNIST (2 minutes on a GPU).
    """
    from dimscope.studies import get_study, run_study  # noqa: PLC0415 - torch loads when needed

    study = get_study(name)
    frame = run_study(
        name,
        out,
        n_seeds=n_seeds,
        training_time=training_time,
        device=device,
        n_workers=n_workers,
    )
    folder = Path(out)
    try:
        frame.to_csv(folder / "runs.csv", index=False)
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error}") from error
    claims = study.claims(frame)
    if as_json:
        found = [vars(claim) | {"holds": claim.holds} for claim in claims]
        print_json({"study": name, "claims": found, "rows": frame.to_dict("records")})
    else:
        _print_ends(study, frame)
        for claim in claims:
            click.echo(claim)
    _save_figures(study, frame, folder)
    note(f"runs.csv and figures written to {out}")
    return 0 if all(claim.holds for claim in claims) else 1


def _print_ends(study: Any, frame: Any) -> None:
    """Means over seeds with their standard errors, at the end of runs, a condition a line."""
    from dimscope.studies import last_moments  # noqa: PLC0415 - torch loads when needed

    ends = last_moments(frame)
    quantities = [*study.quantities, *(c for c in frame if c.startswith("predicted_"))]
    groups = ends.groupby("name", sort=False)[quantities].agg(["mean", "sem"])
    rows = [
        [str(name), *(_mean(row[q, "mean"], row[q, "sem"]) for q in quantities)]
        for name, row in groups.iterrows()
    ]
    click.echo(f"{study.title}, {ends['seed'].nunique()} seeds")
    print_table(["condition", *quantities], rows)
    click.echo()


def _mean(mean: float, stderr: float) -> str:
    return "-" if math.isnan(mean) else f"{mean:.4g} ± {stderr:.1g}"


def _save_figures(study: Any, frame: Any, folder: Path) -> None:
    from dimscope.plots import (  # noqa: PLC0415 - matplotlib when needed
        plot_study_conditions,
        plot_study_course,
        plot_study_sweep,
    )

    swept = {c.name for c in study.conditions["sweep"]}
    others = [c.name for part, group in study.conditions.items() if part != "sweep" for c in group]
    names = list(dict.fromkeys(others))
    for quantity in study.quantities:
        of_sweep = frame[frame["name"].isin(swept)]
        save_plot(plot_study_sweep(of_sweep, quantity), str(folder / f"sweep-{quantity}.png"))
        conditions = plot_study_conditions(frame, quantity, names)
        save_plot(conditions, str(folder / f"conditions-{quantity}.png"))
        save_plot(plot_study_course(frame, quantity, names), str(folder / f"course-{quantity}.png"))
