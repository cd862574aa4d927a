"""A run from its checkpoints is what a Tracker would have recorded."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import torch
from checkpoint_files import STEPS, loss_and_accuracy, net_at
from torch import nn
from training_loops import QUICK, plain_net

import dimscope as ds
from dimscope.errors import InputError
from dimscope.plots import plot_phase_portrait
from dimscope.tracking import track_checkpoints
from dimscope.tracking.checkpoints import steps_of


def test_every_checkpoint_is_a_step_with_the_profile_of_its_network(x, saved, tmp_path):
    profile = track_checkpoints(plain_net(), x, saved, tmp_path / "run", **QUICK)
    assert profile.ticks["step"].tolist() == list(STEPS)
    for step in STEPS:
        expected = ds.profile(net_at(step), x, methods="two_nn", n_repeats=1, step=step).frame
        frame = profile.calibrated().frame
        rows = frame[frame["step"] == step].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, expected)


def test_labelled_samples_give_loss_and_accuracy(x, labels, saved, tmp_path):
    told = []
    profile = track_checkpoints(
        plain_net().train(), (x, labels), saved, tmp_path / "run", notify=told.append, **QUICK
    )
    expected = [loss_and_accuracy(x, labels, step) for step in STEPS]
    found = profile.ticks[["loss", "accuracy"]].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert not told
    assert "mean_loss" not in profile.ticks
    assert plot_phase_portrait(profile, "two_nn").get_xlabel() == "accuracy"
    plain = track_checkpoints(plain_net(), x, saved, tmp_path / "plain", **QUICK)
    pd.testing.assert_frame_equal(profile.frame, plain.frame)


def test_other_samples_may_be_evaluated_than_are_measured(x, labels, saved, tmp_path):
    batches = iter([(x[:60], labels[:60]), (x[60:], labels[60:])])  # to be read three times
    profile = track_checkpoints(
        plain_net(), x[:50], saved, tmp_path / "run", eval_data=batches, n_samples=40, **QUICK
    )
    assert profile.frame["n_samples"].max() == 40
    expected = [loss_and_accuracy(x, labels, step) for step in STEPS]
    np.testing.assert_allclose(profile.ticks[["loss", "accuracy"]], expected, rtol=1e-6)


def test_a_run_without_loss_and_accuracy_gets_them_later(x, labels, saved, tmp_path):
    data, run = (x, labels), tmp_path / "run"
    before = track_checkpoints(plain_net(), data, saved, run, eval_data=None, **QUICK)
    assert "loss" not in before.ticks
    after = track_checkpoints(plain_net(), data, saved, run, **QUICK)
    assert after.ticks["accuracy"].notna().all()
    pd.testing.assert_frame_equal(after.frame, before.frame)
    with pytest.raises(InputError, match="evaluate the same samples"):
        track_checkpoints(plain_net(), (x, labels.roll(1)), saved, run, **QUICK)


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
    profile = track_checkpoints(plain_net(), data, saved[:1], tmp_path / "run", **options)
    assert "accuracy" not in profile.ticks
    assert re.match(f"no loss and accuracy: .*{reason}", told[0])
    with pytest.raises(InputError, match=reason):
        track_checkpoints(plain_net(), x, saved[:1], tmp_path / "other", eval_data=data, **QUICK)


def test_an_unknown_word_for_samples_is_refused(x, saved, tmp_path):
    with pytest.raises(InputError, match="eval_data='probe'"):
        track_checkpoints(plain_net(), x, saved, tmp_path / "run", eval_data="probe", **QUICK)


def test_a_wrapped_network_is_measured_inside(x, saved, tmp_path):
    wrapped = track_checkpoints(
        nn.DataParallel(plain_net()), x, saved, tmp_path / "a", label="Sequential", **QUICK
    )
    plain = track_checkpoints(plain_net(), x, saved, tmp_path / "b", **QUICK)
    pd.testing.assert_frame_equal(wrapped.frame, plain.frame)


def test_checkpoints_that_came_since_are_added(x, saved, tmp_path):
    whole = track_checkpoints(plain_net(), x, saved, tmp_path / "whole", **QUICK)
    track_checkpoints(plain_net(), x, saved[::2], tmp_path / "run", **QUICK)
    again = track_checkpoints(plain_net(), x, saved, tmp_path / "run", **QUICK)
    pd.testing.assert_frame_equal(again.frame, whole.frame)
    journal = (tmp_path / "run" / "ticks.jsonl").read_text()
    assert journal.count('"tick"') == 3


def test_a_checkpoint_that_changed_is_refused(x, saved, tmp_path):
    track_checkpoints(plain_net(), x, saved, tmp_path / "run", **QUICK)
    torch.save(torch.load(saved[0])["state_dict"], saved[1])
    with (
        pytest.warns(UserWarning, match="reached again"),
        pytest.raises(InputError, match=r"step9.pt' is not the checkpoint that was measured"),
    ):
        track_checkpoints(plain_net(), x, saved, tmp_path / "run", **QUICK)


def test_steps_come_from_the_last_number_of_a_name_or_of_its_folder():
    assert list(steps_of(["a/net2_100.pt", "a/net2_20.pt"])) == [20, 100]
    assert list(steps_of(["checkpoint-500/model.safetensors"])) == [500]
    with pytest.raises(InputError, match=r"no step in the name of 'last.pt'"):
        steps_of(["last.pt"])
    with pytest.raises(InputError, match="both of step 1"):
        steps_of(["a1.pt", "b1.pt"])
    with pytest.raises(InputError, match="no checkpoints"):
        steps_of([])
