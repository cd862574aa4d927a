"""Recipes by name, old names too, and what every recipe must have."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dimscope.studies
from dimscope.errors import InputError
from dimscope.studies import RECIPES, Option, get_recipe
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
    with pytest.raises(InputError, match="no recipe 'nothing': choose recanatesi/noise"):
        get_recipe("nothing")


def test_options_take_their_own_type_only():
    time = Option(name="training_time", kind=float, default=2.0, help="How long.")
    assert time.flag == "--training-time"
    assert time.checked(None) == 2.0
    assert isinstance(time.checked(3), float)
    for wrong in ("3", True):
        with pytest.raises(InputError, match=r"training_time=.* must be a number"):
            time.checked(wrong)


@pytest.mark.parametrize(
    ("old", "new"),
    [("STUDIES", "RECIPES"), ("Study", "Recipe"), ("get_study", "get_recipe")],
)
def test_names_of_version_0_1_warn_and_work(old, new):
    with pytest.warns(DeprecationWarning, match=f"{old} is deprecated: use {new}"):
        assert getattr(dimscope.studies, old) is not None


def test_studies_of_version_0_1_work(tmp_path):
    with pytest.warns(DeprecationWarning, match="use"):
        from dimscope.studies import STUDIES, get_study, run_study
    study = get_study("sgd_noise_clusters")
    assert study is STUDIES["sgd_noise_clusters"]
    assert len(study.conditions["sweep"]) == 9
    with pytest.raises(InputError, match="CPU only"):
        run_study("sgd_noise_clusters", tmp_path, device="cuda")
    with pytest.raises(InputError, match="at least 3"):
        run_study("sgd_noise_clusters", tmp_path, device="cpu", n_seeds=2)
    with pytest.raises(InputError, match="abacus"):
        run_study("sgd_noise_fashion", tmp_path, device="abacus")
    with pytest.raises(InputError, match="no study 'nothing'"):
        get_study("nothing")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dimscope.studies.nothing
