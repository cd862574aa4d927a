"""Correlations against scipy, closed forms, and the published table of fourteen networks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies.correlation import (
    correlation,
    correlation_within,
    leave_one_out,
    partial_correlation,
)


def pair(n=30, rho=0.6, seed=0):
    """Two normal variables of this correlation."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, rho * x + np.sqrt(1 - rho**2) * rng.normal(size=n)


def residuals(v, given):
    design = np.column_stack([np.ones(len(v)), given])
    return v - design @ np.linalg.lstsq(design, v, rcond=None)[0]


class TestCorrelation:
    @pytest.mark.parametrize("seed", range(3))
    def test_r_and_p_are_scipys(self, seed):
        x, y = pair(seed=seed)
        for kind, by_scipy in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
            found, want = correlation(x, y, kind=kind, rng=0), by_scipy(x, y)
            assert found.r == pytest.approx(want.statistic, rel=1e-12)
            assert found.p_value == pytest.approx(want.pvalue, rel=1e-9)
            assert (found.n, found.kind) == (30, kind)

    def test_ties_have_mean_ranks(self):
        x, y = np.array([1, 1, 2, 3, 3, 3, 4.0]), np.array([2, 1, 2, 5, 5, 4, 4.0])
        want = stats.spearmanr(x, y).statistic
        assert correlation(x, y, kind="spearman", rng=0).r == pytest.approx(want, rel=1e-12)

    @pytest.mark.parametrize(("interval", "method"), [("bca", "BCa"), ("percentile", "percentile")])
    def test_intervals_are_scipys(self, interval, method):
        x, y = pair()
        found = correlation(x, y, interval=interval, rng=0)
        want = stats.bootstrap(
            (x, y), lambda a, b, axis: stats.pearsonr(a, b, axis=axis).statistic, paired=True,
            vectorized=True, method=method, n_resamples=4_000, rng=np.random.default_rng(1),
        ).confidence_interval  # fmt: skip
        assert (found.low, found.high) == pytest.approx((want.low, want.high), abs=0.03)

    def test_units_do_not_count_and_a_sign_turns_it(self):
        x, y = pair()
        found, moved = correlation(x, y, rng=3), correlation(1e6 + 1e-3 * x, -1e9 * y, rng=3)
        assert (moved.r, moved.p_value) == pytest.approx((-found.r, found.p_value), rel=1e-6)
        assert (moved.low, moved.high) == pytest.approx((-found.high, -found.low), rel=1e-6)

    def test_the_seed_decides(self):
        x, y = pair()
        assert correlation(x, y, rng=1) == correlation(x, y, rng=np.random.default_rng(1))
        assert correlation(x, y, rng=1) != correlation(x, y, rng=2)

    def test_a_line_is_one(self):
        found = correlation(np.arange(6.0), 3 - 2 * np.arange(6.0), rng=0)
        assert (found.r, found.p_value) == (pytest.approx(-1), pytest.approx(0, abs=1e-12))
        assert (found.low, found.high) == pytest.approx((-1, -1))

    def test_samples_without_variance_leave_the_interval_unknown(self):
        """One network of five decides: a third of the samples lack it."""
        found = correlation([0.0, 0, 0, 0, 1], [1.0, 2, 1, 2, 9], interval="percentile", rng=0)
        assert (found.low, found.high) == (None, None)
        assert "interval unknown" in str(found)

    def test_is_said_in_a_line(self):
        x, y = pair()
        assert str(correlation(x, y, rng=0)).startswith("pearson r = 0.")

    @pytest.mark.statistical
    @pytest.mark.parametrize("kind", ["pearson", "spearman"])
    def test_intervals_hold_the_true_coefficient(self, kind):
        true = 0.6 if kind == "pearson" else 6 / np.pi * np.arcsin(0.3)
        held = 0
        for seed in range(100):
            found = correlation(*pair(24, 0.6, seed), kind=kind, rng=seed)
            held += found.low <= true <= found.high
        assert 0.88 <= held / 100 <= 0.99


class TestLeaveOneOut:
    def test_each_is_the_correlation_of_the_others(self):
        x, y = pair(12)
        for kind in ("pearson", "spearman"):
            found = leave_one_out(x, y, kind=kind)
            want = [
                correlation(np.delete(x, i), np.delete(y, i), kind=kind, rng=0).r for i in range(12)
            ]
            assert found.without == pytest.approx(want, rel=1e-9)
            assert (found.low, found.high) == (min(found.without), max(found.without))

    def test_names_the_one_that_decides(self):
        x, y = pair(12, rho=0.0)
        found = leave_one_out(np.append(x, 20.0), np.append(y, 20.0))
        assert found.most == 12
        assert found.r > 0.9
        assert abs(found.without[12]) < 0.5

    def test_where_all_rests_on_one_it_is_refused(self):
        with pytest.raises(InputError, match="without network 4 all others are equal"):
            leave_one_out([0.0, 0, 0, 0, 1], [1.0, 2, 1, 2, 9])


class TestWithinFamilies:
    FAMILIES = np.repeat(["vgg", "resnet", "dense"], [8, 6, 5])

    def shifted(self, rho, seed=0):
        """Families apart along a line that falls; within them the correlation is rho."""
        x, y = pair(19, rho, seed)
        offset = 10.0 * np.repeat([0, 1, 2], [8, 6, 5])
        return x + offset, y - offset

    def test_is_the_correlation_of_what_the_means_leave(self):
        x, y = self.shifted(0.8)
        for name in ("vgg", "resnet", "dense"):
            own = name == self.FAMILIES
            x, y = (np.where(own, v - v[own].mean(), v) for v in (x, y))
        want = float(x @ y / np.sqrt((x @ x) * (y @ y)))
        found = correlation_within(*self.shifted(0.8), self.FAMILIES, rng=0)
        assert found.r == pytest.approx(want, rel=1e-9)
        assert (found.n, found.kind) == (19, "pearson, within families")
        assert found.low < found.r < found.high
        assert correlation(*self.shifted(0.8), rng=0).r < -0.9

    def test_ranks_are_those_within_a_family(self):
        x, y = self.shifted(0.8)
        ranks = np.empty((2, 19))
        for name in ("vgg", "resnet", "dense"):
            own = name == self.FAMILIES
            for row, v in zip(ranks, (x, y), strict=True):
                row[own] = stats.rankdata(v[own]) - (own.sum() + 1) / 2
        found = correlation_within(x, y, self.FAMILIES, kind="spearman", rng=0)
        assert found.r == pytest.approx(np.corrcoef(ranks)[0, 1], rel=1e-9)
        curved = correlation_within(np.exp(x), y**3, self.FAMILIES, kind="spearman", rng=0)
        assert curved == found

    def test_p_of_one_family_is_scipys_permutation_test(self):
        x, y = pair(7, 0.7, seed=2)
        found = correlation_within(x, y, np.zeros(7), rng=0)
        want = stats.permutation_test(
            (x,), lambda a, axis: stats.pearsonr(a, y, axis=axis).statistic,
            permutation_type="pairings", vectorized=True,
        )  # fmt: skip
        assert found.p_value == pytest.approx(want.pvalue, abs=0.01)
        assert found.r == pytest.approx(stats.pearsonr(x, y).statistic)

    def test_networks_alone_in_their_family_do_not_count(self):
        x, y = self.shifted(0.8)
        alone = correlation_within(x, y, self.FAMILIES, rng=0)
        joined = correlation_within(
            np.append(x, [99.0, -5.0]), np.append(y, [99.0, 7.0]), [*self.FAMILIES, "a", "b"], rng=0
        )
        assert (joined.r, joined.n) == (pytest.approx(alone.r), 19)

    @pytest.mark.statistical
    def test_where_there_is_none_few_p_are_small(self):
        p = [
            correlation_within(*self.shifted(0.0, seed), self.FAMILIES, rng=seed).p_value
            for seed in range(40)
        ]
        assert 0.3 < np.mean(p) < 0.7
        assert np.mean(np.array(p) < 0.05) < 0.15

    def test_what_is_left_may_be_too_little(self):
        with pytest.raises(
            InputError,
            match="4 networks with 1 further family or covariate: a correlation needs at least 5",
        ):
            correlation_within(*pair(5), ["a", "a", "b", "b", "c"], rng=0)
        with pytest.raises(InputError, match="all 5 networks are alone in their families"):
            correlation_within(*pair(5), list("abcde"), rng=0)

    def test_a_quantity_that_varies_between_families_only(self):
        x = np.repeat([1.0, 2.0, 3.0], [8, 6, 5])
        with pytest.raises(InputError, match="explain one of the two quantities wholly"):
            correlation_within(x, pair(19)[1], self.FAMILIES, rng=0)


class TestPartial:
    @pytest.mark.parametrize("n_covariates", [1, 3])
    def test_is_the_correlation_of_residuals(self, n_covariates):
        z = np.random.default_rng(5).normal(size=(30, n_covariates))
        x, y = (v + z.sum(axis=1) for v in pair())
        found = partial_correlation(x, y, z, rng=0)
        want = stats.pearsonr(residuals(x, z), residuals(y, z)).statistic
        assert found.r == pytest.approx(want, rel=1e-9)
        freedom = 30 - 2 - n_covariates
        t = want * np.sqrt(freedom / (1 - want**2))
        assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-9)
        assert found.low < found.r < found.high

    def test_of_one_covariate_is_the_closed_form(self):
        z = np.random.default_rng(5).normal(size=30)
        x, y = (v + z for v in pair())
        for kind, of in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
            xy, xz, yz = (of(a, b).statistic for a, b in ((x, y), (x, z), (y, z)))
            want = (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))
            found = partial_correlation(x, y, z, kind=kind, rng=0)
            assert found.r == pytest.approx(want, rel=1e-9)
            assert found.kind == f"{kind}, given 1 covariate"

    def test_a_covariate_given_twice_counts_once(self):
        z = np.random.default_rng(5).normal(size=30)
        x, y = (v + z for v in pair())
        once = partial_correlation(x, y, z, rng=0)
        twice = partial_correlation(x, y, np.stack([z, 2 * z], axis=1), rng=0)
        assert (twice.r, twice.p_value) == pytest.approx((once.r, once.p_value), rel=1e-6)

    def test_a_common_cause_vanishes(self):
        z = 3 * np.random.default_rng(5).normal(size=200)
        x, y = (v + z for v in pair(200, 0.0))
        assert correlation(x, y, rng=0).r > 0.8
        found = partial_correlation(x, y, z, rng=0)
        assert found.low < 0 < found.high

    @pytest.mark.statistical
    def test_intervals_hold_the_true_coefficient(self):
        held = 0
        for seed in range(60):
            z = np.random.default_rng([seed, 1]).normal(size=24)
            x, y = (v + z for v in pair(24, 0.6, seed))
            found = partial_correlation(x, y, z, rng=seed)
            held += found.low <= 0.6 <= found.high
        assert held >= 50

    def test_covariates_that_explain_all_are_refused(self):
        x, y = pair()
        with pytest.raises(InputError, match="explain one of the two quantities wholly"):
            partial_correlation(x, y, 2 * x + 1, rng=0)


#: Top-5 error in per cent and ID of the last hidden layer (Ansuini et al. 2019, Figure 4).
NETS = {
    "alexnet": (20.91, 25.191), "vgg11": (11.37, 18.416), "vgg13": (10.75, 18.578),
    "vgg16": (9.62, 15.873), "vgg19": (9.12, 14.559), "vgg11_bn": (10.19, 15.488),
    "vgg13_bn": (9.63, 14.85), "vgg16_bn": (8.5, 12.789), "vgg19_bn": (8.15, 12.487),
    "resnet18": (10.92, 18.635), "resnet34": (8.58, 15.183), "resnet50": (7.13, 13.912),
    "resnet101": (6.44, 12.76), "resnet152": (5.94, 12.438),
}  # fmt: skip


class TestPublished:
    """The fourteen networks of Ansuini et al. (2019), Figure 4: top-5 error against ID."""

    def table(self, part=""):
        """Names, dimensions and errors of the networks with this in their names."""
        names = [name for name in NETS if part in name]
        errors, dimensions = zip(*(NETS[name] for name in names), strict=True)
        return names, dimensions, errors

    def test_all(self):
        names, dimensions, errors = self.table()
        found = correlation(dimensions, errors, rng=0)
        assert (round(found.r, 4), found.n) == (0.9427, 14)
        assert 0.8 < found.low < 0.95 < found.high < 1
        without = leave_one_out(dimensions, errors)
        assert names[without.most] == "alexnet"
        assert round(without.without[without.most], 4) == 0.8758

    def test_resnets(self):
        _, dimensions, errors = self.table("resnet")
        found = correlation(dimensions, errors, rng=0)
        assert (found.r, found.n) == (pytest.approx(0.9953, abs=1e-4), 5)

    def test_within_families(self):
        names, dimensions, errors = self.table()
        families = ["resnet" if "resnet" in n else "vgg_bn" if "_bn" in n else n[:3] for n in names]
        found = correlation_within(dimensions, errors, families, rng=0)
        assert (round(found.r, 2), found.n) == (0.97, 13)
        assert found.p_value < 0.001


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1.0, 2, 3], [1.0, 2, 4], "3 networks: a correlation needs at least 4"),
        ([1.0, 1, 1, 1], [1.0, 2, 3, 4], "x is 1 for all 4 networks: nothing varies"),
        ([1.0, 2, 3, 4], [0.0, 0, 0, 0], "y is 0 for all 4 networks: nothing varies"),
        ([1.0, np.nan, 3, 4], [1.0, 2, 3, 4], r"x is unknown or infinite for networks \[1\]"),
        ([1.0, 2, 3, 4], [1.0, None, 3, np.inf], r"y is unknown or infinite for networks \[1, 3\]"),
        ([1.0, 2, 3, 4], [1.0, 2, 3], r"differ \(4 of x, 3 of y.*\): give one of each"),
        ([[1.0, 2], [3, 4]], [1.0, 2], r"x has the shape \(2, 2\)"),
        (["a", "b", "c", "d"], [1.0, 2, 3, 4], "x has what is no number"),
    ],
)
def test_bad_input(x, y, message):
    calls = (
        lambda: correlation(x, y, rng=0),
        lambda: leave_one_out(x, y),
        lambda: correlation_within(x, y, np.zeros(len(x)), rng=0),
    )
    for call in calls:
        with pytest.raises(InputError, match=message):
            call()


@pytest.mark.parametrize("setting", [{"kind": "kendall"}, {"interval": "normal"}])
def test_unknown_settings(setting):
    ((name, value),) = setting.items()
    with pytest.raises(InputError, match=f"{name}='{value}' is not known: choose"):
        correlation(*pair(), **setting, rng=0)
