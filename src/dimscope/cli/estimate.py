"""`dimscope estimate`: the dimension of an array in a file."""

from __future__ import annotations

from typing import Any

import click

from dimscope import estimators
from dimscope.calibration import known_calibration
from dimscope.cli.believed import believed
from dimscope.cli.output import Output, json_option, print_estimates
from dimscope.cli.sources import array_and_groups, array_in_a_file
from dimscope.neighbors import Duplicates, Metric, Resources
from dimscope.points import as_points
from dimscope.results import DimensionEstimate


class _MethodOption(click.Option):
    """Lists the methods only in the help text: the list loads estimators of other packages."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option, with its choices."""
        self.help = f"May be repeated. One of {', '.join(estimators.ESTIMATORS)}."
        return super().get_help_record(ctx)


@click.command()
@array_in_a_file
@click.option(
    "--method",
    "methods",
    cls=_MethodOption,
    multiple=True,
    metavar="NAME",
    default=("two_nn",),
    show_default=True,
)
@json_option("Every field, as JSON.")
def estimate(  # noqa: PLR0913 - one parameter for each option
    *,
    file: str,
    methods: tuple[str, ...],
    key: str | None,
    metric: Metric,
    duplicates: Duplicates,
    near_copies: Duplicates,
    groups: str | None,
    window: int | None,
    n_jobs: int | None,
    search_device: str | None,
    seed: int,
    output: Output,
) -> None:
    """Estimate the dimension of the array in FILE, a sample a row.

    FILE is .npy, .npz, .pt, .safetensors, .csv, .tsv or .parquet.
    """
    estimators.make_estimators(methods)
    Resources(n_jobs, search_device)
    array, kin = array_and_groups(file, key, groups, window)
    points = as_points(array)
    found = estimators.estimate(
        points,
        methods,
        metric=metric,
        duplicates=duplicates,
        near_copies=near_copies,
        groups=kin,
        n_jobs=n_jobs,
        search_device=search_device,
        rng=seed,
    )
    estimates = list(found.values())
    output.write(
        text=lambda: print_estimates(estimates),
        document=lambda: {
            "n_samples": points.n_samples,
            "n_features": points.n_features,
            "estimates": [_document(e) for e in estimates],
        },
    )


def _document(estimate: DimensionEstimate) -> dict[str, Any]:
    """Every field, and what the value stands for; None where no response curve ships."""
    found = known_calibration(estimate)
    calibrated = None if found is None else found.to_dict()
    further = {"resolvable": estimate.resolvable, "calibrated": calibrated}
    return estimate.to_dict() | further | {"believed": believed(estimate)}
