"""The page on architecture is true: its picture, its table and its file names are those of src."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PICTURE = (ROOT / "docs" / "images" / "layers.svg").read_text("utf-8")
SOURCES = ROOT / "src" / "dimscope"


def layers() -> list[list[str]]:
    """The packages of the contract, from the top, those of one layer together; private ones out."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    assert contract["exhaustive"]
    rows = [re.split(r"\s*[|:]\s*", row) for row in contract["layers"]]
    public = [[name for name in row if not name.startswith("_")] for row in rows]
    return [row for row in public if row and "training" not in row]


def test_the_picture_shows_the_layers_of_the_contract():
    shown = re.findall(r'y="(\d+)" class="name">(\w+)<', PICTURE)
    by_height: dict[str, list[str]] = {}
    for height, name in shown:
        by_height.setdefault(height, []).append(name)
    assert list(by_height.values()) == layers()


def test_the_table_has_every_package():
    table = PAGE.partition("## The packages")[2].partition("## The types")[0]
    listed = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))))
    packages = {path.parent.name for path in SOURCES.glob("*/__init__.py")}
    assert listed == {"errors", "scales", *packages}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w/]+\.py)`", PAGE))))
def test_every_file_that_is_named_exists(name):
    parents = (ROOT, SOURCES, *(path for path in SOURCES.rglob("*") if path.is_dir()))
    assert any((parent / name).exists() for parent in parents), name
