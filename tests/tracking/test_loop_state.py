"""What a loop may report."""

from __future__ import annotations

import pytest
import torch
from training_loops import QUICK, noisy_net

import dimscope as ds
from dimscope.errors import InputError


def test_steps_must_grow_and_metrics_be_numbers(data, tmp_path):
    with ds.Tracker(noisy_net(), data[0], tmp_path, schedule=1, **QUICK) as tracker:
        tracker.step(at=5)
        assert tracker.position == (5, 0)
        with pytest.raises(InputError, match="step 5 after step 5"):
            tracker.step(at=5)
        with pytest.raises(InputError, match="epoch, step: every tick has that"):
            tracker.step(loss=1.0, epoch=1, **{"step": 2})
        with pytest.raises(InputError, match="metrics must be numbers"):
            tracker.step(loss=torch.zeros(2))
