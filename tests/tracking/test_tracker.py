"""Tracking leaves no trace in training, and a tick is the profile of its moment."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from torch import nn
from training_loops import QUICK, Loop, noisy_net, reseed

import dimscope as ds
from dimscope.errors import InputError
from dimscope.profiling import DEFAULT_METHODS


def test_training_has_the_same_bits_with_and_without(data, tmp_path):
    alone, tracked = Loop(data), Loop(data)
    reseed()
    for _ in range(12):
        alone.step()
    reseed()
    with ds.Tracker(tracked.model, data[0], tmp_path, schedule=1, **QUICK) as tracker:
        for _ in range(12):
            tracker.step(loss=tracked.step())
    assert len(tracker.profile.ticks) == 13
    assert alone.drawn == tracked.drawn
    for name, value in alone.model.state_dict().items():
        assert torch.equal(value, tracked.model.state_dict()[name]), name


def test_modes_hooks_and_gradients_are_as_before(data, tmp_path):
    loop = Loop(data)
    loop.model[3].eval()
    loop.step()
    modes = [module.training for module in loop.model.modules()]
    gradients = [parameter.grad.clone() for parameter in loop.model.parameters()]
    with ds.Tracker(loop.model, data[0], tmp_path, schedule=1, **QUICK) as tracker:
        assert tracker.step()
    assert [module.training for module in loop.model.modules()] == modes
    for parameter, gradient in zip(loop.model.parameters(), gradients, strict=True):
        assert torch.equal(parameter.grad, gradient)
        assert parameter.requires_grad
    assert not any(module._forward_hooks for module in loop.model.modules())


def test_a_tick_is_the_profile_of_that_moment(data, tmp_path):
    loop = Loop(data)
    full = {"methods": DEFAULT_METHODS, "n_repeats": 2, "curves": ["scale", "spectrum"]}
    with ds.Tracker(loop.model, data[0], tmp_path, schedule=[3], **full) as tracker:
        for _ in range(3):
            tracker.step(loss=loop.step())
        now = ds.profile(loop.model, data[0], n_repeats=2, step=3)
    for tracked in (tracker.profile, ds.Profile.load(tmp_path)):
        pd.testing.assert_frame_equal(tracked.calibrated().frame, now.frame)
    by_hash = tracker.profile.provenance["Sequential"]["model_hashes"]
    assert by_hash == {"3": now.provenance["Sequential"].get("model_hash", by_hash["3"])}


def test_metrics_stand_beside_their_ticks(data, tmp_path):
    loop = Loop(data)
    with ds.Tracker(loop.model, data[0], tmp_path, schedule="epochs", **QUICK) as tracker:
        for epoch in range(2):
            for _ in range(4):
                loss = loop.step()
                assert not tracker.step(loss=loss)
            assert tracker.epoch(loss=loss, accuracy=0.5 + epoch / 4)
            last = loss.item()
    frame = tracker.to_frame()
    assert frame.groupby("step")["accuracy"].first().dropna().to_dict() == {4: 0.5, 8: 0.75}
    assert frame.groupby("step")["epoch"].first().to_dict() == {0: 0, 4: 1, 8: 2}
    assert frame["loss"].iloc[-1] == last
    assert frame["loss"].isna().sum() == (frame["step"] == 0).sum()


def test_the_tick_of_an_epoch_has_the_metrics_of_its_last_step(data, tmp_path):
    with ds.Tracker(noisy_net(), data[0], tmp_path, schedule="epochs", **QUICK) as tracker:
        tracker.step(loss=9.0, stale=1.0)
        loss = torch.ones(2, requires_grad=True).sum()
        tracker.step(loss=loss)
        assert not tracker._loop.reported["loss"].requires_grad
        tracker.note(early=3.0)
        tracker.epoch(accuracy=0.5)
        tracker.note(late=4.0)
    last = tracker.profile.ticks.iloc[-1]
    said = {"loss": 2.0, "early": 3.0, "accuracy": 0.5, "late": 4.0}
    assert last.iloc[5:].to_dict() == said | {"mean_loss": 5.5, "mean_stale": 1.0}


def test_a_step_due_twice_is_one_tick_with_both_metrics(data, tmp_path):
    loop = Loop(data)
    with ds.Tracker(loop.model, data[0], tmp_path, **QUICK) as tracker:
        for _ in range(4):
            tracker.step(loss=loop.step())
        assert not tracker.epoch(accuracy=0.25)
    ticks = tracker.profile.ticks
    assert ticks["step"].tolist() == [0, 1, 2, 4]
    assert ticks["accuracy"].iloc[-1] == 0.25
    assert ticks["loss"].iloc[-1] > 0


def test_a_state_is_loaded_before_the_tracker_is_entered(data, tmp_path):
    with (
        ds.Tracker(noisy_net(), data[0], tmp_path, **QUICK) as tracker,
        pytest.raises(InputError, match="before `with`"),
    ):
        tracker.load_state_dict(tracker.state_dict())


def test_outside_of_with_there_is_no_tracking(data, tmp_path):
    tracker = ds.Tracker(noisy_net(), data[0], tmp_path, schedule=1, **QUICK)
    with pytest.raises(InputError, match="not running"):
        tracker.step()


@pytest.mark.parametrize(
    "option",
    [{"start_step": -1}, {"max_overhead": 0.0}, {"loggers": object()}, {"curves": "scale"}],
)
def test_options_are_checked_before_anything_runs(data, tmp_path, option):
    with pytest.raises(InputError, match=r"0 or larger|above 0|log_metrics|unknown curves"):
        ds.Tracker(noisy_net(), data[0], tmp_path, **option)


def test_wrappers_are_looked_into(data, tmp_path):
    model = noisy_net()
    with ds.Tracker(nn.DataParallel(model), data[0], tmp_path, **QUICK) as tracker:
        layers = tracker.to_frame()["layer"].tolist()
    expected = ds.profile(model, data[0], methods="two_nn").to_frame("estimate")
    assert layers == list(dict.fromkeys(expected["layer"]))


def test_only_the_first_of_parallel_processes_measures(data, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    with ds.Tracker(noisy_net(), data[0], tmp_path / "run", schedule=1, **QUICK) as tracker:
        assert not tracker.step(loss=1.0)
        assert not tracker.epoch(accuracy=0.5)
        assert tracker.position == (1, 1)
    assert not (tmp_path / "run").exists()


def test_an_error_in_the_loop_leaves_a_profile_of_what_was_measured(data, tmp_path):
    def stopped():
        with ds.Tracker(noisy_net(), data[0], tmp_path, **QUICK) as tracker:
            tracker.step()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopped()
    assert ds.Profile.load(tmp_path).ticks["step"].tolist() == [0, 1]


def test_a_loop_that_counts_by_two_misses_no_step_that_is_due(data, tmp_path):
    with ds.Tracker(noisy_net(), data[0], tmp_path, schedule=[0, 1, 3, 7], **QUICK) as tracker:
        made = [tracker.step(at=at) for at in (2, 4, 6, 8, 10)]
    assert made == [True, True, False, True, False]
    assert tracker.profile.ticks["step"].tolist() == [0, 2, 4, 8]


def test_a_tick_that_was_due_before_the_loop_stopped_is_made_when_it_goes_on(data, tmp_path):
    options = QUICK | {"schedule": [0, 3, 9]}
    with ds.Tracker(noisy_net(), data[0], tmp_path, **options) as tracker:
        tracker.step(at=2)
    for start in (4, 6):  # killed after the checkpoint of step 4, before its tick
        with ds.Tracker(noisy_net(), data[0], tmp_path, start_step=start, **options) as tracker:
            pass
    assert tracker.profile.ticks["step"].tolist() == [0, 4]


def test_the_tick_of_an_epochs_last_step_has_the_epoch_that_has_ended(data, tmp_path):
    with ds.Tracker(noisy_net(), data[0], tmp_path, schedule=2, **QUICK) as tracker:
        for _ in range(3):
            for _ in range(4):
                tracker.step()
            tracker.epoch()
    epochs = dict(tracker.profile.ticks[["step", "epoch"]].to_numpy().tolist())
    assert epochs == {0: 0, 2: 0, 4: 1, 6: 1, 8: 2, 10: 2, 12: 3}
    frame = ds.Profile.load(tmp_path).ticks
    assert dict(frame[["step", "epoch"]].to_numpy().tolist()) == epochs


def test_an_epoch_that_training_leaves_early_does_not_count(data, tmp_path):
    with ds.Tracker(noisy_net(), data[0], tmp_path, schedule="epochs", **QUICK) as tracker:
        tracker.step()
        tracker.epoch()
        tracker.step()
        assert tracker.epoch(whole=False, accuracy=0.5)
        assert tracker.position == (2, 1)
    ticks = tracker.profile.ticks
    assert ticks[["step", "epoch"]].to_numpy().tolist() == [[0, 0], [1, 1], [2, 1]]
    assert ticks["accuracy"].iloc[-1] == 0.5
