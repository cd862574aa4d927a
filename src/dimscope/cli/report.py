"""`dimscope report`: make a page and a plot of saved profiles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from dimscope.cli.output import Output, json_option, note, save_plot
from dimscope.profiling import Profile


@click.command()
@click.argument("profiles", nargs=-1, required=True, type=click.Path(), metavar="DIR...")
@click.option(
    "--out",
    type=click.Path(),
    metavar="FILE",
    help="The page.  [default: report.html in the first DIR]",
)
@click.option(
    "--plot", type=click.Path(), metavar="FILE", help="Write a plot, too: .png, .pdf or .svg."
)
@json_option("The paths, as JSON.")
def report(profiles: tuple[str, ...], out: str | None, plot: str | None, output: Output) -> None:
    """Make one self-contained interactive page of the profiles saved in DIR..."""
    joined = Profile.join(*map(Profile.load, profiles))
    page = joined.report(out or Path(profiles[0]) / "report.html")
    paths = {"report": str(page)}
    if plot is not None:
        paths["plot"] = save_plot(joined.plot(), plot)
    output.write(text=lambda: _print_paths(paths), document=lambda: paths)


def _print_paths(paths: Mapping[str, str]) -> None:
    for kind, path in paths.items():
        click.echo(path)
        note(f"{kind} written to {path}")
