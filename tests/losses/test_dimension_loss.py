"""Losses of geometry: values of the NumPy estimators, gradients of finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import dimscope as ds

METHODS = {
    "two_nn": ds.TwoNN(),
    "two_nn, all ratios": ds.TwoNN(discard_fraction=0.0),
    "two_nn_mle": ds.TwoNNMLE(),
    "levina_bickel": ds.LevinaBickel(n_neighbors=7),
    "participation_ratio": ds.ParticipationRatio(),
    "naive participation_ratio": ds.ParticipationRatio(correction="none"),
}
methods = pytest.mark.parametrize("estimator", METHODS.values(), ids=METHODS)
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def batch(n=40, d=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64)


@methods
@pytest.mark.parametrize("shape", [(40, 6), (60, 200), (30, 2, 5, 3)])
def test_value_is_that_of_the_numpy_estimator(estimator, shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 3 + 50
    want = ds.estimate(x.flatten(1).numpy(), estimator).value
    loss = ds.DimensionLoss(estimator)
    assert float(loss.dimension(x)) == pytest.approx(want, rel=1e-6)
    assert float(loss.dimension(x.double())) == pytest.approx(want, rel=1e-10)


@methods
def test_value_does_not_depend_on_offset_or_scale(estimator):
    x = batch()
    loss = ds.DimensionLoss(estimator)
    want = float(loss.dimension(x))
    assert float(loss.dimension(x * 2.0**400)) == pytest.approx(want, rel=1e-12)
    assert float(loss.dimension(x * 2.0**-400)) == pytest.approx(want, rel=1e-12)
    assert float(loss.dimension(x + 1e4)) == pytest.approx(want, rel=1e-8)


@methods
@pytest.mark.parametrize("target", ["minimize", "maximize", 3.5])
def test_gradient_is_that_of_finite_differences(estimator, target):
    loss = ds.DimensionLoss(estimator, target)
    for shape in ((14, 3), (12, 20)):
        x = batch(*shape, seed=3).requires_grad_()
        assert torch.autograd.gradcheck(loss, x, eps=1e-7, atol=1e-5)


def test_gradient_can_be_differentiated_again():
    x = batch(9, 3).requires_grad_()
    assert torch.autograd.gradgradcheck(ds.DimensionLoss("two_nn_mle"), x, eps=1e-7, atol=1e-4)


@methods
def test_duplicates_are_set_aside_as_the_estimators_do(estimator):
    distinct = batch(30, 4).float()
    x = torch.cat([distinct, distinct[:8], distinct[:3]]).requires_grad_()
    loss = ds.DimensionLoss(estimator)
    value = loss.dimension(x)
    assert float(value.detach()) == pytest.approx(
        ds.estimate(x.detach().numpy(), estimator).value, rel=1e-6
    )
    value.backward()
    assert torch.isfinite(x.grad).all()
    if "participation" not in estimator.name:
        assert not x.grad[30:].any()
        assert float(value.detach()) == pytest.approx(float(loss.dimension(distinct)), rel=1e-6)


@methods
def test_near_twins_do_not_explode_the_gradient(estimator):
    """Twins a rounding apart keep their value, and the gradient stays that of other rows."""
    x = batch(40, 5)
    ordinary = x.clone().requires_grad_()
    ds.DimensionLoss(estimator)(ordinary).backward()
    x[1] = x[0] + 1e-12
    x.requires_grad_()
    value = ds.DimensionLoss(estimator)(x)
    value.backward()
    want = ds.estimate(x.detach().numpy(), estimator, near_copies="keep").value
    assert float(value.detach()) == pytest.approx(want, rel=1e-6)
    assert x.grad.abs().max() < 100 * ordinary.grad.abs().max()


@methods
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_features_are_measured_in_float64(estimator, dtype):
    x = batch(60, 5).to(dtype).requires_grad_()
    value = ds.DimensionLoss(estimator)(x)
    assert value.dtype == torch.float32
    want = ds.estimate(x.detach().double().numpy(), estimator).value
    assert float(value.detach()) == pytest.approx(want, rel=1e-6)
    value.backward()
    assert x.grad.dtype == dtype
    assert torch.isfinite(x.grad).all()


@methods
def test_autocast_changes_nothing_inside(estimator):
    x = batch(60, 80).float()
    loss = ds.DimensionLoss(estimator)
    outside = float(loss(x))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert float(loss(x)) == outside


def value_and_gradient(loss, features, device):
    """Of features moved to a device, which makes the same start there as here."""
    x = features.detach().to(device).requires_grad_()
    value = loss(x)
    value.backward()
    assert value.device.type == x.grad.device.type == device
    return float(value.detach()), x.grad.cpu()


def assert_same_on_cuda(loss, x):
    """The value and the gradient are those of the processor."""
    want, want_gradient = value_and_gradient(loss, x, "cpu")
    value, gradient = value_and_gradient(loss, x, "cuda")
    assert value == pytest.approx(want, rel=1e-6)
    torch.testing.assert_close(
        gradient, want_gradient, rtol=0, atol=1e-6 * float(want_gradient.abs().max())
    )


@needs_cuda
@methods
@pytest.mark.parametrize("target", ["minimize", "maximize", 3.5])
@pytest.mark.parametrize("shape", [(256, 10), (60, 200), (30, 2, 5, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cuda_gives_the_values_and_gradients_of_the_processor(estimator, target, shape, dtype):
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) * 3 + 50
    loss = ds.DimensionLoss(estimator, target)
    assert_same_on_cuda(loss, x)


@needs_cuda
@methods
def test_cuda_sets_copies_aside_and_finds_neighbours_in_far_clusters(estimator):
    x = batch(80, 5)
    x[:40] = x[:40] * 1e-2 + 1e3
    x = torch.cat([x, x[::9]])
    loss = ds.DimensionLoss(estimator)
    assert_same_on_cuda(loss, x)


@needs_cuda
@methods
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_on_cuda_changes_nothing_inside(estimator, dtype):
    x = batch(60, 80).float().cuda()
    loss = ds.DimensionLoss(estimator)
    outside, gradient = value_and_gradient(loss, x, "cuda")
    with torch.autocast("cuda", dtype=dtype):
        inside, gradient_inside = value_and_gradient(loss, x, "cuda")
    assert inside == pytest.approx(outside, rel=1e-12)
    torch.testing.assert_close(gradient_inside, gradient, rtol=1e-6, atol=1e-9)


@needs_cuda
@methods
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_features_on_cuda_reach_the_weights(estimator, dtype):
    """A layer that autocast runs in half precision, with its loss, under a gradient scaler."""
    torch.manual_seed(5)
    layer = torch.nn.Linear(20, 12).cuda()
    optimizer = torch.optim.SGD(layer.parameters(), lr=1e-3)
    scaler = torch.amp.GradScaler("cuda", init_scale=256.0, enabled=dtype == torch.float16)
    loss = ds.DimensionLoss(estimator, target=3.0)
    before = layer.weight.detach().clone()
    with torch.autocast("cuda", dtype=dtype):
        features = layer(batch(100, 20).float().cuda())
        value = loss(features)
    assert (features.dtype, value.dtype) == (dtype, torch.float32)
    want = (ds.estimate(features.detach().double().cpu().numpy(), estimator).value / 3 - 1) ** 2
    assert float(value.detach()) == pytest.approx(want, rel=1e-5)
    scaler.scale(value).backward()
    scaler.step(optimizer)
    assert torch.isfinite(layer.weight).all()
    assert not torch.equal(layer.weight, before)


@pytest.mark.parametrize(
    ("method", "features"),
    [("two_nn", (128, 10)), ("levina_bickel", (128, 10)), ("participation_ratio", (128, 10))],
)
def test_descent_reaches_the_target(method, features):
    x = torch.randn(features, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = ds.DimensionLoss(method, target=3.0)
    start = float(loss.dimension(x).detach())
    assert start > 4.5
    optimizer = torch.optim.Adam([x], lr=0.02)
    for _ in range(500):
        optimizer.zero_grad()
        loss(x).backward()
        optimizer.step()
    kept = ds.estimate(x.detach().numpy(), method, near_copies="keep")
    assert kept.value == pytest.approx(3.0, abs=0.15)
    if method == "levina_bickel":  # descent makes pairs, and the estimate says so
        found = ds.estimate(x.detach().numpy(), method)
        assert found.value > 4
        assert "near_copies" in {note.code for note in found.notes}


@pytest.mark.parametrize(("target", "sign"), [("minimize", -1), ("maximize", 1)])
@pytest.mark.parametrize("method", ["two_nn", "levina_bickel", "participation_ratio"])
def test_a_small_step_moves_the_dimension_the_right_way(method, target, sign):
    x = batch(100, 8).requires_grad_()
    loss = ds.DimensionLoss(method, target)
    before = loss.dimension(x)
    loss(x).backward()
    after = loss.dimension(x - 1e-4 * x.grad / x.grad.norm())
    assert sign * float((after - before).detach()) > 0


def test_is_a_module_that_moves_scripts_its_state_and_prints():
    loss = ds.DimensionLoss(ds.LevinaBickel(n_neighbors=5), target=4)
    assert repr(loss) == "DimensionLoss(levina_bickel, target=4.0)"
    assert loss.state_dict() == {}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gride",), "gride has no gradient: choose two_nn"),
        (("two_n",), "unknown method 'two_n'"),
        (("two_nn", "reduce"), "target='reduce' is not known"),
        (("two_nn", 0.0), "target=0.0 must be a positive dimension"),
        (("two_nn", float("nan")), "must be a positive dimension"),
        ((ds.TwoNN(discard_fraction=1.0),), "discard_fraction=1.0 must lie in"),
        ((ds.LevinaBickel(n_neighbors=1),), "n_neighbors=1 must be at least 2"),
        ((ds.ParticipationRatio(correction="rows_and_columns"),), "has no gradient here"),
    ],
)
def test_what_cannot_be_a_loss_is_refused(arguments, message):
    with pytest.raises(ds.InputError, match=message):
        ds.DimensionLoss(*arguments)


@pytest.mark.parametrize(
    ("method", "features", "message"),
    [
        ("two_nn", torch.zeros(9, 3, dtype=torch.int64), "floating-point numbers of shape"),
        ("two_nn", torch.zeros(9), "floating-point numbers of shape"),
        ("two_nn", np.zeros((9, 3)), "features are ndarray"),
        ("two_nn", torch.full((9, 3), torch.nan), "nan or infinity"),
        ("two_nn", torch.ones(9, 3), "2 neighbours need at least 3 distinct rows"),
        ("levina_bickel", torch.randn(12, 3), "20 neighbours need at least 21 distinct rows"),
        ("two_nn", torch.arange(10.0)[:, None], "only 2 of 10 rows have r_2 > r_1 > 0"),
        (ds.TwoNN(discard_fraction=0.9), torch.randn(9, 3), "leaves 0 of 9 ratios"),
        (ds.LevinaBickel(n_neighbors=2), torch.eye(6), "all its 2 neighbours at one distance"),
        ("participation_ratio", torch.ones(9, 3), "all 9 rows are equal"),
        ("participation_ratio", torch.randn(3, 3), "needs at least 4 rows, got 3"),
        ("participation_ratio", torch.eye(9)[[0] + [1] * 8], "too few to bound"),
    ],
)
def test_features_without_a_dimension_are_refused(method, features, message):
    with pytest.raises(ds.InputError, match=message):
        ds.DimensionLoss(method).dimension(features)
