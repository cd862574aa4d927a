"""A run from its checkpoints is what a Tracker would have recorded."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import dimscope as ds
from dimscope.cli.main import run
from dimscope.errors import InputError
from dimscope.plots import plot_phase_portrait
from dimscope.tracking import evaluate, read_run, track_checkpoints
from dimscope.tracking.checkpoints import steps_of

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


@pytest.fixture(scope="module")
def labels(x) -> torch.Tensor:
    return (x @ torch.randn(8, 3, generator=torch.Generator().manual_seed(2))).argmax(1)


def by_hand(x, labels, step):
    model = build()
    with torch.no_grad():
        model[0].bias.add_(0.01 * step)
        logits = model(x)
    loss = nn.functional.cross_entropy(logits.double(), labels).item()
    return [loss, (logits.argmax(1) == labels).double().mean().item()]


def test_labelled_samples_give_loss_and_accuracy(x, labels, saved, tmp_path):
    told = []
    profile = track_checkpoints(
        build().train(), (x, labels), saved, tmp_path / "run", notify=told.append, **QUICK
    )
    expected = [by_hand(x, labels, step) for step in STEPS]
    found = profile.ticks[["loss", "accuracy"]].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert not told
    assert "mean_loss" not in profile.ticks
    assert plot_phase_portrait(profile, "two_nn").get_xlabel() == "accuracy"
    plain = track_checkpoints(build(), x, saved, tmp_path / "plain", **QUICK)
    pd.testing.assert_frame_equal(profile.frame, plain.frame)


def test_other_samples_may_be_evaluated_than_are_measured(x, labels, saved, tmp_path):
    batches = iter([(x[:60], labels[:60]), (x[60:], labels[60:])])  # to be read three times
    profile = track_checkpoints(
        build(), x[:50], saved, tmp_path / "run", eval_data=batches, n_samples=40, **QUICK
    )
    assert profile.frame["n_samples"].max() == 40
    expected = [by_hand(x, labels, step) for step in STEPS]
    np.testing.assert_allclose(profile.ticks[["loss", "accuracy"]], expected, rtol=1e-6)


def test_a_run_without_loss_and_accuracy_gets_them_later(x, labels, saved, tmp_path):
    data, run = (x, labels), tmp_path / "run"
    before = track_checkpoints(build(), data, saved, run, eval_data=None, **QUICK)
    assert "loss" not in before.ticks
    after = track_checkpoints(build(), data, saved, run, **QUICK)
    assert after.ticks["accuracy"].notna().all()
    pd.testing.assert_frame_equal(after.frame, before.frame)
    with pytest.raises(InputError, match="evaluate the same samples"):
        track_checkpoints(build(), (x, labels.roll(1)), saved, run, **QUICK)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (None, "no labels"),
        (torch.rand(100), r"float32 of shape \(\)"),
        (torch.zeros(100, 2, dtype=torch.long), r"int64 of shape \(2,\)"),
        (torch.full((100,), 3), "labels from 3 to 3 for 3 logits"),
        (torch.full((100,), -1), "labels from -1"),
    ],
)
def test_what_cannot_be_evaluated_is_said(x, saved, tmp_path, bad, reason):
    data = x if bad is None else (x, bad)
    told = []
    options = QUICK | {"notify": told.append}
    profile = track_checkpoints(build(), data, saved[:1], tmp_path / "run", **options)
    assert "accuracy" not in profile.ticks
    assert re.match(f"no loss and accuracy: .*{reason}", told[0])
    with pytest.raises(InputError, match=reason):
        track_checkpoints(build(), x, saved[:1], tmp_path / "other", eval_data=data, **QUICK)


@pytest.mark.parametrize(
    "output", [lambda y: y[:, None], lambda y: (y, y), lambda y: {"last": y}, lambda y: y[:-1]]
)
def test_an_output_that_is_no_logits_is_refused(x, labels, output):
    with pytest.raises(InputError, match="needs logits"):
        evaluate(build(), (x, labels), forward=lambda model, batch: output(model(batch[0])))


def test_logits_are_found_in_what_a_library_returns(x, labels):
    from types import SimpleNamespace

    plain = evaluate(build(), (x, labels))
    for wrap in (lambda y: {"logits": y}, lambda y: SimpleNamespace(logits=y)):
        found = evaluate(build(), (x, labels), forward=lambda m, b, w=wrap: w(m(b[0])))
        assert found == plain


def test_evaluation_leaves_no_trace(x, labels):
    model = nn.Sequential(nn.Linear(8, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    whole = evaluate(model, (x, labels), batch_size=100)
    assert evaluate(model, (x, labels)) == pytest.approx(whole, rel=1e-12)
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_an_unknown_word_for_samples_is_refused(x, saved, tmp_path):
    with pytest.raises(InputError, match="eval_data='probe'"):
        track_checkpoints(build(), x, saved, tmp_path / "run", eval_data="probe", **QUICK)


def test_a_wrapped_network_is_measured_inside(x, saved, tmp_path):
    wrapped = track_checkpoints(
        nn.DataParallel(build()), x, saved, tmp_path / "a", label="Sequential", **QUICK
    )
    plain = track_checkpoints(build(), x, saved, tmp_path / "b", **QUICK)
    pd.testing.assert_frame_equal(wrapped.frame, plain.frame)


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

def labelled():
    x = data()
    return x, (x @ torch.randn(8, 3, generator=torch.Generator().manual_seed(2))).argmax(1)
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


def test_the_command_line_finds_loss_and_accuracy(x, labels, saved, tmp_path, capsys):
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
    expected = [by_hand(x, labels, step) for step in STEPS]
    np.testing.assert_allclose(given.ticks[["loss", "accuracy"]], expected, rtol=1e-6)


def test_a_pattern_without_files_is_exit_2(tmp_path, capsys):
    (tmp_path / "net.py").write_text(NET)
    assert track(tmp_path / "net.py", tmp_path / "run", tmp_path / "none*.pt") == 2
    assert "no file matches" in capsys.readouterr().err
