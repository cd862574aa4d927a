"""Gradient noise against theory: populations that are known, and simulated batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from noise_problems import codes_of, gradients, measure, regression
from torch import nn

import dimscope as ds
from dimscope.noise import gradient_noise, half_squared_error


def minibatch_gradients(g, batch_size, n_batches, rng):
    picks = [rng.choice(len(g), batch_size, replace=False) for _ in range(n_batches)]
    return np.stack([g[rows].mean(axis=0) for rows in picks])


@pytest.mark.statistical
def test_trace_is_the_variance_of_simulated_batches():
    """C_B = (Sigma_g / B)(N - B)/(N - 1): for N = 64 and B = 31 the factor is 0.524."""
    model, x, y = regression(n=64)
    g = gradients(model, x, y)
    batches = minibatch_gradients(g, 31, 5_000, np.random.default_rng(1))
    noise = measure(model, x, y, batch_size=31)
    assert noise.method == "samples"
    assert noise.whole.trace == pytest.approx(batches.var(axis=0).sum(), rel=0.03)
    spread = g.var(axis=0).sum() / 31 * (64 - 31) / (64 - 1)
    assert noise.whole.trace == pytest.approx(spread, rel=1e-10)
    assert noise.whole.trace_stderr == 0


def test_signal_scale_and_spectrum_are_exact_for_a_whole_population():
    model, x, y = regression()
    g = gradients(model, x, y)
    whole = measure(model, x, y, batch_size=10).whole
    signal = float(np.square(g.mean(axis=0)).sum())
    assert whole.signal == pytest.approx(signal, rel=1e-10)
    assert whole.noise_scale == pytest.approx(g.var(axis=0, ddof=1).sum() / signal, rel=1e-10)
    values = np.linalg.eigvalsh(np.cov(g, rowvar=False))[::-1]
    assert whole.eigenvalues.sum() == pytest.approx(whole.trace, rel=1e-10)
    shares = whole.eigenvalues[:6] / whole.trace
    assert shares == pytest.approx(values / values.sum(), rel=1e-9)
    ratio = values.sum() ** 2 / np.square(values).sum()
    assert whole.participation_ratio == pytest.approx(ratio, rel=1e-9)


def test_a_full_batch_has_no_noise():
    model, x, y = regression()
    assert measure(model, x, y, batch_size=40).whole.trace == pytest.approx(0, abs=1e-15)


@pytest.mark.statistical
@pytest.mark.parametrize("population", [120, math.inf])
def test_a_part_stands_for_its_population(population):
    """Over 100 random parts of a population the means are those of the population."""
    model, x, y = regression(n=120)
    g = gradients(model, x, y)
    rng = np.random.default_rng(2)
    found = []
    for seed in range(100):
        rows = rng.choice(120, 30, replace=population == math.inf)
        noise = measure(model, x[rows], y[rows], batch_size=5, population=population, rng=seed)
        found.append((noise.whole.trace, noise.whole.signal, noise.whole.trace_stderr))
    trace, signal, stderr = np.mean(found, axis=0)
    ddof = 0 if population == math.inf else 1
    spread = g.var(axis=0, ddof=ddof).sum() / 5 * (1 - 5 / population)
    errors = np.std(found, axis=0) / math.sqrt(100)
    assert trace == pytest.approx(spread, abs=3.5 * errors[0])
    assert signal == pytest.approx(np.square(g.mean(axis=0)).sum(), abs=3.5 * errors[1])
    assert stderr == pytest.approx(np.std([f[0] for f in found]), rel=0.4)


@pytest.mark.statistical
def test_independent_batches_are_unbiased_and_disjoint_ones_are_not():
    """At a minimum: disjoint batches give N/(N - B) times Tr C_B and a negative signal."""
    model, x, y = regression(n=40, d=4)
    with torch.no_grad():
        model.weight.copy_(torch.linalg.lstsq(x, y).solution.T)
    g = gradients(model, x, y)
    truth = g.var(axis=0).sum() / 10 * 30 / 39
    found = [
        measure(model, x, y, batch_size=10, method="batches", n_draws=12, rng=seed).whole
        for seed in range(60)
    ]
    traces, signals = (np.array([getattr(f, k) for f in found]) for k in ("trace", "signal"))
    assert traces.mean() == pytest.approx(truth, abs=3.5 * traces.std() / math.sqrt(60))
    assert signals.mean() == pytest.approx(0, abs=3.5 * signals.std() / math.sqrt(60))
    stderr = np.mean([f.trace_stderr for f in found])
    assert stderr == pytest.approx(traces.std(), rel=0.4)

    rng = np.random.default_rng(0)
    epochs = [g[rng.permutation(40)].reshape(4, 10, -1).mean(axis=1) for _ in range(1500)]
    disjoint = np.mean([epoch.var(axis=0, ddof=1).sum() for epoch in epochs])
    assert disjoint == pytest.approx(truth * 40 / 30, rel=0.03)
    assert np.square(g.mean(axis=0)).sum() - disjoint / 4 < -0.2 * truth


@pytest.mark.statistical
def test_participation_ratio_is_corrected_for_the_cap():
    """20 batches cannot have a naive ratio above 19, of a covariance of ratio near 60."""
    model, x, y = regression(n=4000, d=60)
    exact = measure(model, x, y, batch_size=20).whole.participation_ratio
    noise = measure(model, x, y, batch_size=20, method="batches", n_draws=40)
    assert exact > 40
    assert noise.whole.naive_participation_ratio < 39
    error = noise.whole.participation_ratio_stderr
    assert noise.whole.participation_ratio == pytest.approx(exact, abs=3 * error)
    assert codes_of(noise.notes) == ["limit"]
    assert "cap of 39" in noise.notes[0]


def test_the_same_layers_add_up_to_the_whole():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(48, 3))
    data = (torch.randn(50, 1, 6, 6), torch.randint(0, 3, (50,)))
    for method in ("samples", "batches"):
        noise = gradient_noise(
            model, nn.functional.cross_entropy, data, batch_size=8, method=method
        )
        assert list(noise.layers) == ["0", "3"]
        for name in ("trace", "signal", "n_parameters"):
            parts = sum(getattr(layer, name) for layer in noise.layers.values())
            assert getattr(noise.whole, name) == pytest.approx(parts, rel=1e-6)
    assert noise.n_sample_gradients == 64 * 8
    assert noise.to_frame()["layer"].tolist() == ["(all)", "0", "3"]


def test_gradients_do_not_depend_on_how_many_are_taken_at_once():
    model, x, y = regression()
    for method in ("samples", "batches"):
        one, other = (
            measure(model, x, y, batch_size=10, method=method, chunk_size=size) for size in (3, 40)
        )
        assert one.whole.trace == pytest.approx(other.whole.trace, rel=1e-10)


@pytest.mark.statistical
def test_two_batches_agree_with_gradients_per_sample():
    model, x, y = regression()
    exact = measure(model, x, y, batch_size=4).whole
    found = measure(model, x, y, batch_size=4, method="two_batch", n_draws=200)
    assert found.n_sample_gradients == 200 * (4 + 32)
    assert found.whole.participation_ratio is None
    for name in ("trace", "signal", "noise_scale"):
        error = getattr(found.whole, f"{name}_stderr")
        assert getattr(found.whole, name) == pytest.approx(getattr(exact, name), abs=4 * error)


def test_what_torch_cannot_batch_is_measured_by_batches():
    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 1)

        def forward(self, x):
            return self.fc(x) if x.sum() > 0 else 2 * self.fc(x)

    data = (torch.rand(30, 4), torch.rand(30, 1))
    noise = gradient_noise(Branching(), half_squared_error, data, batch_size=5)
    assert noise.method == "batches"
    assert noise.notes[0].code == "fallback"
    assert "No gradients per sample" in noise.notes[0]
    with pytest.raises(ds.InputError, match="use method='batches'"):
        gradient_noise(Branching(), half_squared_error, data, batch_size=5, method="samples")


def test_gradients_beyond_the_budget_are_measured_by_batches():
    noise = measure(*regression(n=400), batch_size=4, n_draws=64, memory_budget=2000)
    assert noise.method == "batches"
    assert noise.notes[0].code == "fallback"
    assert "more than memory_budget" in noise.notes[0]


def test_the_network_leaves_as_it_came():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2))
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    data = (torch.randn(20, 4), torch.randint(0, 2, (20,)))
    state = torch.get_rng_state()
    noise = gradient_noise(model, nn.functional.cross_entropy, data, batch_size=5)
    again = gradient_noise(model, nn.functional.cross_entropy, data, batch_size=5)
    assert noise.whole.trace == again.whole.trace
    assert noise.notes[0].code == "not_included"
    assert "BatchNorm1d and Dropout" in noise.notes[0]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())
    assert all(module.training for module in model.modules())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size=0 must lie between 1 and the 40"),
        ({"batch_size": 41}, "batch_size=41 must lie between"),
        ({"batch_size": 4, "n_draws": 1}, "n_draws=1 must be at least 2"),
        ({"batch_size": 4, "population": 39}, "population=39 is less than the 40"),
        ({"batch_size": 4, "method": "hutchinson"}, "method='hutchinson' is not known"),
        ({"batch_size": 4, "layers": "conv*"}, "called 'conv\\*': choose from weight"),
        ({"batch_size": 4, "method": "samples", "memory_budget": 100}, "memory_budget allows"),
        ({"batch_size": 9, "method": "two_batch", "big_batch_size": 9}, "big_batch_size=9 must"),
        ({"batch_size": 4, "chunk_size": 0}, "chunk_size=0 must be at least 1"),
    ],
)
def test_what_cannot_be_measured_is_refused(options, message):
    with pytest.raises(ds.InputError, match=message):
        measure(*regression(), **options)
