"""I3D, BID and the binomial estimator: the laws they fit, by enumeration and by simulation."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from dimscope.estimators.discrete import _lattice_dimension, _log_sites, _pair_counts
from sklearn.base import clone

import dimscope as ds
from dimscope import BID, I3D, Binomial, NeighborGraph

RNG = np.random.default_rng(0)
LEVELS = RNG.integers(0, 12, size=(400, 3))
BITS = RNG.integers(0, 2, size=(400, 20))


def l1_distances(x):
    return np.array([np.abs(a - b).sum() for a, b in itertools.combinations(x, 2)])


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
        assert ds.estimate(x, "two_nn_mle").value > 20

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


class TestBID:
    def test_is_the_nearest_law(self):
        distances = l1_distances(BITS)
        counts = np.bincount(distances)
        r = np.arange(1, len(counts))[counts[1:] > 0]
        held = np.cumsum(counts) / counts.sum()
        r = np.array([v for v in np.flatnonzero(counts) if held[v] <= 0.2])
        empirical = counts[r] / counts[r].sum()

        def divergence(parameters):
            d = parameters[0] + parameters[1] * r
            law = [
                math.gamma(a + 1) / math.gamma(b + 1) / math.gamma(a - b + 1) / 2**a
                for a, b in zip(d, r, strict=True)
            ]
            return (empirical * np.log(empirical / (np.array(law) / sum(law)))).sum()

        value = BID().fit(BITS).dimension_
        slopes = np.linspace(-0.5, 0.5, 2001)
        own = min(divergence([value, slope]) for slope in slopes)
        for other in (value - 0.3, value + 0.3):
            assert own < min(divergence([other, slope]) for slope in slopes)

    @pytest.mark.parametrize("n_bits", [10, 40, 150])
    def test_counts_independent_bits(self, n_bits):
        """Four draws of this size scatter by at most 3 % (ten bits), their mean by half."""
        rng = np.random.default_rng(0)
        values = [BID().fit(rng.integers(0, 2, size=(600, n_bits))).dimension_ for _ in range(4)]
        assert np.mean(values) == pytest.approx(n_bits, rel=0.04)

    def test_dependent_bits_count_less(self):
        rng = np.random.default_rng(0)
        bits = rng.integers(0, 2, size=(600, 60))
        values = []
        for flipped in (0.5, 0.2, 0.05):
            bits[:, 30:] = bits[:, :30] ^ (rng.random((600, 30)) < flipped)
            values.append(BID().fit(bits).dimension_)
        assert 62 > values[0] > 1.1 * values[1] > 1.2 * values[2]

    def test_sees_only_which_bits_differ(self):
        rng = np.random.default_rng(1)
        value = BID().fit(BITS).dimension_
        flipped = BITS ^ rng.integers(0, 2, size=20)
        order = rng.permutation(20)
        wide = np.hstack([flipped[:, order], np.ones((400, 7), dtype=int)])
        for same in (flipped, wide, 2 * BITS - 1, -3.5 * BITS, BITS.astype(bool), BITS[::-1]):
            assert BID().fit(same).dimension_ == pytest.approx(value, rel=1e-6)

    @pytest.mark.parametrize(
        ("x", "estimator", "message"),
        [
            (LEVELS, BID(), "bid needs data of two values, and these hold 0, "),
            (BITS, BID(share=0.0), "share=0.0 must lie between 0 and 1"),
            (BITS[:, :3], BID(), "hold distances of 1 lengths, at least 3 are needed"),
        ],
    )
    def test_what_it_refuses(self, x, estimator, message):
        with pytest.raises(ds.InputError, match=message):
            estimator.fit(x)


@pytest.mark.parametrize(("estimator", "x"), [(I3D(), LEVELS), (BID(), BITS)], ids=["i3d", "bid"])
class TestBoth:
    def test_have_what_every_estimator_has(self, estimator, x):
        fitted = clone(estimator).fit(x)
        estimate = fitted.estimate_
        assert clone(fitted) == estimator
        assert fitted.dimension_ == ds.estimate(x, estimator).value == estimate.value > 0
        assert estimator.get_params().items() <= estimate.parameters.items()
        fields = estimate.to_dict()
        assert json.loads(json.dumps(fields, allow_nan=False)) == fields

    def test_do_not_depend_on_the_order_or_on_the_type(self, estimator, x):
        value = clone(estimator).fit(x).dimension_
        shuffled = np.random.default_rng(0).permutation(x)
        for same in (shuffled, x.astype(np.float32), x + 1000, x.astype(np.uint8)):
            assert clone(estimator).fit(same).dimension_ == pytest.approx(value, rel=1e-9)

    def test_need_the_points(self, estimator, x):
        graph = NeighborGraph.from_points(x, 3)
        given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
        with pytest.raises(ds.InputError, match=f"{estimator.name} needs the points themselves"):
            estimator.estimate(given)

    def test_refuse_a_constant(self, estimator, x):
        with pytest.raises(ds.InputError, match="all 9 rows are equal"):
            clone(estimator).fit(np.ones((9, 3)))

    def test_count_all_pairs_once(self, estimator, x):
        counts = _pair_counts(x.astype(np.float64))
        assert counts.tolist() == np.bincount(l1_distances(x), minlength=len(counts)).tolist()


def torus(dimension, seed, n=1500):
    points = ds.manifolds.flat_torus(dimension).draw(np.random.default_rng(seed), n)
    return NeighborGraph.from_distances(ds.manifolds.periodic_distances(points), 20)


class TestBinomial:
    @pytest.mark.parametrize(("k", "ratio"), [(2, 0.6), (10, 0.5), (20, 0.9)])
    def test_is_the_formula(self, k, ratio):
        x = np.random.default_rng(0).normal(size=(200, 4))
        inside = 0
        for i, point in enumerate(x):
            r = sorted(math.dist(point, other) for j, other in enumerate(x) if j != i)[:k]
            inside += sum(d <= ratio * r[-1] for d in r[:-1])
        share = inside / (200 * (k - 1))
        estimate = Binomial(n_neighbors=k, ratio=ratio).fit(x).estimate_
        assert estimate.value == pytest.approx(math.log(share) / math.log(ratio), rel=1e-9)

    @pytest.mark.parametrize("dimension", [1, 2, 5])
    def test_local_values_follow_the_binomial_law(self, dimension):
        """On a torus the points nearer than the k-th are k - 1 trials, of chance q^d = 0.2."""
        k, ratio = 20, 0.2 ** (1 / dimension)
        pooled = np.concatenate(
            [Binomial(ratio=ratio).estimate_local(torus(dimension, s)).values for s in range(10)]
        )
        inside = np.arange(1, k - 1)
        chances = scipy.stats.binom.pmf(inside, k - 1, 0.2)
        values = np.log(inside / (k - 1)) / math.log(ratio)
        mean = chances @ values / chances.sum()
        assert np.isnan(pooled).mean() == pytest.approx(1 - chances.sum(), abs=0.005)
        assert np.nanmean(pooled) == pytest.approx(mean, rel=0.02)
        assert np.nanstd(pooled) == pytest.approx(
            math.sqrt(chances @ (values - mean) ** 2 / chances.sum()), rel=0.05
        )
        bias = (1 - 0.2) / (2 * 0.2 * (k - 1) * -math.log(ratio))
        assert np.nanmean(pooled) - dimension == pytest.approx(bias, rel=0.3)

    def test_points_with_all_or_none_inside_have_no_local_value(self):
        x = np.array([0.0, 0, 0, 0, 100, 101, 101.5, 104, 200, 201, 201.1, 201.15])[:, None]
        graph = NeighborGraph.from_points(x, 3, duplicates="keep")
        values = Binomial(n_neighbors=3, ratio=0.5).estimate_local(graph).values
        assert np.isnan(values[:4]).all()  # copies, and r_3 = 0
        assert graph.distances[6].tolist() == [0.5, 1.5, 2.5]
        assert values[6] == pytest.approx(1.0)  # half of two
        assert np.isnan(values[8])  # 1 and 1.1 of 1.15: none
        assert np.isnan(values[11])  # 0.05 and 0.15 of 1.15: all

    @pytest.mark.parametrize(
        ("estimator", "message"),
        [
            (Binomial(n_neighbors=1), "n_neighbors=1 must be at least 2"),
            (Binomial(ratio=1.0), "ratio=1.0 must lie between 0 and 1"),
            (Binomial(ratio=1e-9), "0 of 950 neighbours lie within 1e-09 times"),
        ],
    )
    def test_what_it_refuses(self, estimator, message):
        with pytest.raises(ds.InputError, match=message):
            estimator.fit(np.random.default_rng(0).normal(size=(50, 3)))
