"""FisherS: against its formula, another implementation and balls of known dimension."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import skdim

import dimscope as ds
from dimscope import FisherS
from dimscope.estimators import fisher_s

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 6)) * [1, 2, 3, 3, 0.5, 4]


@pytest.mark.parametrize("n", [1.0, 2.5, 10.0, 80.0])
@pytest.mark.parametrize("margin", [0.6, 0.8, 0.9])
def test_the_dimension_solves_the_law(n, margin):
    share = (1 - margin**2) ** ((n - 1) / 2) / (margin * math.sqrt(2 * math.pi * n))
    assert fisher_s._sphere_dimension(share, margin) == pytest.approx(n, rel=1e-10)


def test_the_law_is_the_cap_of_a_sphere():
    """Known in closed form on the sphere in three dimensions; the law is for margins near 1."""
    for margin in (0.8, 0.9):
        assert fisher_s._sphere_dimension((1 - margin) / 2, margin) == pytest.approx(3, rel=0.03)


@pytest.mark.parametrize("condition", [10.0, 3.0])
def test_is_what_scikit_dimension_gives(condition):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = skdim.id.FisherS(conditional_number=condition).fit(X)  # version 0.5.0
    assert FisherS(condition=condition).fit(X).dimension_ == pytest.approx(
        float(np.squeeze(peer.dimension_)), rel=1e-10
    )


def test_shares_are_those_of_all_pairs():
    spectrum = ds.Spectrum.from_points(X)
    centred = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(centred.T))
    kept = values > values.max() / 10
    assert kept.sum() == 4
    y = centred @ vectors[:, kept] / np.sqrt(values[kept])
    y /= np.linalg.norm(y, axis=1, keepdims=True)
    products = (y @ y.T)[np.triu_indices(300, 1)]
    want = [(products >= margin).mean() for margin in fisher_s.MARGINS]
    found = fisher_s._inseparable_shares(fisher_s._whitened(spectrum, 10.0))
    np.testing.assert_allclose(found, want, rtol=1e-12)


@pytest.mark.statistical
@pytest.mark.parametrize(("dimension", "tolerance"), [(2, 0.05), (5, 0.05), (10, 0.05), (20, 0.1)])
def test_gaussians_and_balls(dimension, tolerance):
    for name in ("gaussian", "ball"):
        made = ds.make_manifold(name, dimension=dimension, ambient_dimension=60)
        estimate = ds.estimate(made.sample(800, rng=0), "fisher_s")
        assert estimate.value == pytest.approx(dimension, rel=tolerance)
        assert "1.3 to 4 times the true scatter" in estimate.notes[-1]


@pytest.mark.statistical
def test_a_sphere_has_the_dimension_that_it_fills():
    x = ds.make_manifold("sphere", dimension=4).sample(1000, rng=0)
    assert FisherS().fit(x).dimension_ == pytest.approx(5, rel=0.06)


def test_more_dimensions_than_the_points_can_tell():
    estimate = ds.estimate(RNG.normal(size=(300, 100)), "fisher_s")
    assert estimate.value is None
    assert "All pairs of 300 points are separable" in estimate.notes[0]


def test_one_far_outlier_hides_all_else_and_it_says_so():
    far = np.concatenate([X, np.full((1, 6), 1e6)])
    estimate = FisherS().fit(far).estimate_
    assert "Only one component has more than 1/10 of the largest variance" in estimate.notes[0]
    assert ds.estimate(X, "fisher_s", errors="own").notes == ()


def test_by_gram_and_by_covariance_it_is_the_same():
    wide = np.hstack([X, np.zeros((300, 400))])
    assert ds.Spectrum.from_points(wide).by_gram
    assert FisherS().fit(wide).dimension_ == pytest.approx(FisherS().fit(X).dimension_, rel=1e-9)


def test_invariance():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    value = FisherS().fit(X).dimension_
    moved = rng.permutation(X @ turn + 1e4 * rng.normal(size=6))
    for same in (1e-12 * X, 1e12 * X, moved):
        assert FisherS().fit(same).dimension_ == pytest.approx(value, rel=1e-7)


def test_out_of_range():
    with pytest.raises(ds.InputError, match=r"condition=1.0 must lie between 1 and inf"):
        FisherS(condition=1.0).fit(X)
