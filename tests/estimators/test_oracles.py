"""Every neighbour estimator against its formula written out, and against scikit-dimension."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import skdim

from dimscope import (
    MADA,
    MOM,
    Gride,
    LevinaBickel,
    MiNDMLi,
    MiNDMLk,
    NeighborGraph,
    TwoNN,
    TwoNNBayes,
    TwoNNMLE,
)
from dimscope.estimators._shared.errors import dependence


def sphere(n=300, d=4, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d + 1))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def naive_distances(x):
    """All distances to the others, ascending, of each point."""
    return np.array(
        [sorted(math.dist(a, b) for j, b in enumerate(x) if j != i) for i, a in enumerate(x)]
    )


X = sphere()
R = naive_distances(X)
GRAPH = NeighborGraph.from_points(X, 40)
MU = R[:, 1] / R[:, 0]


class TestTwoNN:
    @pytest.mark.parametrize("discard", [0.0, 0.1, 0.5])
    def test_is_the_line_through_the_origin(self, discard):
        n = len(MU)
        x = np.log(np.sort(MU))
        share = np.arange(1, n + 1) / n
        points = [(x[i], -math.log(1 - share[i])) for i in range(n) if share[i] < 1]
        kept = np.array(points[: math.floor((1 - discard) * n)])
        slope, *_ = np.linalg.lstsq(kept[:, :1], kept[:, 1])
        estimate = TwoNN(discard_fraction=discard).estimate(GRAPH)
        assert estimate.value == pytest.approx(slope[0], rel=1e-8)
        assert estimate.scale == pytest.approx(R[:, 1].mean())
        assert estimate.n_samples == n

    def test_leaves_out_equal_and_zero_distances(self):
        x = np.concatenate([sphere(100, 2), [[5.0, 5, 5], [5, 5, 6], [5, 6, 5]]])
        x = np.concatenate([x, x[:7]])
        graph = NeighborGraph.from_points(x, 2, duplicates="keep")
        alone = NeighborGraph.from_points(x[:103], 2).subset(np.arange(100), 2)
        r = naive_distances(x)[:, :2]
        usable = r[(r[:, 0] > 0) & (r[:, 0] < r[:, 1])]
        estimate = TwoNN().estimate(graph)
        assert estimate.n_samples == len(usable) < 100
        assert estimate.value != TwoNN().estimate(alone).value
        assert any("14 of 110 points with r_1 = 0" in note for note in estimate.notes)

    def test_scikit_dimension_agrees(self):
        # version 0.5.0: the same F_i = i/N and the same share kept; 3.8734 on these points
        peer = skdim.id.TwoNN(discard_fraction=0.1).fit(X).dimension_
        assert TwoNN().estimate(GRAPH).value == pytest.approx(peer, rel=1e-8)


@pytest.mark.parametrize("n", [50, 200])
def test_the_shares_of_two_nn_are_those_of_the_paper(n):
    """i / N, as published; (i - 1) / N, as some codes have it, gives 3.3 / N of the dimension less.

    On exact Pareto ratios of d = 1 both are biased, by about 2 / N and -1.3 / N.
    """
    x = np.sort(np.random.default_rng(0).exponential(size=(4000, n)), axis=1)[:, : int(0.9 * n)]
    rank = np.arange(1, x.shape[1] + 1)
    slopes = [
        float(np.mean((x @ -np.log1p(-share)) / (x**2).sum(axis=1)))
        for share in (rank / n, (rank - 1) / n)
    ]
    assert 1.5 / n < slopes[0] - 1 < 2.5 / n  # 4,000 fits know the mean to 0.2 / n at most
    assert -1.8 / n < slopes[1] - 1 < -0.8 / n


class TestTwoNNMLE:
    def test_is_the_unbiased_maximum_of_likelihood(self):
        estimate = TwoNNMLE().estimate(GRAPH)
        assert estimate.value == pytest.approx((len(MU) - 1) / np.log(MU).sum(), rel=1e-8)
        error = dependence("gride", 2, estimate.value) * estimate.value / math.sqrt(len(MU))
        assert estimate.stderr == pytest.approx(error, rel=1e-8)
        low, high = estimate.interval
        assert (high - low) / 2 == pytest.approx(1.96 * error, rel=1e-4)
        assert (high + low) / 2 == pytest.approx(estimate.value)

    def test_ratios_left_out_without_correction_would_raise_it_by_a_third(self):
        """The mean of ln mu below its quantile 0.9 is 0.744 / d: 1.34 d, of any sample size.

        So all ratios enter; scikit-dimension 0.5.0 leaves out a tenth and corrects for it.
        """
        x = np.random.default_rng(0).random((4000, 3))
        graph = NeighborGraph.from_points(x, 2)
        log_mu = np.sort(np.log(graph.distances[:, 1] / graph.distances[:, 0]))
        kept = log_mu[:3600]
        low = 1 + 0.1 * math.log(0.1) / 0.9  # E[t | t < -ln 0.1] of an exponential law
        ours = TwoNNMLE().estimate(graph).value
        assert (len(kept) - 1) / kept.sum() == pytest.approx(ours / low, rel=0.03)
        peer = skdim.id.TwoNN(discard_fraction=0.1, method="mle").fit(x).dimension_
        assert peer == pytest.approx(ours, rel=0.03)

    @pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning:skdim")  # a line for plots
    def test_scikit_dimension_agrees(self):
        peer = skdim.id.TwoNN(discard_fraction=0, method="mle").fit(X).dimension_
        assert TwoNNMLE().estimate(GRAPH).value == pytest.approx(peer, rel=1e-8)


class TestTwoNNBayes:
    @pytest.mark.parametrize(("shape", "rate", "credibility"), [(2.0, 0.5, 0.95), (50, 40, 0.5)])
    def test_is_the_posterior_of_the_pareto_law(self, shape, rate, credibility):
        mode = len(MU) / np.log(MU).sum()

        def log_density(d):
            prior = (shape - 1) * np.log(d) - rate * d
            return prior + len(MU) * np.log(d) - (d + 1) * np.log(MU).sum()

        def moment(function, low=1e-9, high=10 * mode):
            return scipy.integrate.quad(
                lambda d: function(d) * math.exp(log_density(d) - log_density(mode)),
                low,
                high,
                points=[mode] if low < mode < high else None,
                epsabs=0,
                epsrel=1e-10,
                limit=500,
            )[0]

        norm = moment(lambda d: 1.0)
        mean = moment(lambda d: d) / norm
        estimate = TwoNNBayes(prior_shape=shape, prior_rate=rate, credibility=credibility).estimate(
            GRAPH
        )
        assert estimate.value == pytest.approx(mean, rel=1e-8)
        spread = math.sqrt(moment(lambda d: (d - mean) ** 2) / norm)
        assert estimate.stderr == pytest.approx(spread, rel=1e-7)
        low, high = estimate.interval
        assert moment(lambda d: 1.0, high=low) / norm == pytest.approx((1 - credibility) / 2, 1e-7)
        assert moment(lambda d: 1.0, low=low, high=high) / norm == pytest.approx(credibility, 1e-7)


class TestGride:
    """The likelihood is differentiated by a complex step, exact to rounding."""

    @staticmethod
    def slope(d, mu, n1, n2):
        d = d + 1e-30j
        log_density = (
            np.log(d) + (n2 - n1 - 1) * np.log(mu**d - 1) - ((n2 - 1) * d + 1) * np.log(mu)
        )
        return log_density.sum().imag / 1e-30

    @pytest.mark.parametrize("n1", [1, 2, 3, 4, 16, 20])
    def test_is_the_maximum_of_the_likelihood(self, n1):
        mu = R[:, 2 * n1 - 1] / R[:, n1 - 1]
        top = scipy.optimize.brentq(self.slope, 0.1, 100, args=(mu, n1, 2 * n1), xtol=1e-12)
        estimate = Gride(n1=n1).estimate(GRAPH)
        assert estimate.value == pytest.approx(top, rel=1e-8)
        step = 1e-5 * top
        ends = (self.slope(top + side, mu, n1, 2 * n1) for side in (-step, step))
        information = -np.diff(list(ends))[0] / (2 * step)
        assert estimate.stderr == pytest.approx(
            dependence("gride", 2 * n1, top) / math.sqrt(information), rel=1e-6
        )
        assert estimate.scale == pytest.approx(R[:, 2 * n1 - 1].mean())
        assert estimate.parameters == {"n1": n1, "n2": 2 * n1}

    def test_a_scan_to_half_of_all_points_is_what_all_distances_give(self):
        every = NeighborGraph.from_points(X, len(X) - 1)
        want = Gride().scan(every, len(X) // 2)
        found = Gride().scan(NeighborGraph.from_points(X, 4), len(X) // 2)
        assert found.n2[-1] > len(X) // 4
        for name in ("n1", "n2", "values", "scales", "stderrs"):
            np.testing.assert_allclose(getattr(found, name), getattr(want, name), rtol=1e-10)
        assert np.isfinite(found.stderrs[found.n2 <= 128]).all()
        assert np.isnan(found.stderrs[found.n2 > 128]).all()

    def test_a_scan_is_an_estimate_at_every_power_of_two(self):
        curve = Gride().scan(GRAPH)
        assert curve.n1.tolist() == [1, 2, 4, 8, 16]
        assert curve.n2.tolist() == [2, 4, 8, 16, 32]
        alone = [Gride(n1=int(n1)).estimate(GRAPH) for n1 in curve.n1]
        assert curve.values.tolist() == [estimate.value for estimate in alone]
        assert curve.stderrs.tolist() == [estimate.stderr for estimate in alone]
        assert curve.scales.tolist() == [estimate.scale for estimate in alone]

    def test_at_the_first_ranks_it_is_two_nn(self):
        n = len(MU)
        first = Gride(n1=1).estimate(GRAPH).value
        assert first == pytest.approx(TwoNNMLE().estimate(GRAPH).value * n / (n - 1), rel=1e-12)

    def test_equal_distances_are_the_limit_of_almost_equal_ones(self):
        """Where the integer grid is not disturbed, r_4 = r_2 = 1."""
        x = np.stack(np.meshgrid(np.arange(15.0), np.arange(15.0)), axis=-1).reshape(-1, 2)
        x[::9] += [0.3, 0.1]
        r = naive_distances(x)
        assert 0.2 < np.mean(r[:, 3] == r[:, 1]) < 0.8
        nudged = x + 1e-9 * np.random.default_rng(0).normal(size=x.shape)
        exact, near = (Gride(n1=2).fit(a).dimension_ for a in (x, nudged))
        assert exact == pytest.approx(near, rel=1e-6)


class TestLevinaBickel:
    @pytest.mark.parametrize("k", [3, 10, 20])
    def test_is_the_formula(self, k):
        sums = [sum(math.log(r[k - 1] / r[j]) for j in range(k - 1)) for r in R]
        estimate = LevinaBickel(n_neighbors=k).estimate(GRAPH)
        inverses = [total / (k - 1) for total in sums]
        assert estimate.value == pytest.approx(1 / np.mean(inverses), rel=1e-8)
        assert estimate.scale == pytest.approx(R[:, k - 1].mean())
        local = LevinaBickel(n_neighbors=k).estimate_local(GRAPH)
        np.testing.assert_allclose(local.values, [(k - 2) / total for total in sums], rtol=1e-8)
        assert local.n_neighbors == k

    def test_with_two_neighbours_it_is_two_nn(self):
        two = LevinaBickel(n_neighbors=2).estimate(GRAPH).value
        assert two == pytest.approx(Gride(n1=1).estimate(GRAPH).value, rel=1e-12)

    def test_scikit_dimension_agrees(self):
        # version 0.5.0: its default is our global form, 3.8623 on these points; unbiased=True our
        # local one
        peer = skdim.id.MLE().fit(X, n_neighbors=20)
        assert LevinaBickel().estimate(GRAPH).value == pytest.approx(peer.dimension_, rel=1e-8)
        unbiased = skdim.id.MLE(unbiased=True).fit(X, n_neighbors=20).dimension_pw_
        np.testing.assert_allclose(LevinaBickel().estimate_local(GRAPH).values, unbiased, rtol=1e-8)


class TestMOM:
    @pytest.mark.parametrize("k", [2, 10, 20])
    def test_is_the_formula(self, k):
        shares = [[r[j] / r[k - 1] for j in range(k - 1)] for r in R]
        local = MOM(n_neighbors=k).estimate_local(GRAPH)
        means = [np.mean(r[: k - 1]) for r in R]
        want = [-m / (m - r[k - 1]) for m, r in zip(means, R, strict=True)]
        np.testing.assert_allclose(local.values, want, rtol=1e-7)
        assert local.n_neighbors == k
        estimate = MOM(n_neighbors=k).estimate(GRAPH)
        mean = np.mean(shares)
        assert estimate.value == pytest.approx(mean / (1 - mean), rel=1e-8)
        assert estimate.scale == pytest.approx(R[:, k - 1].mean())

    def test_scikit_dimension_averages_the_last_distance_too(self):
        """Version 0.5.0: r_k / r_k = 1 is a share like the others."""
        peer = skdim.id.MOM().fit(X, n_neighbors=20).dimension_pw_
        means = R[:, :20].mean(axis=1)
        np.testing.assert_allclose(peer, -means / (means - R[:, 19]), rtol=1e-8)
        ours = MOM().estimate_local(GRAPH).values
        # (19 u + 1) / 20 in place of u is exactly (d + 1) / 19 more
        np.testing.assert_allclose(peer, ours + (ours + 1) / 19, rtol=1e-7)


class TestMADA:
    @pytest.mark.parametrize(("k", "inner"), [(2, 1), (5, 3), (10, 5), (20, 10), (21, 11)])
    def test_is_the_formula(self, k, inner):
        want = [math.log(k / inner) / math.log(r[k - 1] / r[inner - 1]) for r in R]
        np.testing.assert_allclose(
            MADA(n_neighbors=k).estimate_local(GRAPH).values, want, rtol=1e-7
        )
        by = {
            c: MADA(n_neighbors=k, combination=c).estimate(GRAPH)
            for c in ("median", "average", "vote")
        }
        assert by["median"].value == pytest.approx(np.median(want), rel=1e-8)
        assert by["average"].value == pytest.approx(np.minimum(want, 5).mean(), rel=1e-8)
        assert by["vote"].value == np.bincount(np.round(want).astype(int)).argmax()
        assert by["average"].stderr is by["average"].interval is by["vote"].stderr is None
        assert by["median"].parameters["n1"] == inner
        assert by["median"].scale == pytest.approx(R[:, k - 1].mean())

    def test_scikit_dimension_agrees_at_even_k(self):
        peer = skdim.id.MADA().fit(X, n_neighbors=20).dimension_pw_
        np.testing.assert_allclose(MADA().estimate_local(GRAPH).values, peer, rtol=1e-8)

    def test_scikit_dimension_is_too_low_at_odd_k(self):
        """Version 0.5.0 takes ln 2 for the growth from 2 to 5 neighbours."""
        points = np.random.default_rng(0).random((4000, 2))
        peer = np.median(skdim.id.MADA().fit(points, n_neighbors=5).dimension_pw_)
        assert peer < 0.85 * 2
        r = NeighborGraph.from_points(points, 5).distances
        wrong = math.log(2) / np.log(r[:, 4] / r[:, 1])
        assert peer == pytest.approx(np.median(wrong), rel=1e-8)
        assert MADA(n_neighbors=5).fit(points).dimension_ == pytest.approx(2, rel=0.06)


class TestMiNDML:
    """The published density of rho = r_1 / r_(k+1), on a grid of dimensions."""

    @staticmethod
    def log_likelihood(d, k):
        rho = R[:, 0] / R[:, k]
        return np.sum(np.log(k * d) + (d - 1) * np.log(rho) + (k - 1) * np.log(1 - rho**d))

    @pytest.mark.parametrize("k", [1, 2, 10, 20])
    def test_is_the_maximum_of_the_likelihood(self, k):
        found = scipy.optimize.minimize_scalar(
            lambda d: -self.log_likelihood(d, k), bounds=(0.5, 50), options={"xatol": 1e-10}
        )
        estimate = MiNDMLk(n_neighbors=k + 1).estimate(GRAPH)
        assert estimate.value == pytest.approx(found.x, rel=1e-6)
        assert estimate.scale == pytest.approx(R[:, k].mean())
        integers = np.arange(1, 50)
        best = integers[np.argmax([self.log_likelihood(d, k) for d in integers])]
        assert MiNDMLi(n_neighbors=k + 1).estimate(GRAPH).value == best

    def test_with_two_neighbours_it_is_two_nn(self):
        two = MiNDMLk(n_neighbors=2).estimate(GRAPH)
        gride = Gride(n1=1).estimate(GRAPH)
        assert (two.value, two.stderr) == (gride.value, gride.stderr)

    def test_scikit_dimension_agrees_below_its_largest_dimension(self):
        # version 0.5.0; its search ends when a step changes little
        for k in (10, 20):
            peer = skdim.id.MiND_ML(k=k).fit(X).dimension_
            assert MiNDMLk(n_neighbors=k + 1).estimate(GRAPH).value == pytest.approx(peer, rel=1e-4)
            integer = skdim.id.MiND_ML(k=k, ver="MLi").fit(X).dimension_
            assert MiNDMLi(n_neighbors=k + 1).estimate(GRAPH).value == integer

    def test_scikit_dimension_answers_10_where_there_are_more(self):
        x = np.random.default_rng(0).normal(size=(300, 30))
        assert skdim.id.MiND_ML().fit(x).dimension_ == 10
        assert MiNDMLk().fit(x).dimension_ > 15

    def test_equal_distances_count_as_the_limit_of_almost_equal_ones(self):
        x = np.stack(np.meshgrid(np.arange(15.0), np.arange(15.0)), axis=-1).reshape(-1, 2)
        x[::9] += [0.3, 0.1]
        nudged = x + 1e-9 * np.random.default_rng(0).normal(size=x.shape)
        for estimator in (MiNDMLk(n_neighbors=4), MiNDMLi(n_neighbors=4)):
            exact, near = (estimator.fit(a).dimension_ for a in (x, nudged))
            assert exact == pytest.approx(near, rel=1e-6)
