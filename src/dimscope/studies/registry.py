"""The list of recipes by name. The module of a recipe loads when the recipe is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.recipe import Recipe

#: Names, ``paper/recipe``: each is the constant ``RECIPE`` of ``recipes/paper/recipe.py``.
RECIPES: tuple[str, ...] = (
    "recanatesi/noise_clusters",
    "recanatesi/noise_fashion",
)

#: Names of version 0.1, which still work.
ALIASES: Mapping[str, str] = {
    "sgd_noise_clusters": "recanatesi/noise_clusters",
    "sgd_noise_fashion": "recanatesi/noise_fashion",
}


def get_recipe(name: str) -> Recipe:
    """Return the recipe of this name.

    Raises
    ------
    InputError
        If there is no such recipe.

    Examples
    --------
    >>> get_recipe("recanatesi/noise_clusters").paper
    'Recanatesi et al. (2019), arXiv:1906.00443'
    """
    known = ALIASES.get(name, name)
    if known not in RECIPES:
        raise InputError(f"no recipe {name!r}: choose {' or '.join(RECIPES)}")
    recipe: Recipe = import_module(f"dimscope.studies.recipes.{known.replace('/', '.')}").RECIPE
    return recipe


def run_recipe(
    name: str, out: str | Path, *, progress: bool = True, **options: object
) -> pd.DataFrame:
    """Run a recipe in the folder ``out``, and return every measurement.

    The folder records every run that ends. A recipe that is started again in the same folder runs
    only what is missing.

    Parameters
    ----------
    name
        One of `RECIPES`.
    out
        Folder of the record.
    progress
        Show progress on stderr when that is a terminal.
    options
        The recipe's own options (`Recipe.options`); those left out, or None, have their defaults. A
        recipe with several workers starts processes: a script must call it below
        ``if __name__ == "__main__":``.

    Returns
    -------
    pandas.DataFrame
        A row for each measurement.

    Raises
    ------
    InputError
        If there is no such recipe or option, a value is not allowed, or ``out`` holds another
        recipe.
    TrainingError
        If training diverges or fails.
    StoreError
        If ``out`` cannot be written.
    """
    recipe = get_recipe(name)
    return recipe.run(Path(out), progress=progress, **recipe.settings(**options))
