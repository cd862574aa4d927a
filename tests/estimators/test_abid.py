"""ABID written out, against closed forms, and where it is known to fail."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dimscope as ds

K = 12


def cosines(x, graph, i):
    vectors = [x[j] - x[i] for j in graph.indices[i, :K]]
    return [
        np.dot(a, b) / math.sqrt(np.dot(a, a) * np.dot(b, b))
        for n, a in enumerate(vectors)
        for m, b in enumerate(vectors)
        if n != m
    ]


def test_is_the_inverse_mean_of_squared_cosines():
    x = np.random.default_rng(0).normal(size=(80, 5))
    graph = ds.NeighborGraph.from_points(x, K)
    means = [np.mean(np.square(cosines(x, graph, i))) for i in range(len(x))]
    abid = ds.ABID(n_neighbors=K)
    np.testing.assert_allclose(abid.estimate_local(graph).values, 1 / np.array(means), rtol=1e-10)
    estimate = abid.estimate(graph)
    assert estimate.value == pytest.approx(1 / np.mean(means))
    assert (estimate.stderr, estimate.interval) == (None, None)


def test_a_simplex_has_angles_of_60_degrees():
    assert ds.ABID(n_neighbors=K).fit(np.eye(30)).dimension_ == pytest.approx(4)


def test_the_corners_of_a_cube_see_right_angles_only():
    corners = np.stack(np.meshgrid([0.0, 1], [0.0, 1], [0.0, 1]), -1).reshape(-1, 3)
    with pytest.raises(ds.InputError, match="none of 8 neighbourhoods of 3 points has a dimensio"):
        ds.ABID(n_neighbors=3).fit(corners)


def test_a_square_lattice_has_right_angles():
    """Of the 12 pairs of 4 neighbours 8 are at right angles and 4 opposite."""
    lattice = np.stack(np.meshgrid(np.arange(15.0), np.arange(15.0)), -1).reshape(-1, 2)
    local = ds.ABID(n_neighbors=4).estimate_local(ds.NeighborGraph.from_points(lattice, 4))
    inside = ((lattice > 0) & (lattice < 14)).all(axis=1)
    np.testing.assert_allclose(local.values[inside], 3)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("manifold", "dimension", "tolerance"),
    [
        (ds.manifolds.cube(1, 4), 1, 1e-9),
        (ds.manifolds.sphere(2), 2, 0.03),
        (ds.manifolds.swiss_roll(), 2, 0.03),
        (ds.manifolds.sphere(10), 10, 0.12),  # curved at the distance of neighbours
        (ds.manifolds.cube(5), 5, 0.08),  # edges
    ],
    ids=lambda m: getattr(m, "name", None),
)
def test_known_dimension(manifold, dimension, tolerance):
    found = ds.ABID(n_neighbors=10).fit(manifold.sample(2000, rng=0)).dimension_
    assert found == pytest.approx(dimension, rel=tolerance)


@pytest.mark.statistical
def test_in_many_dimensions_the_density_slopes_at_every_point():
    x = np.random.default_rng(0).normal(size=(2000, 20))
    assert ds.ABID().fit(x).dimension_ < 7
