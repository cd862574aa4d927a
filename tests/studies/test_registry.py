"""Recipes by name, and what every recipe must have."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dimscope.errors import InputError
from dimscope.studies import RECIPES, get_recipe
from dimscope.studies.registry import ALIASES


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_what_its_name_says(name):
    recipe = get_recipe(name)
    assert recipe.name == name
    assert recipe.paper
    assert recipe.title
    assert recipe.differs.endswith(".")
    assert list(recipe.settings()) == [option.name for option in recipe.options]


def test_listing_loads_neither_torch_nor_matplotlib():
    code = (
        "import sys; from dimscope.studies import RECIPES, get_recipe; "
        "[get_recipe(name) for name in RECIPES]; "
        "sys.exit(bool({'torch', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_of_version_0_1_stay():
    assert {get_recipe(old).name for old in ALIASES} == set(ALIASES.values())


def test_unknown_recipes_are_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"no recipe 'nothing': choose .*recanatesi/noise"):
        get_recipe("nothing")
