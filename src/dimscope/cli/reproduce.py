"""`dimscope reproduce`: run a published experiment, and judge its claims."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dimscope.cli.output import Output, json_option, note, print_table, save_plot
from dimscope.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

    from dimscope.studies import Claim, Option, Recipe


class _Recipes(click.Group):
    """A group with a command for each recipe, which has the options that the recipe declares."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        from dimscope.studies import RECIPES  # noqa: PLC0415 - pandas and SciPy load when needed

        return list(RECIPES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:  # noqa: ARG002
        from dimscope.studies import get_recipe  # noqa: PLC0415 - as above

        return _command(get_recipe(cmd_name))


@click.group(
    cls=_Recipes,
    invoke_without_command=True,
    subcommand_metavar="NAME --out DIR [OPTIONS]",
    epilog="dimscope reproduce NAME --help shows the options of a recipe.",
)
@click.option("--list", "is_list", is_flag=True, help="The recipes: name, paper and title.")
@json_option("JSON, of the list or of the run.")
@click.pass_context
def reproduce(ctx: click.Context, *, is_list: bool, output: Output) -> None:
    """Run the recipe NAME and judge it; exit with 1 if a judged claim is not reproduced."""
    if is_list:
        _list_recipes(output)
        ctx.exit()
    if ctx.invoked_subcommand is None:
        raise click.UsageError("give the NAME of a recipe, or --list", ctx)


def _list_recipes(output: Output) -> None:
    from dimscope.studies import RECIPES, get_recipe  # noqa: PLC0415 - loads when needed

    recipes = [get_recipe(name) for name in RECIPES]
    rows = [(recipe.name, recipe.paper, recipe.title) for recipe in recipes]
    output.write(
        text=lambda: print_table(["recipe", "paper", "title"], rows, left=3),
        document=lambda: {"recipes": [_described(recipe) for recipe in recipes]},
    )


def _described(recipe: Recipe) -> dict[str, Any]:
    from dimscope.studies import BUDGETS, N_WORKERS  # noqa: PLC0415 - loads when needed

    options = [
        vars(option) | {"kind": option.kind.__name__} for option in (*recipe.options, N_WORKERS)
    ]
    words = {key: getattr(recipe, key) for key in ("name", "paper", "title", "differs")}
    budgets = {budget: recipe.settings(budget) for budget in BUDGETS}
    return words | {"options": options, "budgets": budgets}


def _command(recipe: Recipe) -> click.Command:
    """Make the command that runs a recipe."""
    from dimscope.studies import BUDGETS, N_WORKERS  # noqa: PLC0415 - loads when needed

    out = click.Option(
        ["--out"],
        type=click.Path(),
        metavar="DIR",
        required=True,
        help="For records, table and figures. Started again, the recipe runs what is missing.",
    )
    budget = click.Option(
        ["--budget"],
        type=click.Choice(BUDGETS),
        default="standard",
        show_default=True,
        help="Values of the options that are not given: a small run, ours, or the paper's size.",
    )
    as_json = click.Option(
        ["--json", "as_json"], is_flag=True, help="Verdicts and every measurement, as JSON."
    )

    @click.pass_context
    def run(ctx: click.Context, /, *, out: str, budget: str, as_json: bool, **options: Any) -> int:
        before_name = ctx.parent is not None and ctx.parent.params["output"].as_json
        return _run(recipe, out, budget, Output(as_json or before_name), options)

    return click.Command(
        recipe.name,
        callback=run,
        params=[out, budget, *map(partial(_flag, recipe), [*recipe.options, N_WORKERS]), as_json],
        help=f"{recipe.title}.\n\n{recipe.paper}. {recipe.differs}",
        short_help=recipe.title,
    )


def _flag(recipe: Recipe, option: Option) -> click.Option:
    others = [
        f"{budget}: {values[option.name]}"
        for budget, values in recipe.budgets.items()
        if option.name in values
    ]
    known = [] if option.default is None else [f"default: {option.default}"]
    said = f"  [{'; '.join([*known, *others])}]" if known or others else ""
    return click.Option([option.flag, option.name], type=option.kind, help=option.help + said)


def _run(recipe: Recipe, out: str, budget: str, output: Output, options: dict[str, Any]) -> int:
    """Run a recipe, write what it found, and return the exit code."""
    from dimscope.studies import run_recipe  # noqa: PLC0415 - loads when needed

    frame = run_recipe(recipe.name, out, budget=budget, **options)
    folder = Path(out)
    try:
        frame.to_csv(folder / "runs.csv", index=False)
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error}") from error
    claims = recipe.judge(frame, budget)
    options.pop("n_workers")
    settings = {"budget": budget} | recipe.settings(budget, **options)
    output.write(
        text=lambda: _print_summary(recipe, frame, claims),
        document=lambda: {
            "study": recipe.name,  # as version 0.1 called it
            "recipe": _described(recipe) | {"settings": settings},
            "published": recipe.published,
            "claims": [vars(claim) | {"holds": claim.holds} for claim in claims],
            "rows": frame.to_dict("records"),
        },
    )
    for name, draw in recipe.figures(frame).items():
        save_plot(draw(), str(folder / f"{name}.png"))
    note(f"runs.csv and figures written to {out}")
    return 0 if all(claim.outcome in {"reproduced", "not judged"} for claim in claims) else 1


def _print_summary(recipe: Recipe, frame: pd.DataFrame, claims: Sequence[Claim]) -> None:
    click.echo(recipe.title)
    click.echo(f"{recipe.paper}. {recipe.differs}")
    print_table(*recipe.summary_table(frame))
    click.echo()
    for claim in claims:
        click.echo(claim)
