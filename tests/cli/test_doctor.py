"""`dimscope doctor DIR`: which files of a run are right, and what to do about the others."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

import dimscope as ds
from dimscope.cli.main import run
from dimscope.errors import StoreError
from dimscope.tracking import read_run

QUICK = {"methods": "two_nn", "n_repeats": 1, "progress": False}


@pytest.fixture
def folder(tmp_path):
    """A tracked run of two steps, with its profile beside the journal."""
    torch.manual_seed(0)
    model, x = nn.Linear(6, 3), torch.randn(60, 6)
    with ds.Tracker(model, x, tmp_path / "run", schedule=1, **QUICK) as tracker:
        tracker.step()
        tracker.step()
    return tmp_path / "run"


def doctor(capsys, folder, *options):
    code = run(["doctor", str(folder), *options, "--json"])
    return code, json.loads(capsys.readouterr().out)


def wrong(found):
    return {check["file"]: check for check in found["files"] if not check["is_right"]}


def test_every_file_of_a_whole_run_is_right(folder, capsys):
    code, found = doctor(capsys, folder)
    assert code == 0
    assert found["right"]
    assert {check["file"] for check in found["files"]} == {path.name for path in folder.iterdir()}


def test_a_changed_table_is_named_and_nothing_else(folder, capsys):
    table = next(path for path in folder.iterdir() if path.stem == "values")
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 1
    table.write_bytes(content)
    code, found = doctor(capsys, folder)
    assert code == 1
    assert list(wrong(found)) == [table.name]


def test_a_damaged_line_is_named_and_set_aside(folder, capsys):
    journal = folder / "ticks.jsonl"
    lines = journal.read_text().splitlines()
    place = next(n for n, line in enumerate(lines) if '"step": 2' in line)
    lines[place] = lines[place].replace('"step": 2', '"step": 7', 1)
    journal.write_text("\n".join(lines) + "\n")
    with pytest.raises(StoreError, match=f"line {place + 1}: the checksum does not fit"):
        read_run(folder)
    _, found = doctor(capsys, folder)
    assert wrong(found)["ticks.jsonl"]["says"].startswith(f"line {place + 1}: ")
    _, found = doctor(capsys, folder, "--repair")
    assert found["repaired"] == ["ticks.jsonl: 1 damaged lines moved to ticks.jsonl.damaged"]
    assert read_run(folder).ticks["step"].tolist() == [0, 1]
    assert (folder / "ticks.jsonl.damaged").read_text() == lines[place] + "\n"


@pytest.mark.parametrize("left", [0, 40], ids=["nothing", "half its first line"])
def test_a_journal_without_a_whole_line_is_wrong(folder, capsys, left):
    journal = folder / "ticks.jsonl"
    journal.write_bytes(journal.read_bytes()[:left])
    _, found = doctor(capsys, folder)
    assert "no whole line is left" in wrong(found)["ticks.jsonl"]["says"]


def test_a_folder_of_nothing_of_ours_is_exit_2(tmp_path, capsys):
    assert run(["doctor", str(tmp_path)]) == 2
    assert "holds nothing that can be checked" in capsys.readouterr().err
