"""The geodesic fit on exact distances of spheres, on graphs, and where it has no answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import shortest_path

import dimscope as ds
from dimscope.estimators.geodesic import _fit_sphere, _largest_part


def sphere(dimension, n=2000, seed=0):
    return ds.manifolds.sphere(dimension).sample(n, rng=seed)


@pytest.mark.statistical
@pytest.mark.parametrize("dimension", [2, 3, 5, 10, 20])
def test_the_fit_is_right_for_exact_distances_on_a_sphere(dimension):
    """Their density is sin(r)^(d-1) on (0, pi), with its mode at pi / 2."""
    angles = np.arccos(np.clip(sphere(dimension) @ sphere(dimension, seed=1).T, -1, 1))
    fit = _fit_sphere(angles.ravel(), 50, 0.0)
    assert fit.dimension == pytest.approx(dimension, rel=0.12)
    assert fit.mode == pytest.approx(np.pi / 2, rel=0.03)


def test_paths_are_the_shortest_in_the_largest_part():
    x = np.concatenate([sphere(2, 60), 50 + sphere(2, 20)])
    graph = ds.NeighborGraph.from_points(x, 4)
    part = _largest_part(graph, 3).toarray()
    dense = np.full((60, 60), np.inf)
    for i in range(60):
        for j, far in zip(graph.indices[i, :3], graph.distances[i, :3], strict=True):
            dense[i, j] = dense[j, i] = far
    assert part.shape == (60, 60)
    np.testing.assert_array_equal(part, np.where(np.isinf(dense), 0, dense))
    through = dense.copy()
    for middle in range(60):
        through = np.minimum(through, through[:, [middle]] + through[middle])
    np.fill_diagonal(through, 0)
    np.testing.assert_allclose(shortest_path(part, directed=False), through)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("manifold", "dimension", "tolerance"),
    [
        (ds.manifolds.sphere(2), 2, 0.1),
        (ds.manifolds.sphere(3), 3, 0.2),
        (ds.manifolds.cube(2, 10), 2, 0.15),
        (ds.manifolds.swiss_roll(), 2, 0.15),
        (ds.manifolds.cube(5), 5, 0.15),
        (ds.manifolds.gaussian(10), 10, 0.2),
    ],
    ids=lambda m: getattr(m, "name", None),
)
def test_known_dimension(manifold, dimension, tolerance):
    estimate = ds.Geodesic().fit(manifold.sample(2000, rng=0)).estimate_
    assert estimate.value == pytest.approx(dimension, rel=tolerance)
    assert "1.3 to 4 times the true scatter" in " ".join(estimate.notes)


def test_the_scale_is_the_most_frequent_length():
    """A quarter of a great circle, which edges do not follow exactly."""
    estimate = ds.Geodesic(n_neighbors=10).fit(3 * sphere(2)).estimate_
    assert estimate.scale == pytest.approx(3 * np.pi / 2, rel=0.1)


def test_some_sources_stand_for_all():
    x = sphere(3)
    few, all_ = (ds.Geodesic(n_sources=n).fit(x).dimension_ for n in (300, 2000))
    assert few == pytest.approx(all_, rel=0.05)


@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e12])
def test_rotation_place_order_and_scale_do_not_matter(scale):
    rng = np.random.default_rng(0)
    x = sphere(3, 400)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    moved = scale * (rng.permutation(x) @ turn + 10)
    value = ds.Geodesic().fit(x).dimension_
    assert ds.Geodesic().fit(moved).dimension_ == pytest.approx(value, rel=1e-6)


def test_one_outlier_does_not_set_the_scale():
    x = sphere(3)
    value = ds.Geodesic().fit(x).dimension_
    away = np.concatenate([x, np.full((1, 4), 1e6)])
    assert ds.Geodesic().fit(away).dimension_ == pytest.approx(value, rel=0.1)


def test_a_graph_in_pieces_has_no_answer():
    pieces = np.concatenate([30 * i + sphere(2, 100, i) for i in range(5)])
    estimate = ds.Geodesic().fit(pieces).estimate_
    assert estimate.value is None
    assert estimate.n_samples == 100
    assert "Only 100 of 500 points are connected by 5 neighbours" in " ".join(estimate.notes)


@pytest.mark.parametrize("x", [sphere(10, 500), np.random.default_rng(0).random((500, 1))])
def test_paths_that_show_no_sphere_have_no_answer(x):
    """In 10 dimensions lengths bunch by their number of edges; on a line short ones are most."""
    estimate = ds.Geodesic(n_neighbors=15).fit(x).estimate_
    assert estimate.value is None
    assert "no single mode beyond those of one or a few edges" in " ".join(estimate.notes)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_neighbors": 0}, "n_neighbors=0 must be at least 1"),
        ({"n_bins": 9}, "n_bins=9 must be at least 10"),
        ({"n_sources": 0}, "n_sources=0 must be at least 1"),
        ({"n_neighbors": 9}, "geodesic needs 9 neighbours of each point, the graph has 8"),
    ],
)
def test_parameters_that_cannot_be_used(parameters, message):
    graph = ds.NeighborGraph.from_points(sphere(2, 50), 8)
    with pytest.raises(ds.InputError, match=message):
        ds.Geodesic(**parameters).estimate(graph)


def test_of_distances_alone():
    x = sphere(2, 400)
    far = np.linalg.norm(x[:, None] - x, axis=2)
    given = ds.Geodesic().estimate(ds.NeighborGraph.from_distances(far, 5))
    assert given.value == pytest.approx(ds.Geodesic().fit(x).dimension_, rel=1e-9)
