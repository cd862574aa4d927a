"""Hidalgo: its sampler against an enumeration, and unions whose dimensions are known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import dimscope as ds
from dimscope import Hidalgo, NeighborGraph
from dimscope.manifolds import gaussian, gaussians, line_disk_ball

RNG = np.random.default_rng(0)


def small_graph(n=9, k=3):
    return NeighborGraph.from_points(np.random.default_rng(3).normal(size=(n, 2)) ** 3, k)


def coherence(labels, near, zeta):
    """Probability of the neighbours' manifolds, by choosing q of the others in all ways."""
    n, q = near.shape
    product = 1.0
    for i, label in enumerate(labels):
        same = sum(labels[j] == label for j in near[i])
        others = [labels[j] == label for j in range(n) if j != i]
        total = sum(
            zeta ** sum(chosen) * (1 - zeta) ** (q - sum(chosen))
            for chosen in itertools.combinations(others, q)
        )
        product *= zeta**same * (1 - zeta) ** (q - same) / total
    return product


@pytest.mark.statistical
@pytest.mark.parametrize(("q", "zeta", "n_manifolds"), [(3, 0.8, 2), (2, 0.6, 3)])
def test_the_sampler_draws_from_the_posterior(q, zeta, n_manifolds):
    """All labels of few points are weighed, dimensions and shares integrated by hand.

    Long chains know a posterior mean to about 2 %.
    """
    n = 9 if n_manifolds == 2 else 7
    graph = small_graph(n, max(q, 2))
    near = graph.indices[:, :q]
    log_mu = np.log(graph.distances[:, 1] / graph.distances[:, 0])
    total, local = 0.0, np.zeros(n)
    for labels in itertools.product(range(n_manifolds), repeat=n):
        z = np.array(labels)
        counts = np.bincount(z, minlength=n_manifolds)
        sums = np.bincount(z, weights=log_mu, minlength=n_manifolds)
        # Dirichlet(1) shares, and Gamma(1, 1) dimensions under the Pareto law
        weight = np.prod([math.factorial(m) for m in counts])
        weight *= np.prod(
            [math.factorial(m) / (1 + s) ** (1 + m) for m, s in zip(counts, sums, strict=True)]
        )
        weight *= coherence(labels, near, zeta)
        total += weight
        local += weight * ((1 + counts) / (1 + sums))[z]
    sampled = Hidalgo(
        n_manifolds=n_manifolds, q=q, zeta=zeta, n_sweeps=30_000, n_chains=1
    ).estimate_local(graph)
    np.testing.assert_allclose(sampled.values, local / total, rtol=0.05)


class TestKnownDimensions:
    def test_a_line_a_disk_and_a_ball(self):
        x, dimension = line_disk_ball().sample_local(1500, rng=0)
        graph = NeighborGraph.from_points(x, 3)
        mixture = Hidalgo(n_manifolds=3).mixture(graph)
        np.testing.assert_allclose(mixture.dimensions, [1, 2, 3], rtol=0.15)
        np.testing.assert_allclose(mixture.shares, 1 / 3, atol=0.06)
        np.testing.assert_allclose(mixture.memberships.sum(axis=1), 1)
        right = mixture.memberships.argmax(axis=1) + 1 == dimension
        assert right.mean() > 0.65  # the laws of 2 and 3 overlap, and by chance it is a third
        local = Hidalgo(n_manifolds=3).estimate_local(graph).values
        assert local.tolist() == mixture.local_dimensions.tolist()
        for d in (1, 2, 3):
            assert np.median(local[dimension == d]) == pytest.approx(d, rel=0.15)

    @pytest.mark.statistical
    def test_planes_of_three_dimensions(self):
        """Edges lower the dimension of a Gaussian in 9, by TwoNN alone to some 8.3."""
        x, dimension = gaussians((1, 4, 9)).sample_local(1200, rng=0)
        mixture = Hidalgo(n_manifolds=3).mixture(NeighborGraph.from_points(x, 3))
        np.testing.assert_allclose(mixture.dimensions, [1, 4, 9], rtol=0.15)
        truth = np.searchsorted([1, 4, 9], dimension)
        assert (mixture.memberships.argmax(axis=1) == truth).mean() > 0.9

    def test_one_manifold_is_two_nn(self):
        x = gaussian(4).sample(800, rng=0)
        graph = NeighborGraph.from_points(x, 3)
        one = Hidalgo(n_manifolds=1).estimate(graph)
        # a prior of weight 1 against 800 ratios, and the noise of 500 draws
        assert one.value == pytest.approx(ds.TwoNNMLE().estimate(graph).value, rel=0.01)
        spread = Hidalgo(n_manifolds=1).mixture(graph).spreads[0]
        assert spread == pytest.approx(one.value / math.sqrt(800), rel=0.15)
        split = Hidalgo(n_manifolds=2).mixture(graph)
        assert np.mean(1 / split.local_dimensions) == pytest.approx(1 / one.value, rel=0.03)

    def test_the_summary_names_the_manifolds(self):
        x = gaussians((1, 5)).sample(600, rng=0)
        estimate = Hidalgo().fit(x).estimate_
        assert estimate.value == pytest.approx(3, rel=0.15)
        assert estimate.stderr is None
        assert estimate.notes[-1].startswith("Dimensions and their shares of the points: ")
        assert estimate.notes[-1].count("±") == 2

    def test_far_outliers_take_nothing_away(self):
        x, dimension = gaussians((1, 5)).sample_local(600, rng=0)
        x = np.concatenate([x, [np.full(5, 1e6)]])
        local = Hidalgo().estimate_local(NeighborGraph.from_points(x, 3)).values[:-1]
        assert np.median(local[dimension == 1]) == pytest.approx(1, rel=0.15)
        assert np.median(local[dimension == 5]) == pytest.approx(5, rel=0.15)


class TestInvariance:
    X = gaussians((1, 4)).sample(300, rng=1)
    QUICK = Hidalgo(n_sweeps=200, n_chains=2)

    def local(self, x):
        return self.QUICK.estimate_local(NeighborGraph.from_points(x, 3)).values

    @pytest.mark.parametrize("scale", [1e-12, 1e12])
    def test_scale(self, scale):
        np.testing.assert_allclose(self.local(scale * self.X), self.local(self.X), rtol=1e-7)

    def test_rotation_and_translation(self):
        rng = np.random.default_rng(0)
        turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
        moved = self.X @ turn + 100 * rng.normal(size=4)
        np.testing.assert_allclose(self.local(moved), self.local(self.X), rtol=1e-7)

    def test_order(self):
        """Another order is another chain, of the same posterior."""
        order = np.random.default_rng(0).permutation(300)
        one, other = self.local(self.X)[order], self.local(self.X[order])
        assert np.median(np.abs(one / other - 1)) < 0.1

    def test_seed(self):
        graph = NeighborGraph.from_points(self.X, 3)
        assert self.QUICK.estimate(graph) == self.QUICK.estimate(graph)
        other = Hidalgo(n_sweeps=200, n_chains=2, rng=1).estimate(graph)
        assert other.value != self.QUICK.estimate(graph).value
        assert other.value == pytest.approx(self.QUICK.estimate(graph).value, rel=0.1)


def test_points_without_a_ratio_go_with_their_neighbours():
    x, dimension = gaussians((1, 5)).sample_local(400, rng=0)
    twins = np.flatnonzero(dimension == 5)[:20]
    graph = NeighborGraph.from_points(np.concatenate([x, x[twins]]), 3, duplicates="keep")
    estimate, local = Hidalgo().estimate(graph), Hidalgo().estimate_local(graph).values
    assert estimate.n_samples == 400 - 20
    assert any("40 of 420 points with r_1 = 0" in note for note in estimate.notes)
    assert np.median(local[400:]) == pytest.approx(5, rel=0.25)


def test_distances_alone_are_enough():
    graph = NeighborGraph.from_points(TestInvariance.X, 3)
    given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
    assert Hidalgo(n_sweeps=50).estimate(given).value == Hidalgo(n_sweeps=50).estimate(graph).value


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Hidalgo(n_manifolds=0), "n_manifolds=0 must be at least 1"),
        (Hidalgo(q=0), "q=0 must be at least 1"),
        (Hidalgo(n_sweeps=1), "n_sweeps=1 must be at least 2"),
        (Hidalgo(n_chains=0), "n_chains=0 must be at least 1"),
        (Hidalgo(zeta=0.5), "zeta=0.5 must lie between 0.5 and 1"),
        (Hidalgo(zeta=1.0), "zeta=1.0 must lie between 0.5 and 1"),
        (Hidalgo(q=4), "hidalgo needs 4 neighbours of each point, the graph has 3"),
    ],
)
def test_parameters_out_of_range(estimator, message):
    with pytest.raises(ds.InputError, match=message):
        estimator.estimate(small_graph())
