"""What a tick measures: the same samples every time, and the samples themselves once."""

from __future__ import annotations

import pytest
import torch
from training_loops import QUICK, noisy_net

import dimscope as ds
from dimscope.errors import CaptureError, InputError
from dimscope.tracking import read_run


def test_the_samples_themselves_are_measured_once(data, tmp_path, monkeypatch):
    from dimscope.profiling import passes

    widths = []
    measure = passes.measure_layer
    monkeypatch.setattr(
        passes, "measure_layer", lambda x, *how: widths.append(x.shape[1]) or measure(x, *how)
    )
    with ds.Tracker(noisy_net(12), data[0], tmp_path, schedule=1, **QUICK) as tracker:
        tracker.step()
        frame = tracker.to_frame()
    assert widths == [8, 12, 3, 12, 3]
    inputs = frame[frame["layer"] == "input"]
    assert inputs["step"].tolist() == [0, 1]
    assert inputs["value"].nunique() == 1
    assert inputs["value"].iloc[0] == ds.estimate(data[0]).value


def test_shuffled_samples_are_an_error_and_no_tick(data, tmp_path):
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(data[0]), 40, shuffle=True)
    with ds.Tracker(noisy_net(), loader, tmp_path, schedule=[1], **QUICK) as tracker:
        torch.manual_seed(3)
        with pytest.raises(CaptureError, match="without shuffling"):
            tracker.step()
    with pytest.raises(InputError, match="no tick"):
        read_run(tmp_path)


def test_batches_that_come_once_serve_every_tick(data, tmp_path):
    with ds.Tracker(noisy_net(), iter(data[0].split(50)), tmp_path, schedule=1, **QUICK) as tracker:
        tracker.step()
    assert tracker.to_frame()["n_samples"].unique().tolist() == [120]
