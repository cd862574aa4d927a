"""`dimscope track`: the profile that `track_checkpoints` gives, printed and saved."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from checkpoint_files import STEPS, labelled_samples, loss_and_accuracy, save_checkpoints
from training_loops import QUICK, plain_net

import dimscope as ds
from dimscope.cli.main import run
from dimscope.tracking import read_run, track_checkpoints

NET = """
import torch
from torch import nn

def build():
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

def data():
    return torch.randn(100, 8, generator=torch.Generator().manual_seed(1))

def labelled():
    x = data()
    return x, (x @ torch.randn(8, 3, generator=torch.Generator().manual_seed(2))).argmax(1)
"""


@pytest.fixture
def saved(tmp_path):
    return save_checkpoints(tmp_path / "ckpt")


def track(net, out, pattern, *more):
    arguments = ["--model", f"{net}:build", "--data", f"{net}:data", "--out", str(out)]
    arguments += ["--method", "two_nn", "--n-repeats", "1", "--batch-size", "64", *more]
    return run(["track", "--checkpoints", str(pattern), *arguments])


def test_the_command_line_gives_the_same_profile(saved, tmp_path, capsys):
    (tmp_path / "net.py").write_text(NET)
    out = tmp_path / "run"
    assert track(tmp_path / "net.py", out, tmp_path / "ckpt" / "*.pt") == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].endswith("two_nn, N = 100")
    assert lines[1].split() == ["step", "input", "1", "2"]
    assert [line.split()[0] for line in lines[2:5]] == ["0", "9", "100"]
    assert f"profile saved in {out}" in printed.err
    expected = track_checkpoints(
        plain_net(), labelled_samples()[0], saved, tmp_path / "by_hand", **QUICK
    )
    loaded = ds.Profile.load(out)
    columns = ["step", "layer", "method", "value", "stderr"]
    pd.testing.assert_frame_equal(loaded.frame[columns], expected.frame[columns])
    pd.testing.assert_frame_equal(read_run(out).frame, loaded.frame)
    assert run(["report", str(out), "--out", str(tmp_path / "report.html")]) == 0


def test_json_has_ticks_and_rows(saved, tmp_path, capsys):
    (tmp_path / "net.py").write_text(NET)
    assert track(tmp_path / "net.py", tmp_path / "run", tmp_path / "ckpt" / "*.pt", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [tick["step"] for tick in document["ticks"]] == list(STEPS)
    assert {row["step"] for row in document["rows"]} == set(STEPS)
    assert np.isfinite([r["value"] for r in document["rows"] if r["curve"] == "estimate"]).all()


def test_the_command_line_finds_loss_and_accuracy(saved, tmp_path, capsys):
    net, pattern = tmp_path / "net.py", tmp_path / "ckpt" / "*.pt"
    net.write_text(NET)
    assert track(net, tmp_path / "plain", pattern) == 0
    assert "no loss and accuracy: the samples have no labels" in capsys.readouterr().err
    assert track(net, tmp_path / "none", pattern, "--eval-data", "none") == 0
    assert "accuracy" not in capsys.readouterr().err
    assert track(net, tmp_path / "given", pattern, "--eval-data", f"{net}:labelled") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split() == ["step", "input", "1", "2", "loss", "accuracy"]
    given = ds.Profile.load(tmp_path / "given")
    expected = [loss_and_accuracy(*labelled_samples(), step) for step in STEPS]
    np.testing.assert_allclose(given.ticks[["loss", "accuracy"]], expected, rtol=1e-6)


def test_a_pattern_without_files_is_exit_2(tmp_path, capsys):
    (tmp_path / "net.py").write_text(NET)
    assert track(tmp_path / "net.py", tmp_path / "run", tmp_path / "none*.pt") == 2
    assert "no file matches" in capsys.readouterr().err
