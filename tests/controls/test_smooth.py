"""Smooth maps: the covariance, the mean and the variances that the definition promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

import dimscope as ds
from dimscope.controls import smooth_maps, torus_maps
from dimscope.controls.principal import principal
from dimscope.controls.smooth import random_functions
from dimscope.errors import InputError


def _data(n=200, shape=(12,), seed=0):
    rng = np.random.default_rng(seed)
    flat = rng.normal(size=(n, math.prod(shape))) @ rng.normal(size=(math.prod(shape),) * 2)
    return torch.from_numpy(flat.reshape(n, *shape)).float()


@pytest.mark.parametrize(("domain", "spread"), [("smooth", 3 / 6), ("torus", 2 * 3)])
def test_the_covariance_of_two_values_is_the_stated_one(domain, spread):
    """Over many functions, once the mean of each is taken off and the variance made 1."""
    functions = random_functions(domain, 3, 0.4, 3000, np.random.default_rng(0))
    u = torch.from_numpy(np.random.default_rng(1).random((600, 3)))
    values = functions(u)[:40]
    found = values @ values.T / values.shape[1]
    squares = torch.cdist(functions.lift(u), functions.lift(u)).square()
    kernel = torch.exp(-squares / (2 * 0.4**2 * spread))
    centred = kernel - kernel.mean(0) - kernel.mean(1, keepdim=True) + kernel.mean()
    expected = (centred / centred.diagonal().mean())[:40, :40]
    assert float((found - expected).abs().mean()) < 0.05
    assert np.corrcoef(found.flatten(), expected.flatten())[0, 1] > 0.97


@pytest.mark.parametrize("domain", ["smooth", "torus"])
@pytest.mark.parametrize("length_scale", [0.3, 3.0])
def test_every_function_has_mean_0_and_variance_1(domain, length_scale):
    functions = random_functions(domain, 4, length_scale, 50, np.random.default_rng(0))
    values = functions(torch.from_numpy(np.random.default_rng(1).random((4000, 4))))
    assert values.mean(dim=0).abs().max() < 0.15
    assert (values.std(dim=0) - 1).abs().max() < 0.15


def test_fewer_dimensions_and_functions_are_the_beginning_of_more():
    few, many = (
        random_functions("torus", d, 1 / math.sqrt(d), k, np.random.default_rng(3))
        for d, k in ((2, 5), (4, 9))
    )
    circles = few.frequencies.reshape(2, 2, -1)
    assert torch.allclose(circles, many.frequencies.reshape(2, 4, -1)[:, :2])
    ratios = few.mixing / many.mixing[:, :5]
    assert torch.allclose(ratios, ratios[:1].expand_as(ratios))


def test_the_map_is_the_sum_over_principal_axes():
    """Against NumPy's singular value decomposition, axes up to their signs."""
    data = _data(80)
    found = principal(data, np.random.default_rng(0))
    centred = (data - data.mean(dim=0)).double().numpy()
    _, s, axes = np.linalg.svd(centred, full_matrices=False)
    assert found.variances.numpy() == pytest.approx(s**2 / 79, rel=1e-5)
    moved = found.combined(torch.eye(12, dtype=torch.float64)) - found.mean
    expected = (s / np.sqrt(79))[:, None] * axes
    assert np.abs(moved.numpy()) == pytest.approx(np.abs(expected), abs=1e-4)


@given(d=st.integers(1, 6), length_scale=st.sampled_from([0.4, 1.0, 3.0]), torus=st.booleans())
@settings(max_examples=12, deadline=None)
def test_derivatives_are_right_and_of_full_rank(d, length_scale, torus):
    family = (torus_maps if torus else smooth_maps)(_data(60), d, length_scale=length_scale)
    u, v = family.draw(3), torch.from_numpy(np.random.default_rng(1).normal(size=(3, d)))
    _, moved = torch.func.jvp(family.embed, (u,), (v,))
    step = 1e-5
    slopes = (family.embed(u + step * v) - family.embed(u - step * v)) / (2 * step)
    assert torch.allclose(moved, slopes, atol=1e-5 * float(slopes.abs().max()))
    jacobians = torch.func.vmap(torch.func.jacfwd(lambda one: family.embed(one[None])[0]))(u)
    stretches = torch.linalg.svdvals(jacobians)
    assert (stretches[:, -1] > 1e-4 * stretches[:, 0]).all()


def test_values_stay_in_the_range_of_their_channel_and_the_middle_is_left_alone():
    data = torch.rand(100, 2, 4, 4) * torch.tensor([1.0, 10.0])[:, None, None]
    known = principal(data, np.random.default_rng(0))
    low, high = known.low.reshape(2, 16), known.high.reshape(2, 16)
    assert low[1].unique().tolist() == [float(data[:, 1].min())]
    assert high[0].unique().tolist() == [float(data[:, 0].max())]
    t = torch.linspace(-3, 3, 601, dtype=torch.float64)[:, None]
    half = (known.high - known.low) / 2
    clipped = (known.clipped(known.low + half + t * half) - known.low - half) / half
    assert (clipped.abs() <= 1).all()
    assert (clipped.diff(dim=0) > 0).all()
    middle = t[:, 0].abs() <= 0.5
    assert torch.allclose(clipped[middle], t[middle].expand(-1, 32), rtol=1e-3)


def test_a_sample_has_the_mean_and_the_variances_of_the_data():
    """What the range takes off is told: here almost nothing."""
    data = _data(400)
    data = torch.cat([data, 8 * data.abs().max() * torch.tensor([[1.0], [-1.0]]).expand(2, 12)])
    family = smooth_maps(data, 30, length_scale=0.3)
    x = family.sample(2000)
    assert torch.allclose(x.mean(dim=0), data.double().mean(dim=0), atol=0.1 * float(data.std()))
    assert float(x.var(dim=0).sum() / data.var(dim=0).sum()) == pytest.approx(1, abs=0.1)


def test_facts_tell_how_near_the_data_the_map_comes():
    facts = smooth_maps(_data(300, (3, 6, 6)), 20, length_scale=0.5).facts
    assert facts["length_scale"] == 0.5
    near = facts["nearness"]
    assert near["mean_offset"] < 0.15
    assert near["variance_ratio"] == pytest.approx(1, abs=0.2)
    assert near["spectrum_correlation"] > 0.95
    assert near["range_share"] == 1
    steep = smooth_maps(_data(300, (3, 6, 6)), 2, length_scale=3.0).facts["nearness"]
    assert steep["spectrum_correlation"] < near["spectrum_correlation"]


def test_precision_follows_the_coordinates():
    family = smooth_maps(_data(60, (1, 4, 4)), 3)
    u = family.draw(4)
    single, double = family.embed(u.float()), family.embed(u)
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)
    assert torch.allclose(single.double(), double, atol=1e-4 * float(double.abs().max()))


def test_a_nearly_linear_map_is_no_rougher_in_single_precision():
    family = smooth_maps(_data(60), 2, length_scale=1000.0)
    u = family.draw(50).float()
    assert torch.allclose(family.embed(u).double(), family.embed(u.double()), atol=1e-4)


def test_two_nn_reads_the_dimension_of_the_map():
    x = smooth_maps(_data(200, (40,)), 2, length_scale=2.0).sample(1000)
    assert ds.estimate(x, "two_nn").value == pytest.approx(2, abs=0.25)


def test_a_torus_has_no_edges():
    family = torus_maps(_data(60), 3)
    u = family.draw(5)
    assert torch.allclose(family.embed(u), family.embed(u - 2), atol=1e-9)
    assert not torch.allclose(family.embed(u), family.embed(u + 0.5), atol=1e-2)


def test_axes_of_many_inputs_come_from_a_sample_of_all(monkeypatch):
    monkeypatch.setattr("dimscope.controls.principal.MAX_ROWS", 100)
    data = _data(300)
    data[:150] += 10
    found = principal(data, np.random.default_rng(0))
    assert len(found.rows) == 100
    assert float(found.mean.mean()) == pytest.approx(float(data.mean()), abs=2)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (torch.zeros(100, 4, dtype=torch.int64), "tokens"),
        (torch.rand(10, 4), "at least 50"),
        (torch.rand(100), "at least 50"),
        (torch.ones(100, 4), "equal"),
        (torch.full((100, 4), torch.nan), "not finite"),
        ({"x": torch.rand(100, 4)}, "dict"),
    ],
)
def test_inputs_that_cannot_be_imitated_are_refused(inputs, message):
    with pytest.raises(InputError, match=message):
        smooth_maps(inputs, 2)


@pytest.mark.parametrize("wrong", [{"dimension": 0}, {"dimension": 2, "length_scale": 0.0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="must be at least 1"):
        torus_maps(_data(60), **wrong)
