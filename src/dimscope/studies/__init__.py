"""Experiments of papers as recipes, judged by tests over seeds, and their published numbers."""

from __future__ import annotations

import warnings
from importlib import import_module

from dimscope.studies.claims import Claim, agrees, decreases, judged, vanishes
from dimscope.studies.published import published, published_figure
from dimscope.studies.recipe import BUDGETS, N_WORKERS, Option, Recipe
from dimscope.studies.recipes.recanatesi.noise.conditions import Condition
from dimscope.studies.recipes.recanatesi.noise.last_moments import last_moments
from dimscope.studies.registry import RECIPES, get_recipe, run_recipe

__all__ = [
    "BUDGETS",
    "N_WORKERS",
    "RECIPES",
    "Claim",
    "Condition",
    "Option",
    "Recipe",
    "agrees",
    "decreases",
    "get_recipe",
    "judged",
    "last_moments",
    "published",
    "published_figure",
    "run_recipe",
    "vanishes",
]

_RENAMED = {
    "STUDIES": "RECIPES",
    "Study": "Recipe",
    "get_study": "get_recipe",
    "run_study": "run_recipe",
}


def __getattr__(name: str) -> object:
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"dimscope.studies.{name} is deprecated: use {_RENAMED[name]}",
        DeprecationWarning,
        stacklevel=2,
    )
    return getattr(import_module("dimscope.studies.deprecated"), name)
