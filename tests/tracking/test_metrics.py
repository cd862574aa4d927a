"""Metrics between ticks: their means are the same bits wherever a loop stops and goes on."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import torch
from training_loops import QUICK, Loop, noisy_net, reseed

import dimscope as ds
from dimscope.tracking import read_run


def test_what_is_said_between_ticks_is_kept_as_a_mean(data, tmp_path):
    reused = torch.zeros(())
    with ds.Tracker(noisy_net(), data[0], tmp_path, schedule=[100, 103], **QUICK) as tracker:
        for now in range(1, 104):
            reused.fill_(now)  # a loop may write into its tensor again
            more = {"every_third": now} if now % 3 == 0 else {"every_third": None}
            tracker.step(loss=reused, **more)
            assert len(tracker._loop.means._pending) < 64
        tracker.note(mean_loss=7.0)  # what is there stays
    first, second = tracker.profile.ticks.to_dict("records")
    assert (first["loss"], first["mean_loss"], first["mean_every_third"]) == (100, 50.5, 51)
    assert (second["loss"], second["mean_loss"], second["mean_every_third"]) == (103, 102, 102)


def test_a_metric_that_is_called_a_mean_is_the_loops_own(data, tmp_path):
    with ds.Tracker(noisy_net(), data[0], tmp_path, schedule=[2], **QUICK) as tracker:
        tracker.step(loss=4.0)
        tracker.step(loss=2.0, mean_loss=9.0)
    assert tracker.profile.ticks[["loss", "mean_loss"]].to_numpy().tolist() == [[2.0, 9.0]]


def restarted(data, folder, schedule, sessions, keep_state):
    """Run sessions of steps (start, stop], each from the checkpoint of its start."""
    loop, kept = Loop(data), {}
    reseed()
    for start, stop in sessions:
        options = QUICK | {"schedule": schedule}
        if start and not keep_state:
            options |= {"start_step": start, "start_epoch": start // 6}
        tracker = ds.Tracker(loop.model, data[0], folder, **options)
        if start:
            loop.restore(kept[start][0])
            if keep_state:
                tracker.load_state_dict(json.loads(json.dumps(kept[start][1])))
        with tracker:
            for now in range(start + 1, stop + 1):
                tracker.step(loss=loop.step(), odd=now % 2)
                if now % 6 == 0:
                    tracker.epoch(accuracy=0.5)
                kept[now] = loop.state(), tracker.state_dict()
            assert tracker.differing == ()
    return read_run(folder)


@pytest.mark.parametrize("schedule", [5, "epochs", [0, 5, 9]])
def test_means_are_the_same_bits_wherever_a_loop_goes_on(data, tmp_path, schedule):
    whole = restarted(data, tmp_path / "whole", schedule, [(0, 24)], True)
    sessions = [(0, 8), (7, 11), (3, 10), (10, 13), (12, 19), (18, 24)]
    torn = restarted(data, tmp_path / "torn", schedule, sessions, True)
    columns = ["step", "loss", "mean_loss", "mean_odd"]
    pd.testing.assert_frame_equal(torn.ticks[columns], whole.ticks[columns], check_exact=True)
    assert whole.ticks["mean_loss"].notna().sum() >= 2


def test_means_over_steps_that_are_not_known_are_left_out(data, tmp_path):
    whole = restarted(data, tmp_path / "whole", 5, [(0, 20)], True).ticks
    torn = restarted(data, tmp_path / "torn", 5, [(0, 8), (7, 20)], False).ticks
    known = torn["step"] != 10
    assert torn.loc[~known, "mean_loss"].isna().all()
    pd.testing.assert_series_equal(torn["loss"], whole["loss"])
    pd.testing.assert_series_equal(torn["mean_loss"][known], whole["mean_loss"][known])
    # from a tick on, all steps are known
    again = restarted(data, tmp_path / "again", 5, [(0, 12), (10, 20)], False).ticks
    pd.testing.assert_series_equal(again["mean_loss"], whole["mean_loss"])
