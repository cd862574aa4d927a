"""The effective regulariser: closed forms, Monte Carlo, Hessians, against each other and theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import nn

import dimscope as ds
from dimscope.noise import (
    ReadoutPenalty,
    checkpoint_noise,
    effective_regulariser,
    half_squared_error,
    isotropic_noise,
    linear_readout_penalty,
    readout_geometry,
    scan_sigma,
    sgd_readout_penalty,
    softmax_readout_penalty,
    stationary_noise,
)
from dimscope.noise.stationary_noise import stationary_covariance

cross_entropy = nn.functional.cross_entropy


def problem(activation=nn.Softplus, conv=False, n=60, steps=150, seed=0):
    """A small network trained on three noisy classes, and its data, in float64."""
    torch.manual_seed(seed)
    y = torch.randint(0, 3, (n,))
    if conv:
        x = torch.randn(n, 1, 6, 6) + y[:, None, None, None] * 0.5
        model = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1), activation(), nn.AvgPool2d(2), nn.Flatten(),
            nn.Linear(36, 3),
        )  # fmt: skip
    else:
        x = torch.randn(n, 5) + y[:, None]
        model = nn.Sequential(
            nn.Linear(5, 8), activation(), nn.Linear(8, 6), activation(), nn.Linear(6, 3)
        )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        optimizer.step()
    return model, (x, y)


def values(found):
    return {form: estimate.value for form, estimate in found.estimates.items()}


class TestReadouts:
    @pytest.mark.parametrize("bias", [True, False])
    @pytest.mark.parametrize("loss_fn", [cross_entropy, half_squared_error, nn.MSELoss()])
    def test_all_ways_agree_with_the_closed_form(self, loss_fn, bias):
        torch.manual_seed(0)
        h, readout = torch.randn(80, 6).relu(), nn.Linear(6, 4, bias=bias)
        y = torch.randint(0, 4, (80,)) if loss_fn is cross_entropy else torch.randn(80, 4)
        found = values(
            effective_regulariser(
                readout, loss_fn, (h, y), isotropic_noise(readout, 0.02), n_draws=900
            )
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

    def test_draws_scatter_around_the_exact_trace_by_their_error(self):
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

    def test_a_readout_inside_a_network_is_found(self):
        model, data = problem()
        found = effective_regulariser(
            model, cross_entropy, data, isotropic_noise(model, 0.01, layers="4"), n_draws=400
        )
        features = model[:4](data[0])
        want = float(softmax_readout_penalty(features, model(data[0]), 0.01).detach())
        assert values(found) == pytest.approx(dict.fromkeys(values(found), want), rel=0.05)
        assert list(found.estimates) == ["monte_carlo", "hessian", "gauss_newton", "readout"]

    def test_correlated_noise_of_a_readout(self):
        """Noise along given directions: 1/2 Tr(H Sigma) from the whole Hessian."""
        model, data = problem()
        rng = torch.Generator().manual_seed(0)
        states = [
            {
                k: v + 0.02 * torch.randn(v.shape, generator=rng)
                for k, v in model.state_dict().items()
            }
            for _ in range(6)
        ]
        noise = checkpoint_noise(model, states, layers="4", detrend=False)
        found = values(effective_regulariser(model, cross_entropy, data, noise, n_draws=300))
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


class TestNetworks:
    @pytest.mark.parametrize("conv", [False, True], ids=["dense", "conv"])
    @pytest.mark.parametrize("activation", [nn.Softplus, nn.Tanh, nn.GELU])
    def test_monte_carlo_and_hessian_agree_on_smooth_networks(self, activation, conv):
        model, data = problem(activation, conv)
        noise = isotropic_noise(model, 0.003)
        found = effective_regulariser(
            model, cross_entropy, data, noise, n_draws=25, forms=["monte_carlo", "hessian"]
        )
        monte_carlo, hessian = found.estimates["monte_carlo"], found.estimates["hessian"]
        assert monte_carlo.value == pytest.approx(hessian.value, rel=0.05)
        assert found.notes == ()
        assert not scan_sigma(model, cross_entropy, data, [0.01, 0.001], n_draws=10).grows

    @pytest.mark.parametrize("conv", [False, True], ids=["dense", "conv"])
    def test_gauss_newton_is_the_trace_of_the_full_matrix(self, conv):
        """J of every weight by autograd, one sample and output at a time."""
        model, (x, y) = problem(conv=conv, n=12, steps=20)
        model, x = model.double(), x.double()
        found = effective_regulariser(
            model, cross_entropy, (x, y), isotropic_noise(model, 0.1), forms=["gauss_newton"]
        )
        want = 0.0
        for row in x:
            z = model(row[None])[0]
            p = z.detach().softmax(0)
            slopes = [
                torch.cat([
                    g.flatten()
                    for g in torch.autograd.grad(out, list(model.parameters()), retain_graph=True)
                ])
                for out in z
            ]  # fmt: skip
            jacobian = torch.stack(slopes)
            want += float(torch.trace(jacobian.T @ (torch.diag(p) - torch.outer(p, p)) @ jacobian))
        gauss_newton = found.estimates["gauss_newton"]
        assert gauss_newton.value == pytest.approx(0.5 * 0.1**2 * want / 12, rel=1e-9)
        assert gauss_newton.stderr == 0

    def test_gauss_newton_has_a_gap_on_hidden_layers(self):
        model, data = problem(steps=400)
        noise = isotropic_noise(model, 0.01)
        found = values(effective_regulariser(model, cross_entropy, data, noise, n_draws=250))
        assert abs(found["gauss_newton"] / found["hessian"] - 1) > 0.01

    def test_an_activation_in_place_changes_nothing(self):
        model, data = problem(nn.ReLU)
        noise = isotropic_noise(model, 0.01)
        want = effective_regulariser(model, cross_entropy, data, noise, forms=["gauss_newton"])
        model[1].inplace = model[3].inplace = True
        found = effective_regulariser(model, cross_entropy, data, noise, forms=["gauss_newton"])
        assert values(found) == values(want)

    def test_kinks_make_monte_carlo_grow_as_sigma_shrinks(self):
        """One unit at its kink, loss z with z = relu(w): E relu(xi) = sigma / sqrt(2 pi)."""
        model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU())
        nn.init.zeros_(model[0].weight)
        data = (torch.ones(4, 1), torch.zeros(4, 1))

        def loss(z, y):
            return (z - y).mean()

        scan = scan_sigma(model, loss, data, [0.1, 0.01, 0.001], n_draws=400)
        want = [1 / (sigma * math.sqrt(2 * math.pi)) for sigma in (0.1, 0.01, 0.001)]
        assert scan.hessian == 0
        assert scan.values == pytest.approx(want, rel=0.15)
        assert scan.grows
        assert any("excess grows as sigma shrinks" in note for note in scan.notes)
        found = effective_regulariser(model, loss, data, isotropic_noise(model, 0.01), n_draws=50)
        assert any("kinks (ReLU)" in note for note in found.notes)
        assert any("curvature of this loss" in note for note in found.notes)


class TestStationary:
    def test_solves_the_discrete_lyapunov_equation(self):
        rng = np.random.default_rng(0)
        a, c = rng.normal(size=(2, 6, 6))
        hessian, noise, eta = a @ a.T + np.eye(6), c @ c.T, 0.05
        step = np.eye(6) - eta * hessian
        want = scipy.linalg.solve_discrete_lyapunov(step, eta**2 * noise)
        found, left = stationary_covariance(torch.tensor(hessian), torch.tensor(noise), eta)
        assert found.numpy() == pytest.approx(want, rel=1e-9)
        assert left == pytest.approx(0, abs=1e-12)

    def test_is_where_sgd_comes_to_rest(self):
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

    def test_regulariser_of_sgd_has_its_closed_form(self):
        """eta s^2 C / (4 B) E|h|^2, to first order in eta and B / N."""
        torch.manual_seed(0)
        h = torch.randn(4000, 4, dtype=torch.float64)
        y = h @ torch.randn(4, 2, dtype=torch.float64) + 0.5 * torch.randn(4000, 2).double()
        readout = nn.Linear(4, 2, bias=False).double()
        with torch.no_grad():
            readout.weight.copy_(torch.linalg.lstsq(h, y).solution.T)
        noise = stationary_noise(
            readout, half_squared_error, (h, y), learning_rate=0.002, batch_size=8
        )
        found = effective_regulariser(readout, half_squared_error, (h, y), noise, n_draws=400)
        want = sgd_readout_penalty(
            h, learning_rate=0.002, batch_size=8, residual_variance=0.25, n_outputs=2, bias=False
        )
        for value in values(found).values():
            assert value == pytest.approx(float(want), rel=0.05 if value else 0)

    def test_directions_without_curvature_are_left_out_and_counted(self):
        hessian, noise = torch.diag(torch.tensor([1.0, 0.0]).double()), torch.eye(2).double()
        found, left = stationary_covariance(hessian, noise, 0.1)
        assert left == pytest.approx(0.5)
        assert found[0, 0] == pytest.approx(0.1 / (2 - 0.1))
        assert not found[1].any()

    def test_a_rate_at_which_sgd_diverges_is_refused(self):
        with pytest.raises(ds.InputError, match="at least 2, where SGD diverges"):
            stationary_covariance(torch.eye(2).double(), torch.eye(2).double(), 2.0)


class TestCheckpoints:
    def test_is_the_covariance_of_the_weights(self):
        model = nn.Linear(3, 2)
        rng = np.random.default_rng(0)
        rows = rng.normal(size=(9, 8))
        states = [
            {"weight": torch.tensor(r[:6]).view(2, 3), "bias": torch.tensor(r[6:])} for r in rows
        ]
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

    def test_too_few_or_foreign_checkpoints_are_refused(self):
        model = nn.Linear(3, 2)
        with pytest.raises(ds.InputError, match="2 checkpoints given, at least 3"):
            checkpoint_noise(model, [model.state_dict()] * 2)
        with pytest.raises(ds.InputError, match="checkpoint 0 has no parameter weight of shape"):
            checkpoint_noise(model, [nn.Linear(4, 2).state_dict()] * 3)


class TestGeometry:
    def test_what_the_readout_does_not_see_shrinks(self):
        torch.manual_seed(0)
        h, readout = torch.randn(300, 8, dtype=torch.float64), torch.randn(2, 8).double()
        q = torch.linalg.qr(readout.T).Q
        inside = h @ q @ q.T
        now = readout_geometry(
            inside + 0.3 * (h - inside), readout, initial_features=h, initial_readout=readout
        )
        assert now.orthogonal_ratio == pytest.approx(0.3)
        assert now.readout_rank == 2
        spread = np.cov((inside + 0.3 * (h - inside)).numpy(), rowvar=False)
        assert now.feature_variance == pytest.approx(np.trace(spread))
        assert now.readout_variance == pytest.approx(np.trace(q.T.numpy() @ spread @ q.numpy()))
        want = ds.estimate((inside + 0.3 * (h - inside)).numpy(), "participation_ratio").value
        assert now.participation_ratio == pytest.approx(want)

    def test_a_readout_of_full_rank_leaves_nothing_orthogonal(self):
        h = torch.randn(20, 3)
        now = readout_geometry(h, torch.eye(3), initial_features=h, initial_readout=torch.eye(3))
        assert now.orthogonal_ratio is None


class TestPenalty:
    @pytest.mark.parametrize("form", ["softmax", "linear"])
    def test_gradient_is_that_of_finite_differences(self, form):
        torch.manual_seed(0)
        h = torch.randn(7, 4, dtype=torch.float64, requires_grad=True)
        z = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(ReadoutPenalty(0.3, form), (h, z))

    def test_autocast_changes_nothing_inside(self):
        h, z = torch.randn(7, 4), torch.randn(7, 3)
        penalty = ReadoutPenalty(0.3)
        want = float(penalty(h, z))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert float(penalty(h, z)) == want


def test_what_cannot_be_measured_is_refused():
    model, data = problem(steps=1)
    noise = isotropic_noise(model, 0.1)
    for call, message in [
        (lambda: isotropic_noise(model, 0.0), "sigma=0.0 must be a positive number"),
        (lambda: effective_regulariser(model, cross_entropy, data, noise, forms=["x"]), "forms="),
        (lambda: effective_regulariser(model, cross_entropy, data, noise, n_draws=1), "n_draws=1"),
        (
            lambda: effective_regulariser(nn.Linear(5, 3), cross_entropy, data, noise),
            "no layer with trainable parameters is called '0'",
        ),
        (lambda: scan_sigma(model, cross_entropy, data, []), "no sigma given"),
        (lambda: ReadoutPenalty(0.0), "sigma=0.0 must be positive"),
        (lambda: readout_geometry(data[0], torch.eye(4)), "features of shape"),
        (
            lambda: stationary_noise(model, cross_entropy, data, learning_rate=0, batch_size=4),
            "learning_rate=0 must be positive",
        ),
    ]:  # fmt: skip
        with pytest.raises(ds.DimscopeError, match=message):
            call()
