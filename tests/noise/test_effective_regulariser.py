"""The effective regulariser: closed forms, Monte Carlo and Hessians against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from noise_problems import codes_of, cross_entropy, trained_network, unit_at_its_kink, values_of
from torch import nn

import dimscope as ds
from dimscope.noise import (
    checkpoint_noise,
    effective_regulariser,
    half_squared_error,
    isotropic_noise,
    linear_readout_penalty,
    softmax_readout_penalty,
)


@pytest.mark.statistical
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("loss_fn", [cross_entropy, half_squared_error, nn.MSELoss()])
def test_all_forms_agree_with_the_closed_form(loss_fn, bias):
    torch.manual_seed(0)
    h, readout = torch.randn(80, 6).relu(), nn.Linear(6, 4, bias=bias)
    y = torch.randint(0, 4, (80,)) if loss_fn is cross_entropy else torch.randn(80, 4)
    found = values_of(
        effective_regulariser(readout, loss_fn, (h, y), isotropic_noise(readout, 0.02), n_draws=900)
    )
    if loss_fn is cross_entropy:
        want = softmax_readout_penalty(h, readout(h), 0.02, bias=bias)
    else:
        scale = 1.0 if loss_fn is half_squared_error else 2 / 4
        want = scale * linear_readout_penalty(h, 0.02, 4, bias=bias)
    want = float(want.detach())
    assert found["readout"] == pytest.approx(want, rel=1e-6)
    assert found["gauss_newton"] == pytest.approx(want, rel=1e-6)
    assert found["hessian"] == pytest.approx(want, rel=1e-6)
    assert found["monte_carlo"] == pytest.approx(want, rel=0.1)


@pytest.mark.statistical
def test_draws_scatter_around_the_exact_trace_by_their_error():
    torch.manual_seed(1)
    h, readout = torch.randn(50, 20), nn.Linear(20, 5)
    data, noise = (h, torch.randint(0, 5, (50,))), isotropic_noise(readout, 0.01)
    found = [
        effective_regulariser(
            readout, cross_entropy, data, noise, n_draws=20, rng=seed,
            forms=["monte_carlo", "hessian", "readout"],
        ).estimates
        for seed in range(12)
    ]  # fmt: skip
    exact = found[0]["readout"].value
    for form in ("monte_carlo", "hessian"):
        scores = [(f[form].value - exact) / f[form].stderr for f in found]
        assert np.sqrt(np.mean(np.square(scores))) == pytest.approx(1, abs=0.7)
        assert all(f[form].n_draws == 20 for f in found)


@pytest.mark.statistical
def test_a_readout_inside_a_network_is_found():
    model, data = trained_network()
    found = effective_regulariser(
        model, cross_entropy, data, isotropic_noise(model, 0.01, layers="4"), n_draws=400
    )
    features = model[:4](data[0])
    want = float(softmax_readout_penalty(features, model(data[0]), 0.01).detach())
    assert values_of(found) == pytest.approx(dict.fromkeys(values_of(found), want), rel=0.05)
    assert list(found.estimates) == ["monte_carlo", "hessian", "gauss_newton", "readout"]


@pytest.mark.statistical
def test_correlated_noise_of_a_readout():
    """Noise along given directions: 1/2 Tr(H Sigma) from the whole Hessian."""
    model, data = trained_network()
    rng = torch.Generator().manual_seed(0)
    states = [
        {k: v + 0.02 * torch.randn(v.shape, generator=rng) for k, v in model.state_dict().items()}
        for _ in range(6)
    ]
    noise = checkpoint_noise(model, states, layers="4", detrend=False)
    found = values_of(effective_regulariser(model, cross_entropy, data, noise, n_draws=300))
    stack = np.stack([
        np.concatenate([s["4.weight"].flatten().numpy(), s["4.bias"].numpy()]) for s in states
    ]).astype(np.float64)  # fmt: skip
    h = np.c_[model[:4](data[0]).detach().double().numpy(), np.ones(60)]
    p = model(data[0]).detach().double().softmax(1).numpy()
    curvature = np.stack([np.diag(q) - np.outer(q, q) for q in p])
    blocks = np.einsum("nab,ni,nj->aibj", curvature, h, h) / 60
    order = [a * 7 + i for a in range(3) for i in range(6)] + [a * 7 + 6 for a in range(3)]
    hessian = blocks.reshape(21, 21)[np.ix_(order, order)]
    want = 0.5 * np.trace(hessian @ np.cov(stack, rowvar=False))
    for form in ("hessian", "gauss_newton", "readout"):
        assert found[form] == pytest.approx(want, rel=1e-5)
    assert found["monte_carlo"] == pytest.approx(want, rel=0.1)


@pytest.mark.statistical
@pytest.mark.parametrize("conv", [False, True], ids=["dense", "conv"])
@pytest.mark.parametrize("activation", [nn.Softplus, nn.Tanh, nn.GELU])
def test_monte_carlo_and_hessian_agree_on_smooth_networks(activation, conv):
    model, data = trained_network(activation, conv)
    noise = isotropic_noise(model, 0.003)
    found = effective_regulariser(
        model, cross_entropy, data, noise, n_draws=25, forms=["monte_carlo", "hessian"]
    )
    monte_carlo, hessian = found.estimates["monte_carlo"], found.estimates["hessian"]
    assert monte_carlo.value == pytest.approx(hessian.value, rel=0.05)
    assert found.notes == ()


@pytest.mark.statistical
def test_gauss_newton_has_a_gap_on_hidden_layers():
    model, data = trained_network(steps=400)
    noise = isotropic_noise(model, 0.01)
    found = values_of(effective_regulariser(model, cross_entropy, data, noise, n_draws=250))
    assert abs(found["gauss_newton"] / found["hessian"] - 1) > 0.01


def test_kinks_and_forms_that_do_not_apply_are_noted():
    model, loss, data = unit_at_its_kink()
    found = effective_regulariser(model, loss, data, isotropic_noise(model, 0.01), n_draws=50)
    assert codes_of(found.notes) == ["inapplicable", "kinks", "disagreement"]
    assert "kinks (ReLU)" in found.notes[1]
    assert "curvature of this loss" in found.notes[0]
    assert found.to_dict()["notes"][1]["code"] == "kinks"


def test_what_cannot_be_measured_is_refused():
    model, data = trained_network(steps=1)
    noise = isotropic_noise(model, 0.1)
    for call, message in [
        (lambda: effective_regulariser(model, cross_entropy, data, noise, forms=["x"]), "forms="),
        (lambda: effective_regulariser(model, cross_entropy, data, noise, n_draws=1), "n_draws=1"),
        (
            lambda: effective_regulariser(nn.Linear(5, 3), cross_entropy, data, noise),
            "no layer with trainable parameters is called '0'",
        ),
    ]:  # fmt: skip
        with pytest.raises(ds.DimscopeError, match=message):
            call()
