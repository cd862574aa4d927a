"""Tracked samples that depend on each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import dimscope as ds
from dimscope.errors import InputError
from dimscope.tracking import read_run

QUICK = {"methods": ["two_nn", "participation_ratio"], "n_repeats": 1, "progress": False}
ITEMS = np.repeat(np.arange(150), 4)


def views() -> torch.Tensor:
    """Four views of each of 150 items on a plane of three dimensions."""
    draw = np.random.default_rng(0)
    items = draw.random((150, 3)) @ draw.normal(size=(3, 12))
    x = np.repeat(items, 4, axis=0) + 1e-4 * draw.normal(size=(600, 12))
    return torch.tensor(x, dtype=torch.float32)


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 8))


def track(folder, groups, x=None, n_steps=2, model=None):
    model = net() if model is None else model
    x = views() if x is None else x
    with ds.Tracker(model, x, folder, groups=groups, schedule=1, **QUICK) as tracker:
        for _ in range(n_steps):
            with torch.no_grad():
                model[0].weight.mul_(1.01)
            tracker.step()
    return tracker.profile


def test_every_tick_is_what_a_profile_with_these_groups_gives(tmp_path):
    model = net()
    tracked = track(tmp_path, ITEMS, model=model)
    assert tracked.ticks["step"].tolist() == [0, 1, 2]
    assert (tracked.values["n_groups"] == 150).all()
    alone = ds.profile(model, views(), groups=ITEMS, **QUICK).values.set_index(["layer", "method"])
    last = tracked.values.query("step == 2").set_index(["layer", "method"])
    for column in ("value", "stderr", "n_samples"):
        np.testing.assert_allclose(last[column], alone.loc[last.index, column], rtol=1e-12)
    assert last.xs("two_nn", level="method")["value"].between(2.3, 3.8).all()
    assert "150 groups of 600 samples" in str(read_run(tmp_path).provenance)


def test_without_groups_a_note_says_that_rows_nearly_repeat_others(tmp_path):
    notes = track(tmp_path, None).to_frame()["notes"]
    assert notes.str.contains("450 of 600 rows nearly repeat another row").any()


@pytest.mark.parametrize("groups", [None, ITEMS // 2, ds.TimeWindow(3)])
def test_a_run_does_not_go_on_with_other_groups(tmp_path, groups):
    before = track(tmp_path, ITEMS)
    with pytest.raises(InputError, match="other groups"):
        track(tmp_path, groups)
    names = np.array([f"item {number}" for number in ITEMS])
    again = track(tmp_path, names)  # the same groups under other names
    assert again.values.equals(before.values)


def test_a_label_too_few_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="599 labels for 600 rows"):
        ds.Tracker(net(), views(), tmp_path / "run", groups=ITEMS[:-1], **QUICK)
    assert not (tmp_path / "run").exists()


def test_a_label_too_few_for_a_stream_is_refused_before_a_tick(tmp_path):
    with pytest.raises(InputError, match="599 labels for 600 rows"):
        track(tmp_path / "run", ITEMS[:-1], x=iter(views().split(200)))
    with pytest.raises(InputError, match="no tick"):
        read_run(tmp_path / "run")
