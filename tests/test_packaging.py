"""What is installed in development and CI is pinned, and brings no CUDA build of torch."""

import re
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINS = dict(
    line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line
)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def direct_dependencies() -> list[str]:
    listed = [*PROJECT["dependencies"], *chain(*PROJECT["optional-dependencies"].values())]
    names = {normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in listed}
    return sorted(names - {"dimscope"})


@pytest.mark.parametrize("name", direct_dependencies())
def test_every_direct_dependency_is_pinned_and_installed_as_pinned(name):
    pinned = {normal(key): value for key, value in PINS.items()}
    assert version(name).split("+")[0] == pinned[name]


def test_torch_is_the_build_without_cuda():
    assert PINS["torch"] == "2.13.0"
    assert not any(name.startswith(("nvidia", "triton", "cuda")) for name in map(normal, PINS))


def test_version_is_the_package_s():
    import dimscope

    assert version("dimscope") == dimscope.__version__
