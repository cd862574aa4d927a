"""The facade: light to import, complete and documented."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

import dimscope


def modules_after(statement):
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_loads_no_dependency_at_all():
    heavy = {"torch", "matplotlib", "plotly", "sklearn", "zarr", "pandas", "scipy", "numpy"}
    assert not heavy & modules_after("import dimscope")


def test_estimating_an_array_loads_neither_torch_nor_plots():
    heavy = {"torch", "matplotlib", "plotly", "sklearn", "zarr", "transformers"}
    loaded = modules_after("import dimscope; dimscope.estimate([[0.1 * i**2] for i in range(9)])")
    assert "numpy" in loaded
    assert not heavy & loaded


@pytest.mark.parametrize("name", dimscope.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    value = getattr(dimscope, name)
    home = value.__name__ if inspect.ismodule(value) else value.__module__
    assert home.startswith("dimscope.")
    assert inspect.getdoc(value)


def test_what_moved_is_still_found_under_its_old_name():
    import dimscope.training

    for package in ("tracking", "noise", "losses"):
        for name in import_module(f"dimscope.{package}").__all__:
            assert getattr(dimscope.training, name) is getattr(dimscope, package).__dict__[name]


def test_listing_names_lists_all():
    assert dir(dimscope) == sorted(dimscope.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="TwoNm"):
        _ = dimscope.TwoNm


def test_public_methods_are_documented():
    missing = [
        f"{name}.{attribute}"
        for name in dimscope.__all__
        if inspect.isclass(getattr(dimscope, name))
        for attribute, value in vars(getattr(dimscope, name)).items()
        if not attribute.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, property))
        and not inspect.getdoc(getattr(getattr(dimscope, name), attribute))
    ]
    assert missing == []
