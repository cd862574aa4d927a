"""Local PCA: every rule written out, against scikit-dimension, and on sets of known dimension."""

from __future__ import annotations

import warnings
from typing import get_args

import numpy as np
import pytest
import skdim
from sklearn.decomposition import PCA

import dimscope as ds
from dimscope.estimators._shared.pca_rules import noise_median
from dimscope.estimators.local_pca import Rule

RULES = get_args(Rule)
OF_ALL_FEATURES = {"marchenko_pastur", "probabilistic"}  # they ask how noise fills all of them
K = 30
X = np.random.default_rng(0).normal(size=(300, 12)) * np.geomspace(1, 0.05, 12)
GRAPH = ds.NeighborGraph.from_points(X, K)


def spectra(x=X, graph=GRAPH):
    """Eigenvalues of the covariance of the neighbours, k - 1 of them, by a separate way."""
    of = [np.linalg.svd(x[own] - x[own].mean(0), compute_uv=False) for own in graph.indices]
    found = np.zeros((len(of), K - 1))
    for row, singular in zip(found, of, strict=True):
        row[: min(len(singular), K - 1)] = singular[: K - 1] ** 2 / (K - 1)
    return found


def first(found):
    return next((i + 1 for i, yes in enumerate(found) if yes), len(found))


def fan(values, n_crossing=0):
    """Fan's rule; with ``n_crossing=1`` the eigenvalue that crosses 95 % counts as noise too."""
    held = first([values[:i].sum() > 0.95 * values.sum() for i in range(1, K)]) - n_crossing
    signal = values - (values[held:].mean() if held < K - 1 else 0)
    kept = first([signal[:i].sum() > 0.8 * signal.sum() for i in range(1, K)])
    gap = first([signal[i] > max(0, 10 * signal[i + 1]) for i in range(K - 2)])
    return min(kept, gap)


STICK = [sum(1 / j for j in range(i, K)) / (K - 1) for i in range(1, K)]
WRITTEN_OUT = {
    "fukunaga_olsen": lambda v: sum(v > 0.05 * v[0]),
    "fan": fan,
    "ratio": lambda v: first([v[:i].sum() >= 0.95 * v.sum() for i in range(1, K)]),
    "kaiser": lambda v: sum(v > np.mean(v)),
    "broken_stick": lambda v: first([v[i] <= v.sum() * piece for i, piece in enumerate(STICK)]) - 1,
}


@pytest.mark.parametrize("rule", WRITTEN_OUT)
def test_is_the_rule(rule):
    """The points have 12 features, so that 12 of the 29 eigenvalues are not zero."""
    expected = [WRITTEN_OUT[rule](values) for values in spectra()]
    found = ds.LocalPCA(n_neighbors=K, rule=rule)
    np.testing.assert_array_equal(found.estimate_local(GRAPH).values, expected)
    assert found.estimate(GRAPH).value == pytest.approx(np.mean(expected))
    assert len(set(expected)) > 1


def test_max_gap_is_the_largest_ratio():
    x = np.random.default_rng(0).normal(size=(300, 40)) * np.r_[np.ones(3), np.full(37, 0.02)]
    graph = ds.NeighborGraph.from_points(x, K)
    values = spectra(x, graph)
    expected = 1 + np.argmax(values[:, :-1] / values[:, 1:], axis=1)
    found = ds.LocalPCA(n_neighbors=K, rule="max_gap").estimate_local(graph).values
    np.testing.assert_array_equal(found, expected)
    assert np.median(found) == 3


@pytest.mark.parametrize(
    ("rule", "peer"),
    [
        ("fukunaga_olsen", "FO"),
        ("max_gap", "maxgap"),
        ("kaiser", "Kaiser"),
        ("broken_stick", "broken_stick"),
    ],
)
def test_scikit_dimension_agrees_on_the_same_eigenvalues(rule, peer):
    # version 0.5.0
    x = np.random.default_rng(0).normal(size=(200, 60)) * np.r_[np.ones(4), np.full(56, 0.05)]
    graph = ds.NeighborGraph.from_points(x, K)
    other = skdim.id.lPCA(ver=peer, fit_explained_variance=True, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = [other.fit(values).dimension_ for values in spectra(x, graph)]
    found = ds.LocalPCA(n_neighbors=K, rule=rule).estimate_local(graph).values
    assert np.mean(found == expected) > 0.999


def test_fan_of_scikit_dimension_differs_by_one_eigenvalue_of_noise():
    """On an even cube of 5, where the crossing eigenvalue is one of the signal, it reads fewer."""
    x = np.random.default_rng(0).random((500, 5))
    graph = ds.NeighborGraph.from_points(x, K)
    ours = ds.LocalPCA(n_neighbors=K, rule="fan").estimate_local(graph).values
    other = skdim.id.lPCA(ver="Fan", fit_explained_variance=True, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = np.array([other.fit(values).dimension_ for values in spectra(x, graph)])
    np.testing.assert_array_equal(ours, [fan(values) for values in spectra(x, graph)])
    np.testing.assert_array_equal(theirs, [fan(values, 1) for values in spectra(x, graph)])
    assert (theirs <= ours).all()
    assert (theirs < ours).mean() > 0.3


def test_the_default_ratio_of_scikit_dimension_is_5_percent_of_the_variance():
    """Its ``ver="ratio"`` therefore finds one direction in a cube."""
    x = np.random.default_rng(0).random((500, 5))
    assert skdim.id.lPCA(ver="ratio").fit(x).dimension_ == 1
    assert ds.LocalPCA(rule="ratio", n_neighbors=100).fit(x).dimension_ > 4.9


def test_the_kaiser_of_scikit_dimension_misses_directions_that_fill_the_space():
    """It compares with the mean over the features: half of the directions of a square exceed it."""
    x = np.random.default_rng(0).random((500, 2))
    graph = ds.NeighborGraph.from_points(x, K)
    others = [skdim.id.lPCA(ver="Kaiser").fit(x[own]).dimension_ for own in graph.indices]
    assert np.mean(others) == 1
    assert ds.LocalPCA(rule="kaiser", n_neighbors=K).estimate(graph).value == 2


@pytest.mark.parametrize("n_features", [12, 5])
def test_the_most_likely_dimension_is_scikit_learns(n_features):
    x = np.random.default_rng(0).normal(size=(300, n_features))
    x *= np.r_[1.0, 0.8, 0.5, np.full(n_features - 3, 0.1)]
    graph = ds.NeighborGraph.from_points(x, K)
    expected = [PCA(n_components="mle").fit(x[own]).n_components_ for own in graph.indices]
    found = ds.LocalPCA(n_neighbors=K, rule="probabilistic").estimate_local(graph).values
    np.testing.assert_array_equal(found, expected)
    assert len(set(expected)) > 1


def test_the_most_likely_dimension_without_noise_is_the_rank():
    plane = np.random.default_rng(0).normal(size=(200, 2)) @ np.eye(2, 9)
    for scale in (1e-100, 1.0, 1e100):
        assert ds.LocalPCA(rule="probabilistic").fit(scale * plane).dimension_ == 2


@pytest.mark.statistical
def test_the_edge_of_noise_holds_back_noise_and_lets_signal_pass():
    """The edge is that of infinite matrices: fluctuations pass it now and then."""
    rng = np.random.default_rng(0)
    noise = 0.05 * rng.normal(size=(400, 200))
    signal = np.zeros((400, 200))
    signal[:, :2] = rng.uniform(-1, 1, (400, 2))
    estimator = ds.LocalPCA(n_neighbors=60, rule="marchenko_pastur")
    assert estimator.fit(noise).dimension_ < 1
    assert estimator.fit(noise + signal).dimension_ == pytest.approx(2, abs=0.3)


@pytest.mark.statistical
@pytest.mark.parametrize("aspect", [0.1, 0.5, 1.0])
def test_the_median_of_noise_is_that_of_a_random_matrix(aspect):
    n = 1200
    x = np.random.default_rng(0).normal(size=(n, int(aspect * n)))
    values = np.linalg.svd(x, compute_uv=False) ** 2 / n
    assert noise_median(aspect) == pytest.approx(np.median(values), rel=0.02)


def test_the_participation_ratio_is_that_of_each_neighbourhood_alone():
    local = ds.LocalPCA(n_neighbors=K, rule="participation_ratio").estimate_local(GRAPH).values
    expected = [ds.ParticipationRatio().fit(X[own]).dimension_ for own in GRAPH.indices]
    np.testing.assert_allclose(local, expected, rtol=1e-8)


def test_the_participation_ratio_never_exceeds_the_neighbours():
    x = np.random.default_rng(0).normal(size=(100, 5000))
    local = ds.LocalPCA(n_neighbors=5, rule="participation_ratio").fit(x)
    assert local.dimension_ <= 4
    assert any("More than half of the 4 directions" in note for note in local.estimate_.notes)


@pytest.mark.parametrize("rule", RULES)
def test_a_flat_sheet_has_the_dimension_of_its_plane(rule):
    """Uneven neighbourhoods at the edges lower all but counts of what is not zero."""
    plane = ds.manifolds.cube(2, 9).sample(1500, rng=0)
    assert ds.LocalPCA(n_neighbors=K, rule=rule).fit(plane).dimension_ == pytest.approx(2, rel=0.1)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("manifold", "dimension", "tolerance"),
    [
        (ds.manifolds.sphere(3), 3, 0.02),
        (ds.manifolds.swiss_roll(), 2, 0.02),
        (ds.manifolds.gaussian(8, 20), 8, 0.02),  # k is 6 times the dimension
    ],
    ids=lambda m: getattr(m, "name", None),
)
def test_known_dimension(manifold, dimension, tolerance):
    found = ds.LocalPCA().fit(manifold.sample(3000, rng=0)).dimension_
    assert found == pytest.approx(dimension, rel=tolerance)


def test_curvature_at_the_distance_of_the_neighbours_is_counted():
    circles = ds.manifolds.flat_torus(4).sample(3000, rng=0)
    values = [ds.LocalPCA(n_neighbors=k).fit(circles).dimension_ for k in (20, 50)]
    assert 4 < values[0] < values[1] <= 8


@pytest.mark.parametrize("rule", [r for r in RULES if r not in OF_ALL_FEATURES])
def test_features_that_never_change_change_nothing(rule):
    wider = np.hstack([X, np.full((len(X), 50), 0.1)])
    found = ds.LocalPCA(n_neighbors=K, rule=rule).fit(wider).dimension_
    assert found == pytest.approx(ds.LocalPCA(n_neighbors=K, rule=rule).fit(X).dimension_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"rule": "fo"}, "rule='fo' is not known: choose one of fukunaga_olsen, fan"),
        ({"threshold": 1.0}, "threshold=1.0 must lie between 0 and 1"),
        ({"variance_fraction": 0.0}, "variance_fraction=0.0 must lie between 0 and 1"),
    ],
)
def test_parameters_that_cannot_be_used(parameters, message):
    with pytest.raises(ds.InputError, match=message):
        ds.LocalPCA(**parameters).fit(X)
