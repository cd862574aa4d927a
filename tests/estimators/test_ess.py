"""ESS written out, its calibration, and against scikit-dimension."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import skdim

import dimscope as ds
from dimscope.estimators.ess import expected_skewness

K = 12


def skewness(x, graph, i):
    """The areas by Heron's formula, from sides alone."""
    around = x[graph.indices[i, :K]]
    own = list(around - around.mean(axis=0))
    areas = lengths = 0.0
    for n, a in enumerate(own):
        for b in own[:n]:
            sides = math.hypot(*a), math.hypot(*b), math.dist(a, b)
            half = sum(sides) / 2
            areas += 2 * math.sqrt(max(half * math.prod(half - side for side in sides), 0.0))
            lengths += sides[0] * sides[1]
    return areas / lengths


def test_is_areas_over_products_of_lengths():
    x = np.random.default_rng(0).normal(size=(80, 5))
    graph = ds.NeighborGraph.from_points(x, K)
    values = np.array([skewness(x, graph, i) for i in range(len(x))])
    ess = ds.ESS(n_neighbors=K)
    table = expected_skewness(200)
    found = ess.estimate_local(graph).values
    np.testing.assert_allclose(np.interp(found, np.arange(1, 201), table), values, rtol=1e-8)
    estimate = ess.estimate(graph)
    assert np.interp(estimate.value, np.arange(1, 201), table) == pytest.approx(values.mean())
    assert (estimate.stderr, estimate.interval) == (None, None)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 20, 301])
def test_the_calibration_is_that_of_gamma_functions(n):
    logarithms = 2 * math.lgamma(n / 2) - math.lgamma((n + 1) / 2)
    closed = math.exp(logarithms - math.lgamma((n - 1) / 2)) if n > 1 else 0.0
    assert expected_skewness(400)[n - 1] == pytest.approx(closed, rel=1e-11)
    assert len(expected_skewness(n)) == n
    np.testing.assert_array_equal(expected_skewness(n), expected_skewness(400)[:n])


@pytest.mark.statistical
@pytest.mark.parametrize("n", [2, 5, 30])
def test_the_calibration_is_the_mean_sine_of_random_directions(n):
    a, b = np.random.default_rng(0).normal(size=(2, 100_000, n))
    cosine = np.einsum("ij,ij->i", a, b) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    sine = np.sqrt(1 - cosine**2)
    error = sine.std() / math.sqrt(len(sine))
    assert abs(sine.mean() - expected_skewness(n)[-1]) < 4 * error


def test_scikit_dimension_agrees():
    # version 0.5.0; it takes the mean of the local dimensions as the dimension of the whole
    x = np.random.default_rng(0).normal(size=(150, 6))
    peer = skdim.id.ESS(random_state=0).fit(x, n_neighbors=20).dimension_pw_
    local = ds.ESS(n_neighbors=20).estimate_local(ds.NeighborGraph.from_points(x, 20)).values
    np.testing.assert_allclose(local, peer, rtol=1e-9)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("manifold", "dimension", "tolerance"),
    [
        (ds.manifolds.cube(1, 4), 1, 1e-6),
        (ds.manifolds.sphere(2), 2, 0.05),
        (ds.manifolds.swiss_roll(), 2, 0.05),
        (ds.manifolds.cube(5), 5, 0.08),
        (ds.manifolds.gaussian(20), 20, 0.04),
        (ds.manifolds.gaussian(50), 50, 0.06),
    ],
    ids=lambda m: getattr(m, "name", None),
)
def test_known_dimension(manifold, dimension, tolerance):
    found = ds.ESS().fit(manifold.sample(2000, rng=0)).dimension_
    assert found == pytest.approx(dimension, rel=tolerance)


def test_a_value_is_bounded_by_the_neighbours():
    """Of all figures the regular simplex has the largest angles: cos = -1/(k - 1)."""
    simplex = ds.NeighborGraph.from_points(np.eye(40), K)
    found = ds.ESS(n_neighbors=K).estimate(replace(simplex, n_features=None)).value
    assert np.interp(found, np.arange(1, K**2 + 1), expected_skewness(K**2)) == pytest.approx(
        math.sqrt(1 - 1 / (K - 1) ** 2)
    )
