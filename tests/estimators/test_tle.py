"""TLE written out, against scikit-dimension, and its standard error against the scatter."""

from __future__ import annotations

import math

import numpy as np
import pytest
import skdim

import dimscope as ds

K = 8


def radius(u_i, u_j, v, r):
    """s or t of the paper, in its own form; its limit where u_i = r."""
    a = u_i**2 + v**2 - u_j**2
    if math.isclose(u_i, r, rel_tol=1e-9):
        return r * v**2 / a
    root = math.sqrt(a**2 + 4 * v**2 * (r**2 - u_i**2))
    return r * (root - a) / (2 * (r**2 - u_i**2))


def written_out(x, graph, i):
    own = [x[j] - x[i] for j in graph.indices[i, :K]]
    u = [math.hypot(*a) for a in own]
    logarithms = [math.log(v / u[-1]) for v in u for _ in range(2)]
    for n, a in enumerate(own):
        for m, b in enumerate(own):
            for apart in (math.dist(a, b), math.dist(a, -b)):
                if n != m and apart > 1e-5 * u[-1]:
                    logarithms.append(math.log(radius(u[n], u[m], apart, u[-1]) / u[-1]))
    return -len(logarithms) / sum(logarithms)


@pytest.mark.parametrize("n_features", [1, 2, 6])
def test_is_the_formula(n_features):
    x = np.random.default_rng(0).normal(size=(60, n_features))
    graph = ds.NeighborGraph.from_points(x, K)
    expected = np.array([written_out(x, graph, i) for i in range(len(x))])
    tle = ds.TLE(n_neighbors=K)
    np.testing.assert_allclose(tle.estimate_local(graph).values, expected, rtol=1e-6)
    assert tle.estimate(graph).value == pytest.approx(1 / np.mean(1 / expected))


def test_places_that_coincide_are_left_out():
    """On a lattice the mirror image of a neighbour is another one."""
    lattice = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), -1).reshape(-1, 2)
    lattice += 1e-3 * np.random.default_rng(0).random((81, 1))  # so that the nearest are certain
    graph = ds.NeighborGraph.from_points(lattice, K)
    values = ds.TLE(n_neighbors=K).estimate_local(graph).values
    np.testing.assert_allclose(values[40], written_out(lattice, graph, 40), rtol=1e-9)
    assert np.isfinite(values).all()


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning:skdim")
def test_scikit_dimension_agrees_where_distances_are_large():
    # version 0.5.0, whose threshold is 1e-4 in the units of the data
    x = 100 * np.random.default_rng(0).normal(size=(200, 6))
    peer = skdim.id.TLE().fit(x, n_neighbors=20).dimension_pw_
    local = ds.TLE().estimate_local(ds.NeighborGraph.from_points(x, 20)).values
    np.testing.assert_allclose(local, peer, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning:skdim")
def test_units_do_not_matter_as_they_do_to_scikit_dimension():
    x = np.random.default_rng(0).random((300, 3))
    here, small = (ds.TLE().fit(scale * x).dimension_ for scale in (1, 1e-4))
    assert small == pytest.approx(here, rel=1e-9)
    assert here == pytest.approx(3, rel=0.1)
    peer, small_peer = (
        skdim.id.TLE().fit(scale * x, n_neighbors=20).dimension_ for scale in (1, 1e-4)
    )
    assert peer == pytest.approx(3, rel=0.1)
    assert small_peer == 0.0


def test_distances_that_are_all_equal_show_nothing():
    with pytest.raises(ds.InputError, match="none of 30 neighbourhoods of 20 points has a dimens"):
        ds.TLE().fit(np.eye(30))


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("manifold", "dimension", "tolerance"),
    [
        (ds.manifolds.cube(1, 4), 1, 0.08),
        (ds.manifolds.sphere(2), 2, 0.08),
        (ds.manifolds.swiss_roll(), 2, 0.08),
        (ds.manifolds.cube(5), 5, 0.08),
        (ds.manifolds.gaussian(10), 10, 0.12),
    ],
    ids=lambda m: getattr(m, "name", None),
)
def test_known_dimension(manifold, dimension, tolerance):
    """Pairs near each other are overcounted at small k, which raises low dimensions."""
    found = ds.TLE().fit(manifold.sample(2000, rng=0)).dimension_
    assert found == pytest.approx(dimension, rel=tolerance)


@pytest.mark.statistical
@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_the_error_is_the_scatter(dimension):
    """100 draws know a scatter to 7 %."""
    torus = ds.manifolds.flat_torus(dimension)
    tle = ds.TLE(n_neighbors=10)
    found = [tle.fit(torus.sample(300, rng=seed)).estimate_ for seed in range(100)]
    scatter = np.std([estimate.value for estimate in found], ddof=1)
    assert 0.7 < np.mean([estimate.stderr for estimate in found]) / scatter < 1.3
