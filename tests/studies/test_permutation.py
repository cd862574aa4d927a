"""The sign-flip test against scipy's, and what it may say at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies.permutation import sign_flip_p


def by_scipy(differences):
    found = stats.permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=np.inf,
        alternative="greater",
    )  # fmt: skip
    return found.pvalue


@pytest.mark.parametrize("n", [2, 5, 8])
@pytest.mark.parametrize("seed", range(4))
def test_is_scipys_exact_test(n, seed):
    differences = np.random.default_rng(seed).normal(0.3, 1.0, size=n)
    assert sign_flip_p(differences) == pytest.approx(by_scipy(differences), rel=1e-12)


def test_ties_and_zeros_count_on_the_side_of_no_effect():
    for differences in ([1.0, 1.0, -1.0, 0.0, 2.0], [0.1, 0.2, 0.3, -0.3], [0.0] * 5):
        assert sign_flip_p(differences) == pytest.approx(by_scipy(np.array(differences)))
    assert sign_flip_p([0.0, 0.0, 0.0]) == 1.0


@pytest.mark.parametrize("n", [3, 8, 16])
def test_the_least_is_one_flip_of_all(n):
    assert sign_flip_p(np.arange(1.0, n + 1)) == 2.0**-n
    assert sign_flip_p(-np.arange(1.0, n + 1)) == 1.0


@given(seed=st.integers(0, 10_000), factor=st.floats(1e-9, 1e9))
@settings(max_examples=20)
def test_units_and_order_do_not_count(seed, factor):
    rng = np.random.default_rng(seed)
    differences = rng.normal(0.2, 1.0, size=9)
    assert sign_flip_p(factor * rng.permutation(differences)) == sign_flip_p(differences)


def test_many_differences_take_random_flips():
    differences = np.random.default_rng(0).normal(0.25, 1.0, size=40)
    found = sign_flip_p(differences, rng=1)
    assert found == sign_flip_p(differences, rng=1) != sign_flip_p(differences, rng=2)
    assert found == pytest.approx(stats.ttest_1samp(differences, 0, alternative="greater").pvalue,
                                  abs=0.01)  # fmt: skip
    assert sign_flip_p(np.ones(40)) == 1 / 20_001


@pytest.mark.statistical
def test_where_there_is_no_effect_few_p_are_small_whatever_the_law():
    rng = np.random.default_rng(0)
    for draw in (rng.standard_cauchy, rng.normal):
        p = np.array([sign_flip_p(draw(size=8)) for _ in range(600)])
        assert (p <= 0.05).mean() == pytest.approx(0.047, abs=0.025)  # 12 of 256 flips


@pytest.mark.parametrize(
    ("differences", "message"),
    [
        ([1.0], r"shape \(1,\): give one for each of at least two seeds"),
        ([[1.0, 2.0]], r"shape \(1, 2\)"),
        ([1.0, np.nan, 2.0], "1 of 3 differences are not finite: leave these seeds out"),
    ],
)
def test_bad_input(differences, message):
    with pytest.raises(InputError, match=message):
        sign_flip_p(differences)
