"""Noise of the weights: injected, and over checkpoints."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from noise_problems import codes_of
from torch import nn

import dimscope as ds
from dimscope.noise import checkpoint_noise, isotropic_noise


@pytest.mark.statistical
def test_checkpoints_give_the_covariance_of_the_weights():
    model = nn.Linear(3, 2)
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(9, 8))
    states = [{"weight": torch.tensor(r[:6]).view(2, 3), "bias": torch.tensor(r[6:])} for r in rows]
    plain = checkpoint_noise(model, states, detrend=False)
    covariance = (plain.factor.T @ plain.factor).numpy()
    assert covariance == pytest.approx(np.cov(rows, rowvar=False), rel=1e-6, abs=1e-12)
    assert plain.trace == pytest.approx(np.trace(covariance))
    drifting = [
        {name: v + 100 * step for name, v in state.items()} for step, state in enumerate(states)
    ]
    one, other = checkpoint_noise(model, states), checkpoint_noise(model, drifting)
    assert other.trace == pytest.approx(one.trace, rel=1e-6)
    draws = torch.stack([
        plain.draw(torch.Generator().manual_seed(seed)) for seed in range(1500)
    ]).numpy()  # fmt: skip
    assert np.cov(draws, rowvar=False).trace() == pytest.approx(plain.trace, rel=0.1)
    assert codes_of(plain.notes) == ["limit"]


def test_too_few_or_foreign_checkpoints_are_refused():
    model = nn.Linear(3, 2)
    with pytest.raises(ds.InputError, match="2 checkpoints given, at least 3"):
        checkpoint_noise(model, [model.state_dict()] * 2)
    with pytest.raises(ds.InputError, match="checkpoint 0 has no parameter weight of shape"):
        checkpoint_noise(model, [nn.Linear(4, 2).state_dict()] * 3)


def test_noise_without_size_is_refused():
    with pytest.raises(ds.InputError, match=r"sigma=0\.0 must be a positive number"):
        isotropic_noise(nn.Linear(3, 2), 0.0)
