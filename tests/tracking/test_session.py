"""What happens at a step that was measured before."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from training_loops import QUICK, Loop, noisy_net, reseed

import dimscope as ds
from dimscope.errors import CaptureError, InputError
from dimscope.tracking import read_run


def test_a_loop_that_restores_an_older_checkpoint_gives_the_same_frame(data, tmp_path):
    whole = Loop(data)
    reseed()
    with ds.Tracker(whole.model, data[0], tmp_path / "whole", schedule=2, **QUICK) as tracker:
        for _ in range(10):
            tracker.step(loss=whole.step())
    torn = Loop(data)
    reseed()
    state = torn.state()
    for start, stop in [(0, 7), (5, 8), (5, 10)]:
        torn.restore(state)
        options = QUICK | {"schedule": 2, "start_step": start}
        with ds.Tracker(torn.model, data[0], tmp_path / "torn", **options) as tracker:
            for now in range(start + 1, stop + 1):
                tracker.step(loss=torn.step())
                if now == 5:
                    state = torn.state()
            assert tracker.differing == ()
    again, expected = read_run(tmp_path / "torn"), read_run(tmp_path / "whole")
    pd.testing.assert_frame_equal(again.frame, expected.frame)
    columns = ["step", "epoch", "loss"]
    pd.testing.assert_frame_equal(again.ticks[columns], expected.ticks[columns])
    assert again.provenance["Sequential"]["n_sessions"] == 3


def test_a_restored_loop_that_goes_another_way_is_warned_once_and_keeps_its_ticks(data, tmp_path):
    options = QUICK | {"schedule": 1}
    loop = Loop(data)
    with ds.Tracker(loop.model, data[0], tmp_path, **options) as tracker:
        loop.step()
        tracker.step()
        state = loop.state()
        for _ in range(2):
            loop.step()
            tracker.step()
    before = tracker.profile.frame
    loop.restore(state)
    reseed(9)
    with ds.Tracker(loop.model, data[0], tmp_path, start_step=1, **options) as tracker:
        loop.step()
        with pytest.warns(UserWarning, match="step 2 was reached again with other values"):
            tracker.step()
        loop.step()
        tracker.step()  # a second warning would be an error
        assert tracker.differing == (2, 3)
    pd.testing.assert_frame_equal(tracker.profile.frame, before)
    assert tracker.profile.provenance["Sequential"]["differing"] == [2, 3]


def train(data, folder, *, at=None, n_steps=3, model=None, **options):
    """A training run of its own, whose steps may be counted otherwise."""
    loop = Loop(data, model)
    reseed()
    with ds.Tracker(loop.model, data[0], folder, **QUICK, **options) as tracker:
        for step in range(n_steps):
            tracker.step(at=None if at is None else at[step], loss=loop.step())
    return tracker


@pytest.mark.parametrize("schedule", [1, [2, 3]])
@pytest.mark.parametrize("start", [0, 2])
def test_another_network_in_a_used_folder_is_refused_on_entry(data, tmp_path, schedule, start):
    train(data, tmp_path, schedule=schedule)
    journal = (tmp_path / "ticks.jsonl").read_bytes()
    other = noisy_net()
    other[0].weight.data.add_(1.0)
    with pytest.raises(InputError, match=rf"other values at step {start}.*resume=True"):
        train(data, tmp_path, model=other, schedule=schedule, start_step=start)
    assert (tmp_path / "ticks.jsonl").read_bytes() == journal


def test_a_run_that_begins_alike_and_then_differs_is_refused(data, tmp_path):
    train(data, tmp_path, schedule=1)
    before = read_run(tmp_path).frame
    loop = Loop(data)
    with ds.Tracker(loop.model, data[0], tmp_path, schedule=1, **QUICK) as tracker:
        loop.optimizer.param_groups[0]["lr"] = 0.5
        loop.step()
        with pytest.raises(InputError, match=r"another training run: its network.* step 1\b"):
            tracker.step()
    pd.testing.assert_frame_equal(read_run(tmp_path).frame, before)


def test_two_runs_that_count_otherwise_are_not_mixed(data, tmp_path):
    train(data, tmp_path, at=[1, 3, 5], schedule=1)
    with pytest.raises(InputError, match="not measured at step 2, but at later ones"):
        train(data, tmp_path, at=[2, 4, 6], schedule=1)
    assert read_run(tmp_path).ticks["step"].tolist() == [0, 1, 3, 5]


def test_a_run_that_repeats_itself_goes_on_in_its_folder(data, tmp_path):
    train(data, tmp_path / "torn", schedule=1)
    train(data, tmp_path / "torn", schedule=1, n_steps=5)
    train(data, tmp_path / "whole", schedule=1, n_steps=5)
    one, other = (read_run(tmp_path / name).frame for name in ("torn", "whole"))
    pd.testing.assert_frame_equal(one, other)


def test_a_run_that_does_not_repeat_itself_can_be_said_to_be_the_same(data, tmp_path):
    train(data, tmp_path, schedule=1)
    other = noisy_net()
    other[0].weight.data.add_(1e-6)
    with pytest.warns(UserWarning, match="step 0 was reached again"):
        tracker = train(data, tmp_path, model=other, schedule=1, n_steps=4, resume=True)
    assert tracker.profile.ticks["step"].tolist() == [0, 1, 2, 3, 4]
    assert tracker.profile.provenance["Sequential"]["differing"] == [0, 1, 2, 3]


def test_a_run_killed_before_its_first_tick_leaves_the_folder_to_another(data, tmp_path):
    train(data, tmp_path, schedule=[9])
    other = noisy_net()
    other[0].weight.data.add_(1.0)
    train(data, tmp_path, model=other, schedule=[9])


def test_random_states_are_restored_when_a_tick_fails(data, tmp_path):
    def broken(model, batch):
        random.random()
        raise ZeroDivisionError

    state = random.getstate()
    with pytest.raises(CaptureError):
        ds.Tracker(noisy_net(), data[0], tmp_path, forward=broken, **QUICK).__enter__()
    assert random.getstate() == state
