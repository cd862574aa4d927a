"""Profiles of samples that depend on each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import dimscope as ds
from dimscope.errors import InputError


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 8))


def views() -> tuple[torch.Tensor, np.ndarray]:
    draw = np.random.default_rng(0)
    items = draw.random((200, 3)) @ draw.normal(size=(3, 12))
    x = np.repeat(items, 4, axis=0) + 1e-4 * draw.normal(size=(800, 12))
    return torch.tensor(x, dtype=torch.float32), np.repeat(np.arange(200), 4)


def test_every_layer_sees_the_items_and_says_how_many(tmp_path):
    x, items = views()
    profile = ds.profile(net(), x, methods=["two_nn", "participation_ratio"], groups=items)
    frame = profile.to_frame("estimate")
    assert (frame["n_groups"] == 200).all()
    intrinsic = frame[frame["method"] == "two_nn"]
    assert intrinsic["value"].between(2.3, 3.8).all()
    assert (intrinsic["n_samples"] == 200).all()
    assert "200 groups of 800 samples" in str(profile.provenance)
    again = ds.Profile.load(profile.save(tmp_path))
    assert (again.values["n_groups"] == 200).all()
    alone = ds.profile(net(), x, methods="two_nn").to_frame("estimate")
    alone = alone[alone["method"] == "two_nn"]
    assert alone["value"].between(2.3, 3.8).all()  # such views are near copies
    assert (alone["n_near_copies"] == 600).all()
    assert alone["notes"].str.contains("600 of 800 rows nearly repeat another row").all()


def test_a_run_with_other_groups_is_another_run(tmp_path, monkeypatch):
    x, items = views()
    with monkeypatch.context() as patch:
        patch.setattr("dimscope.profiling.profiles.Profile.save", _stop)
        with pytest.raises(KeyboardInterrupt):
            ds.profile(net(), x, methods="two_nn", groups=items, out=tmp_path)
    with pytest.raises(InputError, match="the journal of a run with other groups"):
        ds.profile(net(), x, methods="two_nn", groups=items // 2, out=tmp_path)
    again = ds.profile(net(), x, methods="two_nn", groups=items, out=tmp_path)
    assert (again.values["n_groups"] == 200).all()


@pytest.mark.parametrize("of", ["tensor", "loader", "stream"])
def test_a_label_too_few_is_refused_before_anything_is_measured(tmp_path, of):
    x, items = views()
    forms = {"tensor": x, "loader": DataLoader(TensorDataset(x)), "stream": iter(x.split(400))}
    with pytest.raises(InputError, match="799 labels for 800 rows"):
        ds.profile(net(), forms[of], methods="two_nn", groups=items[:-1], out=tmp_path)
    assert (tmp_path / "unfinished.jsonl").exists() == (of == "stream")


def test_groups_of_shuffled_data_are_refused(tmp_path):
    x, items = views()
    loader = DataLoader(TensorDataset(x), shuffle=True)
    with pytest.raises(InputError, match="the DataLoader shuffles: give one with shuffle=False"):
        ds.profile(net(), loader, groups=items)
    with pytest.raises(InputError, match="the DataLoader shuffles"):
        ds.Tracker(net(), loader, tmp_path, groups=items)


def test_what_cannot_be_groups_is_refused_first():
    with pytest.raises(InputError, match="groups is 5: give one label"):
        ds.profile(None, None, groups=5)


def _stop(*_):
    raise KeyboardInterrupt
