"""Curved sets against what is known of their laws and distances."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from laws import p_value
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

import dimscope as ds
from dimscope.manifolds import (
    flat_torus,
    periodic_distances,
    random_waves,
    sphere,
    sphere_product,
    swiss_roll,
)

N = 4000


@pytest.mark.statistical
@pytest.mark.parametrize("dimension", [1, 2, 7])
def test_spheres_are_uniform(dimension):
    x = sphere(dimension).sample(N, rng=0)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1)
    n = dimension + 1
    assert np.abs(x.mean(axis=0)).max() < 4.5 / np.sqrt(n * N)
    np.testing.assert_allclose(x.T @ x / N, np.eye(n) / n, atol=4.5 * np.sqrt(2) / n / np.sqrt(N))
    half = scipy.stats.beta(dimension / 2, dimension / 2)
    assert p_value((x[:, 0] + 1) / 2, half) > 1e-3
    assert p_value((x @ np.ones(n) / np.sqrt(n) + 1) / 2, half) > 1e-3


@pytest.mark.statistical
def test_a_product_of_spheres_is_the_spheres_side_by_side():
    x = sphere_product((1, 3)).sample(N, rng=0)
    for part in (x[:, :2], x[:, 2:]):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1)
    assert np.abs(x.T @ x / N - np.diag([1 / 2] * 2 + [1 / 4] * 4)).max() < 0.05


class TestFlatTorus:
    X = flat_torus(3).draw(np.random.default_rng(0), 200)
    DISTANCES = periodic_distances(X)

    def test_distances_are_a_metric(self):
        d = self.DISTANCES
        assert (np.diag(d) == 0).all()
        assert (d == d.T).all()
        assert (d[:, None, :] <= d[:, :, None] + d[None, :, :] + 1e-12).all()
        assert d.max() < np.sqrt(3) / 2

    def test_distances_are_those_of_a_periodic_tree(self):
        tree = cKDTree(self.X, boxsize=1.0)
        np.testing.assert_allclose(np.sort(self.DISTANCES), tree.query(self.X, 200)[0], atol=1e-12)

    def test_moving_all_points_changes_nothing(self):
        moved = periodic_distances(self.X + np.array([0.3, -5.2, 0.9]))
        np.testing.assert_allclose(moved, self.DISTANCES, atol=1e-12)

    def test_some_against_others(self):
        part = periodic_distances(self.X[:5], self.X[7:])
        assert (part == self.DISTANCES[:5, 7:]).all()

    def test_the_embedding_keeps_small_distances(self):
        """Chords fall short by less than (pi d)^2 / 6 of themselves."""
        chords = squareform(pdist(flat_torus(3).embed(self.X)))
        off = ~np.eye(200, dtype=bool)
        short = 1 - chords[off] / self.DISTANCES[off]
        assert (short >= -1e-12).all()
        assert (short <= (np.pi * self.DISTANCES[off]) ** 2 / 6).all()
        near = self.X + 1e-4 * np.random.default_rng(1).standard_normal(self.X.shape)
        exact = np.diag(periodic_distances(self.X, near))
        moved = np.linalg.norm(flat_torus(3).embed(self.X) - flat_torus(3).embed(near), axis=1)
        np.testing.assert_allclose(moved, exact, rtol=1e-6)

    @pytest.mark.statistical
    def test_nearest_neighbours_have_no_bias(self):
        """The mean of 40 draws is right to about 1 %."""
        rng = np.random.default_rng(0)
        values = []
        for _ in range(40):
            distances = periodic_distances(flat_torus(5).draw(rng, 500))
            graph = ds.NeighborGraph.from_distances(distances, 2)
            values.append(ds.TwoNNMLE().estimate(graph).value)
        assert np.mean(values) == pytest.approx(5, abs=3 * np.std(values) / np.sqrt(40))


@pytest.mark.statistical
def test_the_swiss_roll_is_a_spiral_times_a_segment():
    x, height, z = swiss_roll().sample(N, rng=0).T
    angle = np.hypot(x, z)
    assert p_value(angle, scipy.stats.uniform(1.5 * np.pi, 3 * np.pi)) > 1e-3
    assert p_value(height, scipy.stats.uniform(0, 21)) > 1e-3
    np.testing.assert_allclose(x, angle * np.cos(angle), atol=1e-12)


def test_random_waves_have_the_kernel_that_they_approach():
    manifold = random_waves(2, 20_000, length_scale=0.4)
    t = manifold.draw(np.random.default_rng(0), 30)
    expected = 2 - 2 * np.exp(-(pdist(t) ** 2) / (2 * 0.4**2))
    np.testing.assert_allclose(pdist(manifold.embed(t)) ** 2, expected, atol=0.08)
    assert (random_waves(2, 9, rng=1).embed(t) != random_waves(2, 9, rng=2).embed(t)).all()
