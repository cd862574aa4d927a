"""The correlation sum against all pairs, scikit-dimension, and known laws of distances."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import skdim
from scipy.spatial.distance import pdist, squareform

from dimscope import CorrelationDimension, CorrelationIntegral, InputError, NeighborGraph
from dimscope.manifolds import make_manifold, periodic_distances


def sphere(n=400, d=3, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d + 1))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def slope_over_all_pairs(x, k1, k2):
    distances = pdist(x)
    nearest = np.sort(squareform(distances), axis=1)  # the point itself is the 0-th
    r1, r2 = np.median(nearest[:, k1]), np.median(nearest[:, k2])
    c1, c2 = (distances <= r1).mean(), (distances <= r2).mean()
    return np.log(c2 / c1) / np.log(r2 / r1), r2


@pytest.mark.parametrize(("k1", "k2"), [(1, 2), (10, 20), (5, 60)])
@pytest.mark.parametrize("n", [400, 300])
def test_the_slope_is_that_over_all_pairs(k1, k2, n):
    """In the dense middle of these points many have more than k2 neighbours within the radius."""
    x = np.exp(2 * sphere(n))
    estimate = CorrelationIntegral(k1=k1, k2=k2).fit(x).estimate_
    want, radius = slope_over_all_pairs(x, k1, k2)
    graph = NeighborGraph.from_points(x, k2)
    assert (graph.distances[:, -1] < radius).mean() > 0.4
    assert estimate.value == pytest.approx(want, rel=1e-7)
    assert estimate.scale == pytest.approx(radius, rel=1e-7)
    assert (estimate.parameters["n1"], estimate.parameters["n2"]) == (k1, k2)


def test_scikit_dimension_agrees():
    # version 0.5.0: its shares are of N^2, which cancels; an even N, so that no pair is at the
    # median radius itself, where it counts those below only
    x = sphere()
    peer = skdim.id.CorrInt(k1=10, k2=20).fit(x).dimension_
    assert CorrelationIntegral().fit(x).dimension_ == pytest.approx(peer, rel=1e-7)


@pytest.mark.parametrize("dimension", [1, 2, 5, 10])
def test_the_slope_on_a_gaussian_is_that_of_the_chi_squared_law(dimension):
    """|x - y|^2 / 2 has the law of d degrees of freedom: its slope at these radii is known."""
    x = np.random.default_rng(dimension).normal(size=(1500, dimension))
    curve = CorrelationDimension().scan(NeighborGraph.from_points(x, 64))
    assert curve.n1.tolist() == [1, 2, 4, 8, 16, 32]
    radii = np.median(NeighborGraph.from_points(x, 64).distances_at([1, *curve.n2]), axis=0)
    shares = scipy.stats.chi2(dimension).cdf(radii**2 / 2)
    slopes = np.diff(np.log(shares)) / np.diff(np.log(radii))
    assert (np.abs(curve.values - slopes) < 3.5 * curve.stderrs).all()
    assert (curve.stderrs < 0.1 * slopes).all()


@pytest.mark.parametrize("name", ["sphere", "swiss_roll", "flat_torus", "sierpinski", "koch"])
def test_known_dimensions(name):
    manifold = make_manifold(name)
    graph = NeighborGraph.from_points(manifold.sample(2000, rng=0), 64)
    for estimator in (CorrelationIntegral(), CorrelationDimension()):
        assert estimator.estimate(graph).value == pytest.approx(manifold.dimension, rel=0.05)


def torus(rng, dimension):
    return NeighborGraph.from_distances(periodic_distances(rng.random((300, dimension))), 32)


def gaussian(rng, dimension):
    return NeighborGraph.from_points(rng.normal(size=(300, dimension)), 32)


def log_normal(rng, dimension):
    """A few dense regions hold most of the pairs."""
    return NeighborGraph.from_points(np.exp(rng.normal(size=(300, dimension))), 32)


@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize("make", [torus, gaussian, log_normal])
def test_the_error_is_the_scatter(make, dimension):
    """150 draws know a scatter to 6 % and a coverage of 95 % to 2 %."""
    rng = np.random.default_rng(dimension)
    graphs = [make(rng, dimension) for _ in range(150)]
    estimators = [CorrelationIntegral()]
    if make is torus:  # elsewhere the choice of the range scatters too
        estimators.append(CorrelationDimension(n_neighbors=32))
    for estimator in estimators:
        estimates = [estimator.estimate(graph) for graph in graphs]
        ratio = np.mean([e.stderr for e in estimates]) / np.std([e.value for e in estimates])
        assert 0.75 < ratio < 1.35
        if make is torus:
            covered = [e.interval[0] < dimension < e.interval[1] for e in estimates]
            assert np.mean(covered) > 0.9


class TestScalingRange:
    @staticmethod
    def noisy_line(n=1500):
        rng = np.random.default_rng(0)
        return rng.random((n, 1)) * np.eye(1, 5) + 1e-3 * rng.normal(size=(n, 5))

    def test_leaves_noise_out_where_the_line_shows(self):
        graph = NeighborGraph.from_points(self.noisy_line(), 512)
        estimate = CorrelationDimension(n_neighbors=512).estimate(graph)
        assert estimate.parameters["n1"] >= 8
        assert estimate.parameters["n2"] >= 128
        assert estimate.value == pytest.approx(1, abs=0.08)

    def test_is_all_scales_where_there_is_one_dimension(self):
        graph = torus(np.random.default_rng(0), 2)
        estimate = CorrelationDimension(n_neighbors=32).estimate(graph)
        assert (estimate.parameters["n1"], estimate.parameters["n2"]) == (1, 32)
        ends = CorrelationIntegral(k1=1, k2=32).estimate(graph)
        assert (estimate.value, estimate.stderr) == (ends.value, ends.stderr)

    def test_is_unknown_where_the_slope_changes_at_every_step(self):
        graph = NeighborGraph.from_points(self.noisy_line(), 16)
        estimate = CorrelationDimension(n_neighbors=16).estimate(graph)
        assert estimate.value is estimate.stderr is estimate.interval is None
        assert "there is no scaling range" in estimate.notes[-1]
        assert str(estimate) == "correlation_dimension: unknown (N = 1500)"


class TestLocal:
    def test_is_the_slope_of_each_point_s_own_counts(self):
        x = np.exp(2 * sphere(300))
        distances = squareform(pdist(x))
        r1, r2 = np.median(np.sort(distances, axis=1)[:, [10, 20]], axis=0) * (1 + 1e-9)
        inner, outer = ((distances <= r).sum(axis=1) - 1 for r in (r1, r2))
        known = (inner > 0) & (inner < outer)
        assert 0 < known.sum() < 300
        found = CorrelationIntegral().estimate_local(NeighborGraph.from_points(x, 20))
        want = np.log(outer[known] / inner[known]) / np.log(r2 / r1)
        np.testing.assert_allclose(found.values[known], want, rtol=1e-7)
        assert np.isnan(found.values[~known]).all()
        assert found.n_neighbors == 20

    @pytest.mark.parametrize("dimension", [1, 2, 5])
    def test_is_right_on_a_torus_but_for_its_bias(self, dimension):
        """Given the neighbours within r2, those within r1 are trials of chance (r1 / r2)^d."""
        rng = np.random.default_rng(dimension)
        values = [
            CorrelationIntegral().estimate_local(torus(rng, dimension)).values for _ in range(50)
        ]
        bias = (1 / 10 - 1 / 20) / (2 * np.log(2))  # of d: the radii are ln(2) / d apart
        assert np.isnan(values).mean() < 0.005
        assert np.nanmean(values) == pytest.approx(dimension * (1 + bias), rel=0.025)

    def test_tells_a_line_from_a_plane(self):
        pieces = make_manifold("line_disk_ball")
        x, dimensions = pieces.sample_local(1500, rng=0)
        local = CorrelationIntegral().estimate_local(NeighborGraph.from_points(x, 20)).values
        medians = [np.nanmedian(local[dimensions == d]) for d in (1, 2)]
        assert medians == pytest.approx([1, 2], rel=0.15)


class TestScan:
    def test_is_an_integral_at_every_step(self):
        graph = NeighborGraph.from_points(sphere(), 32)
        curve = CorrelationDimension().scan(graph)
        assert curve.n2.tolist() == [2, 4, 8, 16, 32]
        for at, n1 in enumerate(curve.n1.tolist()):
            estimate = CorrelationIntegral(k1=n1, k2=2 * n1).estimate(graph)
            assert curve.values[at] == estimate.value
            assert curve.stderrs[at] == estimate.stderr
            assert curve.scales[at] == estimate.scale

    def test_goes_on_to_half_of_all_points(self):
        x = sphere()
        far = CorrelationDimension().scan(NeighborGraph.from_points(x, 4), 200)
        near = CorrelationDimension().scan(NeighborGraph.from_points(x, 200))
        assert far.n2[-1] == 128
        np.testing.assert_allclose(far.values, near.values, rtol=1e-9)


def test_lists_that_were_given_must_hold_all_pairs():
    graph = NeighborGraph.from_points(sphere(), 20)
    given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
    with pytest.raises(InputError, match="all their 20 given neighbours within"):
        CorrelationIntegral().estimate(given)
    few = CorrelationIntegral(k1=2, k2=4)
    assert few.estimate(given).value == few.estimate(graph).value
