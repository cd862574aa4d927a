"""Flat and curved sets against what is known of their laws and distances."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist, squareform

import dimscope as ds
from dimscope.manifolds import (
    affine_image,
    ball,
    bumps,
    cube,
    embed_linearly,
    flat_torus,
    lattice,
    log_normal,
    moving_pattern,
    periodic_distances,
    random_waves,
    rotations,
    segre,
    sphere,
    sphere_product,
    stiefel,
    student_t,
    swiss_roll,
    veronese,
)

N = 4000


def p_value(values, law):
    return scipy.stats.kstest(values, law.cdf).pvalue


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


def test_a_product_of_spheres_is_the_spheres_side_by_side():
    x = sphere_product((1, 3)).sample(N, rng=0)
    for part in (x[:, :2], x[:, 2:]):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1)
    assert np.abs(x.T @ x / N - np.diag([1 / 2] * 2 + [1 / 4] * 4)).max() < 0.05


@pytest.mark.parametrize("concentration", [0.5, 1.0, 4.0])
def test_ball_radii(concentration):
    radii = np.linalg.norm(ball(3, concentration=concentration).sample(N, rng=0), axis=1)
    assert p_value(radii ** (3 / concentration), scipy.stats.uniform()) > 1e-3


def test_tails():
    x = student_t(4, degrees_of_freedom=2.5).sample(N, rng=0)
    assert p_value((x**2).mean(axis=1), scipy.stats.f(4, 2.5)) > 1e-3
    logs = np.log(log_normal(2, spread=1.5).sample(N, rng=0))
    assert p_value(logs.ravel(), scipy.stats.norm(scale=1.5)) > 1e-3


def test_a_lattice_has_every_point_equally_often():
    x = lattice(2, size=5).sample(N, rng=0)
    counts = np.unique(x, axis=0, return_counts=True)[1]
    assert counts.shape == (25,)
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    assert set(x.ravel()) == {0, 1, 2, 3, 4}


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


def test_the_swiss_roll_is_a_spiral_times_a_segment():
    x, height, z = swiss_roll().sample(N, rng=0).T
    angle = np.hypot(x, z)
    assert p_value(angle, scipy.stats.uniform(1.5 * np.pi, 3 * np.pi)) > 1e-3
    assert p_value(height, scipy.stats.uniform(0, 21)) > 1e-3
    np.testing.assert_allclose(x, angle * np.cos(angle), atol=1e-12)


def test_projective_distances_are_those_of_matrices():
    manifold = veronese(3)
    t = manifold.draw(np.random.default_rng(0), 50)
    v = t / np.linalg.norm(t, axis=1, keepdims=True)
    expected = np.sqrt(np.maximum(0, 2 - 2 * (v @ v.T) ** 2))
    np.testing.assert_allclose(squareform(pdist(manifold.embed(t))), expected, atol=1e-7)
    np.testing.assert_allclose(manifold.embed(t), manifold.embed(-t))


def test_segre_matrices_have_rank_one():
    values = np.linalg.svd(segre(2, 3).sample(50, rng=0).reshape(50, 3, 4), compute_uv=False)
    np.testing.assert_allclose(values[:, 0], 1)
    assert values[:, 1].max() < 1e-12


@pytest.mark.statistical
def test_stiefel_frames_are_orthonormal_and_uniform():
    q = stiefel(4, 2).sample(N, rng=0).reshape(N, 4, 2)
    gram = q.swapaxes(1, 2) @ q
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(2), gram.shape), atol=1e-12)
    for i, j in np.ndindex(4, 2):
        assert p_value((q[:, i, j] + 1) / 2, scipy.stats.beta(1.5, 1.5)) > 1e-3


@pytest.mark.statistical
@pytest.mark.parametrize("size", [2, 3, 4])
def test_rotations_are_rotations_and_uniform(size):
    manifold = rotations(size)
    r = manifold.sample(N, rng=0).reshape(N, size, size)
    np.testing.assert_allclose(np.linalg.det(r), 1)
    gram = r.swapaxes(1, 2) @ r
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(size), gram.shape), atol=1e-12)
    traces = np.trace(r, axis1=1, axis2=2)
    # of SO(n): the mean of the trace is 0, of its square 1, and 2 for n = 2
    assert abs(traces.mean()) < 4 * traces.std() / np.sqrt(N)
    assert (traces**2).mean() == pytest.approx(2 if size == 2 else 1, rel=0.1)
    assert np.linalg.matrix_rank(r.reshape(N, -1)) == manifold.linear_dimension


def test_random_waves_have_the_kernel_that_they_approach():
    manifold = random_waves(2, 20_000, length_scale=0.4)
    t = manifold.draw(np.random.default_rng(0), 30)
    expected = 2 - 2 * np.exp(-(pdist(t) ** 2) / (2 * 0.4**2))
    np.testing.assert_allclose(pdist(manifold.embed(t)) ** 2, expected, atol=0.08)
    assert (random_waves(2, 9, rng=1).embed(t) != random_waves(2, 9, rng=2).embed(t)).all()


class TestImages:
    def test_a_shift_by_a_pixel_moves_the_image(self):
        manifold = moving_pattern(2, 41)
        still, right, down = manifold.embed(np.array([[0, 0], [0.05, 0], [0, 0.05]])).reshape(
            3, 41, 41
        )
        np.testing.assert_allclose(right[:, 1:], still[:, :-1], atol=1e-12)
        np.testing.assert_allclose(down[1:], still[:-1], atol=1e-12)

    def test_a_quarter_turn_turns_the_image(self):
        still, turned = moving_pattern(3, 20).embed(np.array([[0, 0, 0], [0, 0, np.pi / 2]]))
        turned = turned.reshape(20, 20)
        np.testing.assert_allclose(turned, np.rot90(still.reshape(20, 20), -1), atol=1e-12)

    def test_a_scale_spreads_it(self):
        """Twice as large, every second pixel of an image around the centre is a pixel of it."""
        still, large = moving_pattern(4, 21).embed(np.array([[0, 0, 0, 0], [0, 0, 0, np.log(2)]]))
        large = large.reshape(21, 21)[::2, ::2]
        np.testing.assert_allclose(large, still.reshape(21, 21)[5:16, 5:16], atol=1e-12)

    def test_bumps_add_up_in_any_order(self):
        first, second = [0.2, -0.3, 0.2], [-0.5, 0.1, 0.3]
        both = bumps(2).embed(np.array([first + second, second + first]))
        np.testing.assert_allclose(both[0], both[1])
        np.testing.assert_allclose(both[0], bumps(1).embed(np.array([first, second])).sum(axis=0))


class TestOperations:
    def test_a_linear_embedding_keeps_distances(self):
        flat, large = cube(3), embed_linearly(cube(3), 12)
        assert (large.ambient_dimension, large.linear_dimension, large.dimension) == (12, 3, 3)
        np.testing.assert_allclose(pdist(large.sample(50, rng=0)), pdist(flat.sample(50, rng=0)))
        assert embed_linearly(flat, None) is embed_linearly(flat, 3) is flat

    def test_an_affine_image(self):
        image = affine_image(cube(2), [[1, 0], [0, 2], [1, 1]], [5, 0, 0])
        x, y = cube(2).sample(20, rng=0).T
        np.testing.assert_allclose(image.sample(20, rng=0), np.stack([x + 5, 2 * y, x + y], axis=1))

    @pytest.mark.parametrize(
        ("matrix", "message"),
        [
            (np.eye(3), r"needs a matrix of 2 columns, got shape \(3, 3\)"),
            ([1, 2], r"needs a matrix of 2 columns, got shape \(2,\)"),
            ([[1, 1], [2, 2]], "the 2 columns of the matrix are not independent"),
        ],
    )
    def test_an_image_that_would_lose_dimensions_is_refused(self, matrix, message):
        with pytest.raises(ds.InputError, match=message):
            affine_image(cube(2), matrix)

    @pytest.mark.statistical
    def test_noise_is_isotropic_and_added_last(self):
        noisy = sphere(2, 6).with_noise(0.3)
        assert (noisy.dimension, noisy.linear_dimension) == (2, 3)
        error = noisy.sample(N, rng=0) - sphere(2, 6).sample(N, rng=0)
        assert np.abs(np.cov(error.T) - 0.09 * np.eye(6)).max() < 0.01
        assert (noisy.with_noise(0).sample(9, rng=0) == sphere(2, 6).sample(9, rng=0)).all()

    @pytest.mark.parametrize("noise", [-0.1, np.nan, np.inf])
    def test_noise_must_be_a_length(self, noise):
        with pytest.raises(ds.InputError, match=f"standard_deviation={noise} must be 0 or more"):
            cube().with_noise(noise)
