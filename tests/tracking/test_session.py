"""What happens at a step that was measured before."""

from __future__ import annotations

import pandas as pd
import pytest
from training_loops import QUICK, Loop, noisy_net, reseed

import dimscope as ds
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


def test_a_loop_that_goes_another_way_is_warned_once_and_keeps_its_ticks(data, tmp_path):
    options = QUICK | {"schedule": 1}
    with ds.Tracker(noisy_net(), data[0], tmp_path, **options) as tracker:
        tracker.step()
        tracker.step()
    before = tracker.profile.frame
    loop = Loop(data)
    with ds.Tracker(loop.model, data[0], tmp_path, **options) as tracker:
        loop.step()
        with pytest.warns(UserWarning, match="step 1 was reached again with other values"):
            tracker.step()
        loop.step()
        tracker.step()  # a second warning would be an error
        assert tracker.differing == (1, 2)
    pd.testing.assert_frame_equal(tracker.profile.frame, before)
    assert tracker.profile.provenance["Sequential"]["differing"] == [1, 2]
