"""The linear network: its gradients, its theory, and its noise switched off one by one."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from dimscope.errors import TrainingError
from dimscope.studies import Condition
from dimscope.studies.recipes.recanatesi.noise.linear_kernels import train_linear
from dimscope.studies.recipes.recanatesi.noise.linear_network import train_linear_network
from dimscope.studies.recipes.recanatesi.noise_clusters import MAIN, READOUT_NOISE

SHORT = 8.0


@pytest.mark.parametrize("batch_size", [1, 4])
def test_steps_are_those_of_autograd(batch_size):
    rng = np.random.default_rng(0)
    inner, readout = rng.normal(size=(7, 5)), rng.normal(size=(2, 7))
    x, y = rng.normal(size=(8, 5)), rng.normal(size=(8, 2))
    noise = 0.1 * rng.normal(size=(8 // batch_size, 2, 7))
    w, r = (torch.tensor(a, requires_grad=True) for a in (inner, readout))
    for step, rows in enumerate(torch.arange(8).split(batch_size)):
        inputs, targets = torch.from_numpy(x)[rows], torch.from_numpy(y)[rows]
        out = inputs @ w.T @ (r + torch.from_numpy(noise[step])).T
        loss = 0.5 * (out - targets).square().sum(dim=1).mean()
        slopes = torch.autograd.grad(loss, [w, r])
        with torch.no_grad():
            w -= 0.02 * slopes[0]
            r -= 0.03 * slopes[1]
    train_linear(inner, readout, x, y, batch_size, (0.02, 0.03), noise)
    np.testing.assert_allclose(inner, w.detach(), rtol=1e-12)
    np.testing.assert_allclose(readout, r.detach(), rtol=1e-12)


def last(condition: Condition, seed: int = 0, training_time: float = SHORT):
    rows = train_linear_network(
        condition=asdict(condition), seed=seed, training_time=training_time
    )  # fmt: skip
    return rows[-1]


@pytest.mark.statistical
def test_begins_as_published_for_orientation():
    first = train_linear_network(condition=asdict(MAIN), seed=0, training_time=0.1)[0]
    assert first["participation_ratio"] == pytest.approx(45.9, abs=2)
    assert first["orthogonal_ratio"] == 1.0
    assert first["predicted_orthogonal_ratio"] == 1.0


def test_repeats_bit_for_bit():
    assert last(MAIN, training_time=1.0) == last(MAIN, training_time=1.0)


@pytest.mark.statistical
def test_compresses_as_predicted():
    """The prediction has no free parameter."""
    rows = train_linear_network(condition=asdict(MAIN), seed=1, training_time=60.0)
    ours = [row["orthogonal_ratio"] for row in rows]
    theory = [row["predicted_orthogonal_ratio"] for row in rows]
    assert ours[-1] < 0.65
    np.testing.assert_allclose(ours, theory, atol=0.04)


@pytest.mark.statistical
@pytest.mark.parametrize(
    "change",
    [
        {"frozen_readout": True},
        {"label_noise": 0.0},
        {"population": 800, "batch_size": 800},
        {"batch_size": 16},
    ],
)
def test_without_noise_hardly_compresses(change):
    assert last(MAIN)["orthogonal_ratio"] < 0.88
    assert last(replace(MAIN, **change))["orthogonal_ratio"] > 0.985


@pytest.mark.statistical
def test_noise_of_the_readout_brings_compression_back():
    quiet = replace(MAIN, label_noise=0.0)
    assert last(replace(quiet, readout_noise=READOUT_NOISE))["orthogonal_ratio"] < 0.9


@pytest.mark.statistical
def test_batches_of_a_population_have_no_repeats():
    how = replace(MAIN, population=20, batch_size=16, learning_rate=1e-3)
    assert last(how, training_time=0.5)["orthogonal_ratio"] > 0.9


def test_divergence_is_said():
    with pytest.raises(TrainingError, match="lower the learning rate"):
        last(replace(MAIN, learning_rate=0.1), training_time=40.0)


def test_predicts_however_long():
    late = last(replace(MAIN, label_noise=1.0), training_time=400.0)
    assert 0 < late["predicted_orthogonal_ratio"] < 0.07
