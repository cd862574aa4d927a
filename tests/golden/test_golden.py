"""The numbers of this version are those of the files, which 0.1.0 wrote.

With tolerance, as processors and libraries round differently; to the bit where the environment
variable ``DIMSCOPE_GOLDEN`` is ``exact``, for the machine that wrote the files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from compare import GOLDEN, Difference, agree, differences
from golden_files import decode, encode, read_rows, write_rows

EXACT = os.environ.get("DIMSCOPE_GOLDEN") == "exact"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.json") if path.stem != "about")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Difference]:
    """What differs, from a process of its own: with no type checks, and one thread."""
    out = tmp_path_factory.mktemp("golden")
    script = Path(__file__).with_name("capture.py")
    done = subprocess.run(
        [sys.executable, str(script), str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return differences(out, exact=EXACT)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_those_of_the_files(found, name):
    lines = [str(difference) for difference in found if difference.file == name]
    assert not lines, f"{len(lines)} differences\n" + "\n".join(lines[:50])


def test_rows_survive_a_file(tmp_path):
    rows = {"a / b": {"x": encode(0.1), "y": None}, "c": {"x": encode(float("nan")), "z": [1, "t"]}}
    write_rows(tmp_path / "rows.json", rows)
    assert read_rows(tmp_path / "rows.json") == rows
    assert decode(rows["a / b"]["x"]) == 0.1


@pytest.mark.parametrize(
    ("new", "same"),
    [
        (1.0 + 1e-8, True),
        (1.0 + 1e-4, False),
        (None, False),
        (1, False),
        (float("nan"), False),
    ],
)
def test_a_number_agrees_with_its_neighbours_only(new, same):
    assert agree(encode(1.0), encode(new), 1e-6) is same


def test_sentences_agree_where_only_roundings_differ():
    assert agree("At N = 60 about 9%.", "At N = 60 about 8.9%.", 1e-6)
    assert not agree("At N = 60 about 9%.", "At N = 60 about 19%.", 1e-6)
    assert agree("At N = 60 about 9%.", "With 60 points, about 9%.", 1e-6)
    assert not agree("At N = 60 about 9%.", "About 9%.", 1e-6)


def test_what_is_missing_is_a_difference_and_what_is_new_is_not(tmp_path):
    rows = read_rows(GOLDEN / "parts.json")
    subject = next(iter(rows))
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, row in ((old, {"x": 1, "y": 2}), (new, {"y": 2, "z": 3})):
        folder.mkdir()
        write_rows(folder / "some.json", {subject: row})
    assert [str(d) for d in differences(new, old)] == [f"some / {subject} / x: 1 -> 'missing'"]
    assert json.loads((old / "some.json").read_text())["columns"] == ["x", "y"]
