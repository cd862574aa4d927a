"""The run folder: whose it is, what a torn line costs, and who may read it when."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import torch
from training_loops import QUICK, noisy_net

import dimscope as ds
from dimscope.errors import InputError
from dimscope.tracking import read_run


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"model": noisy_net(12)}, "architecture_hash"),
        ({"data": torch.zeros(120, 8)}, "data_hash"),
        ({"layers": ["input", "4"]}, "layers"),
        ({"methods": "gride"}, "methods"),
        ({"schedule": 3}, "schedule"),
        ({"rng": 1}, "seed"),
        ({"curves": ["scale"]}, "curves"),
        ({"label": "other"}, "label"),
    ],
)
def test_another_run_in_the_same_folder_is_refused(data, tmp_path, change, what):
    given = {"model": noisy_net(), "data": data[0], "out": tmp_path, **QUICK}
    with ds.Tracker(**given):
        pass
    with (
        pytest.raises(InputError, match=rf"other .*{what}.*: remove it"),
        ds.Tracker(**given | change),
    ):
        pass
    assert read_run(tmp_path).ticks["step"].tolist() == [0]


def test_a_folder_with_a_profile_is_left_alone(data, tmp_path):
    ds.profile(noisy_net(), data[0], methods="two_nn", out=tmp_path)
    with pytest.raises(InputError, match="holds a profile that is no training run"):
        ds.Tracker(noisy_net(), data[0], tmp_path, **QUICK).__enter__()


@pytest.mark.parametrize("cut", [1, 100, 10_000])
def test_a_tick_that_was_cut_short_is_measured_again(data, tmp_path, cut):
    def run():
        with ds.Tracker(noisy_net(), data[0], tmp_path, schedule=1, **QUICK) as tracker:
            for _ in range(3):
                tracker.step(loss=1.0)

    run()
    whole = read_run(tmp_path)
    journal = tmp_path / "ticks.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert "ended" in json.loads(lines[-1])
    torn = lines[-2][: max(1, len(lines[-2]) - cut)]
    journal.write_bytes(b"".join(lines[:-2]) + torn)
    assert read_run(tmp_path).ticks["step"].tolist() == [0, 1, 2]
    run()
    again = read_run(tmp_path)
    pd.testing.assert_frame_equal(again.frame, whole.frame)
    assert again.ticks["loss"].tolist()[1:] == [1.0] * 3


def test_the_folder_can_be_read_while_the_run_goes_on(data, tmp_path):
    with pytest.raises(InputError, match="no tick of a training run"):
        read_run(tmp_path)
    with ds.Tracker(noisy_net(), data[0], tmp_path, **QUICK) as tracker:
        assert read_run(tmp_path).ticks["step"].tolist() == [0]
        size = (tmp_path / "ticks.jsonl").stat().st_size
        tracker.step()
        assert read_run(tmp_path).ticks["step"].tolist() == [0, 1]
        assert (tmp_path / "ticks.jsonl").stat().st_size > size


def test_ticks_survive_joining_and_saving(data, tmp_path):
    for label in ("a", "b"):
        with ds.Tracker(noisy_net(), data[0], tmp_path / label, label=label, **QUICK) as tracker:
            tracker.step(**{f"only_{label}": 1.0})
    joined = ds.Profile.join(*(ds.Profile.load(tmp_path / label) for label in ("a", "b")))
    joined.save(tmp_path / "joined")
    ticks = ds.Profile.load(tmp_path / "joined").ticks
    assert ticks["model"].tolist() == ["a", "a", "b", "b"]
    assert ticks["only_a"].dropna().tolist() == ticks["only_b"].dropna().tolist() == [1.0]
    assert str(ticks["step"].dtype) == "int64"
