"""The list of recipes by name. The module of a recipe loads when the recipe is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.jobs import Identity, run_jobs
from dimscope.studies.recipe import N_WORKERS, Recipe

_WORKERS_ON_A_DEVICE = 4

#: Names, ``paper/recipe``: each is the constant ``RECIPE`` of ``recipes/paper/recipe.py``.
RECIPES: tuple[str, ...] = (
    "ansuini/hunchback",
    "ansuini/last_hidden",
    "ansuini/curvature",
    "ansuini/labels",
    "ansuini/mnist",
    "ansuini/luminance",
    "ansuini/dynamics",
    "recanatesi/expansion_compression",
    "recanatesi/noise_clusters",
    "recanatesi/sgd_noise",
    "recanatesi/noise_fashion",
    "recanatesi/generalization",
    "recanatesi/geometry_objective",
    "since/pr_bias",
    "critique/known_dimension",
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
    name: str,
    out: str | Path,
    *,
    budget: str = "standard",
    n_workers: int | None = None,
    progress: bool = True,
    **options: object,
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
    budget
        ``"quick"``, ``"standard"`` or ``"full"``: the values of options that are not given.
    n_workers
        Number of processes; by default one for each core, or four that share a device. A script
        that starts several must call this below ``if __name__ == "__main__":``.
    progress
        Show progress on stderr when that is a terminal.
    options
        The recipe's own options (`Recipe.options`); those left out, or None, have the values of the
        budget.

    Returns
    -------
    pandas.DataFrame
        A row for each measurement.

    Raises
    ------
    InputError
        If there is no such recipe, budget or option, a value is not allowed, or ``out`` holds
        another recipe, or runs with other settings.
    TrainingError
        If training diverges or fails.
    StoreError
        If ``out`` cannot be written.
    """
    recipe = get_recipe(name)
    settings = recipe.settings(budget, **options)
    jobs = recipe.jobs(**settings)
    if n_workers is None and settings.get("device", "cpu") != "cpu":
        n_workers = _WORKERS_ON_A_DEVICE
    module, function = recipe.work.split(":")
    frame = run_jobs(
        jobs,
        getattr(import_module(module), function),
        Path(out),
        identity(recipe, settings),
        keeps_state=recipe.keeps_state,
        n_workers=N_WORKERS.checked(n_workers),
        progress=progress,
    )
    return recipe.tidy(frame)


def identity(recipe: Recipe, settings: Mapping[str, Any]) -> Identity:
    """Which runs a folder of this recipe records with these settings."""
    return Identity(
        recipe=recipe.name,
        version=recipe.version,
        settings=recipe.fixed(settings),
        earlier=recipe.earlier,
    )
