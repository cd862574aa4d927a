"""The time of ticks and of training, and ticks that are skipped because they cost too much."""

from __future__ import annotations

import time

import pytest
from training_loops import QUICK, noisy_net

import dimscope as ds
from dimscope.tracking import read_run


def test_a_budget_leaves_ticks_out_and_says_which(data, tmp_path):
    def run():
        with ds.Tracker(
            noisy_net(), data[0], tmp_path, schedule=1, max_overhead=1e-3, **QUICK
        ) as tracker:
            for _ in range(3):
                tracker.step()

    run()
    facts = read_run(tmp_path).provenance["Sequential"]
    assert read_run(tmp_path).ticks["step"].tolist() == [0]
    assert list(facts["skipped"]) == ["1", "2", "3"]
    assert "exceed 0.001 of" in facts["skipped"]["1"]
    assert facts["max_overhead"] == 1e-3
    journal = (tmp_path / "ticks.jsonl").read_text()
    run()  # what was decided stays decided, and is not written again
    assert (tmp_path / "ticks.jsonl").read_text().count("skipped") == journal.count("skipped")


def test_a_generous_budget_leaves_nothing_out(data, tmp_path):
    with ds.Tracker(
        noisy_net(), data[0], tmp_path, schedule=1, max_overhead=1e9, **QUICK
    ) as tracker:
        tracker.step()
    assert tracker.profile.provenance["Sequential"]["skipped"] == {}


def test_overhead_is_time_of_ticks_over_time_of_training(data, tmp_path):
    # Bounds that hold on however busy a machine: all times lie within the time of the whole.
    trained = 0.2
    started = time.perf_counter()
    with ds.Tracker(noisy_net(), data[0], tmp_path, schedule=[0, 1], **QUICK) as tracker:
        time.sleep(trained)
        tracker.step()
        overhead = tracker.overhead
        whole = time.perf_counter() - started
        ticks = tracker.profile.ticks
    before, after = ticks["training_seconds"]
    measured = ticks["seconds"].sum()
    assert 0 <= before <= after - trained
    assert after + measured <= whole
    assert measured / whole <= overhead <= (whole - trained) / trained
    facts = tracker.profile.provenance["Sequential"]
    assert facts["tick_seconds"] == pytest.approx(measured)
    assert facts["overhead"] == pytest.approx(facts["tick_seconds"] / facts["training_seconds"])
