"""`dimscope report`: saved profiles as a page and a plot."""

from __future__ import annotations

from pathlib import Path

import click

from dimscope.cli.output import note, print_json, save_plot
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
    "--plot", type=click.Path(), metavar="FILE", help="A picture too: .png, .pdf or .svg."
)
@click.option("--json", "as_json", is_flag=True, help="Print the paths as JSON.")
def report(profiles: tuple[str, ...], out: str | None, plot: str | None, as_json: bool) -> None:
    """Make one self-contained interactive page of the profiles saved in DIR..."""
    joined = Profile.join(*map(Profile.load, profiles))
    page = joined.report(out or Path(profiles[0]) / "report.html")
    paths = {"report": str(page)}
    if plot is not None:
        paths["plot"] = save_plot(joined.plot(), plot)
    if as_json:
        print_json(paths)
        return
    for kind, path in paths.items():
        click.echo(path)
        note(f"{kind} written to {path}")
