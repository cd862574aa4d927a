"""I3D: volumes of lattices by enumeration, its likelihood, DADApy, and known lattices."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
from known_points import LEVELS, l1_distances

import dimscope as ds
from dimscope import I3D, NeighborGraph
from dimscope.estimators.i3d import _lattice_dimension, _log_sites


class TestLatticeVolumes:
    @pytest.mark.parametrize("dimension", [1, 2, 3])
    @pytest.mark.parametrize("radius", [0, 1, 2, 5])
    def test_are_the_sites_that_can_be_counted(self, dimension, radius):
        axis = range(-radius, radius + 1)
        sites = sum(
            sum(map(abs, site)) <= radius for site in itertools.product(axis, repeat=dimension)
        )
        assert math.exp(_log_sites(radius, dimension)) == pytest.approx(sites, rel=1e-12)

    @pytest.mark.parametrize("d", [0.0, 0.7, 2.5, 40.3])
    def test_are_the_polynomial_between_whole_dimensions(self, d):
        falling = np.cumprod([1, *(d - np.arange(6))])  # C(d, j) j!
        known = sum(2**j * math.comb(6, j) * falling[j] / math.factorial(j) for j in range(7))
        assert math.exp(_log_sites(6, d)) == pytest.approx(known, rel=1e-10)

    def test_of_large_radii_do_not_overflow(self):
        ratio = _log_sites(10_000, 3.0) - _log_sites(5_000, 3.0)
        assert ratio == pytest.approx(3 * math.log(2), abs=1e-3)


class TestI3D:
    def test_is_the_maximum_of_the_binomial_likelihood(self):
        distances = l1_distances(LEVELS)
        n, k = (distances <= 2).sum(), (distances <= 5).sum()

        def loss(d):
            p = math.exp(_log_sites(2, d) - _log_sites(5, d))
            return -(n * math.log(p) + (k - n) * math.log(1 - p))

        best = scipy.optimize.minimize_scalar(loss, bounds=(0.5, 10), method="bounded").x
        estimate = I3D(outer=5, inner=2).fit(LEVELS).estimate_
        assert estimate.value == pytest.approx(best, rel=1e-5)
        step = 1e-3
        information = (loss(best + step) + loss(best - step) - 2 * loss(best)) / step**2
        assert estimate.stderr == pytest.approx(information**-0.5, rel=1e-3)
        assert estimate.scale == 5
        assert estimate.parameters["t1"], estimate.parameters["t2"] == (2, 5)

    def test_dadapy_agrees(self):
        """The value in DADApy's own test: the first 100 of 500 points in a periodic box."""
        x = np.random.default_rng(12345).integers(0, 20, size=(500, 5))
        apart = np.abs(x[:100, None] - x[None])
        distances = np.minimum(apart, 20 - apart).sum(axis=-1)
        n, k = (int((distances <= t).sum()) - 100 for t in (5, 10))  # without the points themselves
        assert _lattice_dimension(n, k, 5, 10)[0] == pytest.approx(4.932003306470967, rel=1e-6)

    @pytest.mark.statistical
    @pytest.mark.parametrize(
        ("dimension", "sides", "radius"), [(1, 1000, 20), (2, 40, 6), (4, 12, 4)]
    )
    def test_recovers_the_dimension_and_its_scatter_without_edges(self, dimension, sides, radius):
        """Uniform on a lattice whose opposite faces are glued; 200 draws know a scatter to 5 %."""
        rng = np.random.default_rng(dimension)
        first, second = np.triu_indices(200, 1)
        fits = []
        for _ in range(200):
            x = rng.integers(0, sides, size=(200, dimension))
            apart = np.abs(x[first] - x[second])
            distances = np.minimum(apart, sides - apart).sum(axis=1)
            n, k = (int((distances <= t).sum()) for t in (radius // 2, radius))
            fits.append(_lattice_dimension(n, k, radius // 2, radius))
        values, errors = np.array(fits).T
        assert abs(values.mean() - dimension) < 4 * values.std() / math.sqrt(200) + 0.02
        assert 0.8 < errors.mean() / values.std(ddof=1) < 1.25
        assert 0.9 < (np.abs(values - dimension) < 1.96 * errors).mean() < 0.99

    @pytest.mark.statistical
    @pytest.mark.parametrize(("dimension", "tolerance"), [(1, 0.03), (2, 0.08), (4, 0.15)])
    def test_recovers_the_dimension_of_a_lattice_with_edges(self, dimension, tolerance):
        """Edges lower it: a share of about radius / side of the points is near each face."""
        sides = {1: 3000, 2: 60, 4: 14}[dimension]
        x = np.random.default_rng(0).integers(0, sides, size=(800, dimension))
        wide = np.hstack([x, np.zeros((800, 3), dtype=int)])
        estimate = ds.estimate(wide, "i3d")
        assert dimension * (1 - tolerance) - 0.1 < estimate.value < dimension + 0.1

    def test_continuous_estimators_fail_where_it_does_not(self):
        """Most points have their neighbours on the next sites; this is what I3D is for."""
        x = np.random.default_rng(0).integers(0, 25, size=(1000, 2))
        assert ds.estimate(x, "i3d").value == pytest.approx(2, abs=0.25)
        with pytest.raises(ds.InputError, match=r"evenly spaced|in 2 features"):
            ds.estimate(x, "two_nn_mle")

    def test_copies_of_a_point_count(self):
        x = np.random.default_rng(0).integers(0, 15, size=(400, 2))
        assert len(np.unique(x, axis=0)) < 250
        estimate = I3D(outer=4).fit(x).estimate_
        assert (estimate.n_samples, estimate.n_duplicates) == (400, 0)
        assert "rows that repeat another row were counted as well" in estimate.notes[0]
        kept = NeighborGraph.from_points(x, 1, duplicates="keep")
        assert I3D(outer=4).estimate(kept).value == estimate.value
        alone = I3D(outer=4).fit(np.unique(x, axis=0)).dimension_
        assert alone != pytest.approx(estimate.value, rel=0.02)

    def test_a_scan_is_an_estimate_at_every_power_of_two(self):
        graph = NeighborGraph.from_points(LEVELS, 1)
        curve = I3D().scan(graph)
        assert curve.scales.tolist() == [2, 4, 8, 16, 32]
        for scale, value in zip(curve.scales[:3], curve.values, strict=False):
            assert value == I3D(outer=int(scale)).estimate(graph).value
        distances = l1_distances(LEVELS)
        assert curve.n2[1] == round(2 * (distances <= 4).sum() / len(LEVELS))
        assert np.isfinite(curve.values).all()

    @pytest.mark.parametrize(
        ("x", "estimator", "message"),
        [
            (LEVELS + 0.5, I3D(), r"i3d needs integers, .* and the data hold \d+.5:"),
            (LEVELS / 10, I3D(), "divide by their spacing, or use 'binomial'"),
            (LEVELS * 10**7, I3D(), "on a lattice so fine the data are continuous"),
            (LEVELS, I3D(outer=3, inner=3), "inner=3 must lie between 0 and outer - 1 = 2"),
            (LEVELS, I3D(outer=3, inner=-1), "inner=-1 must lie"),
            (LEVELS, I3D(outer=0), "inner=0 must lie between 0 and outer - 1 = -1"),
            (LEVELS * 100, I3D(outer=3), "there is no dimension to see at this scale"),
        ],
    )
    def test_what_it_refuses(self, x, estimator, message):
        with pytest.raises(ds.InputError, match=message):
            estimator.fit(x)

    def test_an_outlier_changes_little(self):
        x = LEVELS.copy()
        x[0] = 10**6
        assert I3D().fit(x).dimension_ == pytest.approx(I3D().fit(LEVELS).dimension_, rel=0.03)
