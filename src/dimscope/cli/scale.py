"""`dimscope scale`: the dimension of an array at every scale, and where it settles."""

from __future__ import annotations

import click

from dimscope.cli.output import Output, json_option, note, print_table, save_plot, shown
from dimscope.cli.sources import array_and_groups, array_in_a_file
from dimscope.estimators import scale_curve
from dimscope.neighbors import Duplicates, Metric, Resources
from dimscope.results.scales import TOLERANCE, ScaleCurves, within


@click.command()
@array_in_a_file
@click.option(
    "--n2-max",
    type=click.IntRange(min=2),
    help="Largest neighbour rank.  [default: half of the points, at most 1,024]",
)
@click.option(
    "--tolerance",
    type=float,
    default=TOLERANCE,
    show_default=True,
    help="Share by which the dimension may change along a plateau.",
)
@click.option(
    "--plot", type=click.Path(), metavar="FILE", help="Write a plot, too: .png, .pdf or .svg."
)
@json_option("Every field, as JSON.")
def scale(  # noqa: PLR0913 - one parameter for each option
    *,
    file: str,
    key: str | None,
    metric: Metric,
    duplicates: Duplicates,
    near_copies: Duplicates,
    groups: str | None,
    window: int | None,
    n2_max: int | None,
    tolerance: float,
    seed: int,
    n_jobs: int | None,
    search_device: str | None,
    plot: str | None,
    output: Output,
) -> None:
    """Show the dimension of the array in FILE against scale, and its plateau.

    Each row of the array is a sample.

    FILE is .npy, .npz, .pt, .safetensors, .csv, .tsv or .parquet.
    """
    Resources(n_jobs, search_device)
    array, kin = array_and_groups(file, key, groups, window)
    curves = scale_curve(
        array,
        n2_max=n2_max,
        tolerance=tolerance,
        metric=metric,
        duplicates=duplicates,
        near_copies=near_copies,
        groups=kin,
        n_jobs=n_jobs,
        search_device=search_device,
        rng=seed,
    )
    if plot is not None:
        from dimscope.plots import plot_scale_curve  # noqa: PLC0415 - matplotlib when needed

        save_plot(plot_scale_curve(curves), plot)
        note(f"plot written to {plot}")
    output.write(text=lambda: _print_curves(curves), document=curves.to_dict)


def _print_curves(curves: ScaleCurves) -> None:
    plateau = curves.plateau
    print_table(
        ["method", "n2", "points", "distance", "dimension", ""],
        [
            [
                curve.method,
                str(n2),
                str(n_points),
                shown(float(scale)),
                shown(float(value), float(stderr)),
                "plateau" if plateau and curve is curves.curves[0] and on_it else "",
            ]
            for curve in curves.curves
            for n2, n_points, scale, value, stderr, on_it in zip(
                curve.n2,
                curve.sizes,
                curve.scales,
                curve.values,
                curve.stderrs,
                within(curve, plateau.scales if plateau else (0.0, 0.0)),
                strict=True,
            )
        ],
    )
    click.echo(curves)
    for line in curves.notes:
        note(line)
