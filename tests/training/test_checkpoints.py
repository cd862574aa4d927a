"""A run from its checkpoints is what a Tracker would have recorded."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import dimscope as ds
from dimscope.cli.main import run
from dimscope.errors import InputError
from dimscope.training import read_run, track_checkpoints
from dimscope.training.checkpoints import steps_of

STEPS = (0, 9, 100)
QUICK = {"methods": "two_nn", "n_repeats": 1, "progress": False}


def build() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))


@pytest.fixture(scope="module")
def x() -> torch.Tensor:
    return torch.randn(100, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def saved(tmp_path):
    """Checkpoints of networks that differ in a bias; their names do not sort by step."""
    paths = []
    for step in STEPS:
        model = build()
        with torch.no_grad():
            model[0].bias.add_(0.01 * step)
        path = tmp_path / "ckpt" / f"net3_step{step}.pt"
        path.parent.mkdir(exist_ok=True)
        torch.save({"state_dict": model.state_dict(), "step": step}, path)
        paths.append(path)
    return paths


def test_every_checkpoint_is_a_step_with_the_profile_of_its_network(x, saved, tmp_path):
    profile = track_checkpoints(build(), x, saved, tmp_path / "run", **QUICK)
    assert profile.ticks["step"].tolist() == list(STEPS)
    for step in STEPS:
        model = build()
        with torch.no_grad():
            model[0].bias.add_(0.01 * step)
        expected = ds.profile(model, x, methods="two_nn", n_repeats=1, step=step).frame
        rows = profile.frame[profile.frame["step"] == step].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, expected)


def test_checkpoints_that_came_since_are_added(x, saved, tmp_path):
    whole = track_checkpoints(build(), x, saved, tmp_path / "whole", **QUICK)
    track_checkpoints(build(), x, saved[::2], tmp_path / "run", **QUICK)
    again = track_checkpoints(build(), x, saved, tmp_path / "run", **QUICK)
    pd.testing.assert_frame_equal(again.frame, whole.frame)
    journal = (tmp_path / "run" / "ticks.jsonl").read_text()
    assert journal.count('"tick"') == 3


def test_a_checkpoint_that_changed_is_refused(x, saved, tmp_path):
    track_checkpoints(build(), x, saved, tmp_path / "run", **QUICK)
    torch.save(torch.load(saved[0])["state_dict"], saved[1])
    with (
        pytest.warns(UserWarning, match="reached again"),
        pytest.raises(InputError, match=r"step9.pt' is not the checkpoint that was measured"),
    ):
        track_checkpoints(build(), x, saved, tmp_path / "run", **QUICK)


def test_steps_come_from_the_last_number_of_a_name_or_of_its_folder():
    assert list(steps_of(["a/net2_100.pt", "a/net2_20.pt"])) == [20, 100]
    assert list(steps_of(["checkpoint-500/model.safetensors"])) == [500]
    with pytest.raises(InputError, match=r"no step in the name of 'last.pt'"):
        steps_of(["last.pt"])
    with pytest.raises(InputError, match="both of step 1"):
        steps_of(["a1.pt", "b1.pt"])
    with pytest.raises(InputError, match="no checkpoints"):
        steps_of([])


NET = """
import torch
from torch import nn

def build():
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))

def data():
    return torch.randn(100, 8, generator=torch.Generator().manual_seed(1))
"""


def track(net, out, pattern, *more):
    arguments = ["--model", f"{net}:build", "--data", f"{net}:data", "--out", str(out)]
    arguments += ["--method", "two_nn", "--n-repeats", "1", "--batch-size", "64", *more]
    return run(["track", "--checkpoints", str(pattern), *arguments])


def test_the_command_line_gives_the_same_profile(x, saved, tmp_path, capsys):
    (tmp_path / "net.py").write_text(NET)
    out = tmp_path / "run"
    assert track(tmp_path / "net.py", out, tmp_path / "ckpt" / "*.pt") == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].endswith("two_nn, N = 100")
    assert lines[1].split() == ["step", "input", "1", "2"]
    assert [line.split()[0] for line in lines[2:5]] == ["0", "9", "100"]
    assert f"profile saved in {out}" in printed.err
    expected = track_checkpoints(build(), x, saved, tmp_path / "by_hand", **QUICK)
    loaded = ds.Profile.load(out)
    columns = ["step", "layer", "method", "value", "stderr"]
    pd.testing.assert_frame_equal(loaded.frame[columns], expected.frame[columns])
    pd.testing.assert_frame_equal(read_run(out).frame, loaded.frame)
    assert run(["report", str(out), "--out", str(tmp_path / "report.html")]) == 0


def test_json_has_ticks_and_rows(saved, tmp_path, capsys):
    import json

    (tmp_path / "net.py").write_text(NET)
    assert track(tmp_path / "net.py", tmp_path / "run", tmp_path / "ckpt" / "*.pt", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [tick["step"] for tick in document["ticks"]] == list(STEPS)
    assert {row["step"] for row in document["rows"]} == set(STEPS)
    assert np.isfinite([r["value"] for r in document["rows"] if r["curve"] == "estimate"]).all()


def test_a_pattern_without_files_is_exit_2(tmp_path, capsys):
    (tmp_path / "net.py").write_text(NET)
    assert track(tmp_path / "net.py", tmp_path / "run", tmp_path / "none*.pt") == 2
    assert "no file matches" in capsys.readouterr().err
