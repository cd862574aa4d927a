"""Stationary noise: a matrix equation, and SGD that is left to run."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from noise_problems import codes_of, cross_entropy, trained_network, values_of
from torch import nn

import dimscope as ds
from dimscope.noise import (
    effective_regulariser,
    half_squared_error,
    sgd_readout_penalty,
    stationary_noise,
)
from dimscope.noise.stationary_noise import stationary_covariance


def test_solves_the_discrete_lyapunov_equation():
    rng = np.random.default_rng(0)
    a, c = rng.normal(size=(2, 6, 6))
    hessian, noise, eta = a @ a.T + np.eye(6), c @ c.T, 0.05
    step = np.eye(6) - eta * hessian
    want = scipy.linalg.solve_discrete_lyapunov(step, eta**2 * noise)
    found, left = stationary_covariance(torch.tensor(hessian), torch.tensor(noise), eta)
    assert found.numpy() == pytest.approx(want, rel=1e-9)
    assert left == pytest.approx(0, abs=1e-12)


@pytest.mark.statistical
def test_is_where_sgd_comes_to_rest():
    """A linear readout, fresh batches: the weights of a long run scatter by Sigma."""
    rng = np.random.default_rng(0)
    x, eta, b = rng.normal(size=(200, 3)), 0.02, 10
    y = x @ rng.normal(size=3) + rng.normal(size=200)
    best = np.linalg.lstsq(x, y, rcond=None)[0]
    readout = nn.Linear(3, 1, bias=False).double()
    with torch.no_grad():
        readout.weight.copy_(torch.tensor(best)[None])
    noise = stationary_noise(
        readout, half_squared_error, (torch.tensor(x), torch.tensor(y)[:, None]),
        learning_rate=eta, batch_size=b,
    )  # fmt: skip
    w, seen = best.copy(), []
    for step in range(30_000):
        rows = rng.choice(200, b, replace=False, shuffle=False)
        w -= eta * x[rows].T @ (x[rows] @ w - y[rows]) / b
        if step > 1000:
            seen.append(w.copy())
    assert noise.trace == pytest.approx(np.cov(np.array(seen).T).trace(), rel=0.2)
    assert noise.kind == "stationary"
    assert codes_of(noise.notes) == ["assumption"]


@pytest.mark.statistical
def test_regulariser_of_sgd_has_its_closed_form():
    """eta s^2 C / (4 B) E|h|^2, to first order in eta and B / N."""
    torch.manual_seed(0)
    h = torch.randn(4000, 4, dtype=torch.float64)
    y = h @ torch.randn(4, 2, dtype=torch.float64) + 0.5 * torch.randn(4000, 2).double()
    readout = nn.Linear(4, 2, bias=False).double()
    with torch.no_grad():
        readout.weight.copy_(torch.linalg.lstsq(h, y).solution.T)
    noise = stationary_noise(readout, half_squared_error, (h, y), learning_rate=0.002, batch_size=8)
    found = effective_regulariser(
        readout, half_squared_error, (h, y), noise, n_draws=400, chunk_size=4000
    )
    want = sgd_readout_penalty(
        h, learning_rate=0.002, batch_size=8, residual_variance=0.25, n_outputs=2, bias=False
    )
    for value in values_of(found).values():
        assert value == pytest.approx(float(want), rel=0.05 if value else 0)


def test_directions_without_curvature_are_left_out_and_counted():
    hessian, noise = torch.diag(torch.tensor([1.0, 0.0]).double()), torch.eye(2).double()
    found, left = stationary_covariance(hessian, noise, 0.1)
    assert left == pytest.approx(0.5)
    assert found[0, 0] == pytest.approx(0.1 / (2 - 0.1))
    assert not found[1].any()


def test_a_rate_at_which_sgd_diverges_is_refused():
    with pytest.raises(ds.InputError, match="at least 2, where SGD diverges"):
        stationary_covariance(torch.eye(2).double(), torch.eye(2).double(), 2.0)


def test_a_rate_of_zero_is_refused():
    model, data = trained_network(steps=1)
    with pytest.raises(ds.InputError, match="learning_rate=0 must be positive"):
        stationary_noise(model, cross_entropy, data, learning_rate=0, batch_size=4)
