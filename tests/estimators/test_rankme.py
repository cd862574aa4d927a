"""RankMe against singular values that are known, its formula, and what it must and must not see."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import zarr
from hypothesis import given, settings, strategies as st
from known_points import matrix

import dimscope as ds
from dimscope import EffectiveRank, InputError, RankMe, Spectrum

SEEDS = st.integers(0, 2**32 - 1)


def with_singular_values(sigma, n, d, seed=0):
    """A matrix of these singular values, about the origin."""
    rng = np.random.default_rng(seed)
    left = np.linalg.qr(rng.normal(size=(n, len(sigma))))[0]
    right = np.linalg.qr(rng.normal(size=(d, len(sigma))))[0]
    return (left * sigma) @ right.T


def naive(x, eps=1e-7):
    """The formula of the paper, by numpy's decomposition."""
    sigma = np.linalg.svd(x, compute_uv=False)
    p = sigma / sigma.sum() + eps
    return math.exp(-float((p * np.log(p)).sum()))


class TestTheory:
    def test_of_equal_singular_values_is_their_number(self):
        signs = np.array(list(itertools.product([-1.0, 1.0], repeat=6)))
        assert RankMe(eps=0.0).fit(signs).dimension_ == pytest.approx(6, rel=1e-12)

    @pytest.mark.parametrize(("n", "d"), [(60, 8), (8, 60)])
    def test_of_known_singular_values(self, n, d):
        """Halves, quarters and eighths: the entropy is 7/4 ln 2."""
        x = with_singular_values([4.0, 2.0, 1.0, 1.0], n, d)
        assert RankMe(eps=0.0).fit(x).dimension_ == pytest.approx(2**1.75, rel=1e-12)

    @pytest.mark.parametrize("shape", [(30, 9), (9, 30), (20, 20)])
    def test_is_the_formula(self, shape):
        x = matrix(*shape)
        assert RankMe().fit(x).dimension_ == pytest.approx(naive(x), rel=1e-12)

    def test_small_singular_values_are_right_where_products_of_rows_lose_them(self):
        """Two hundred directions of 1e-9 of the first: squares of them are below rounding."""
        sigma = np.concatenate([[1.0], np.full(200, 1e-9)])
        x = with_singular_values(sigma, 300, 250)
        share = sigma / sigma.sum()
        want = math.exp(-float(share @ np.log(share)))
        found = RankMe(eps=0.0).fit(x).dimension_ - 1
        assert found == pytest.approx(want - 1, rel=1e-4)
        gram = np.sqrt(np.maximum(np.linalg.eigvalsh(x.T @ x), 0))
        gram = gram[gram > 0] / gram.sum()
        assert math.exp(-float(gram @ np.log(gram))) - 1 > 2 * (want - 1)

    def test_eps_counts_every_zero_singular_value(self):
        """exp of the entropy rises by the factor exp(m eps ln(1 / eps)) for m zeros."""
        x = with_singular_values(np.ones(10), 600, 510)
        for eps in (1e-7, 1e-5):
            rise = RankMe(eps=eps).fit(x).dimension_ / 10
            assert math.log(rise) == pytest.approx(500 * eps * math.log(1 / eps), rel=0.02)

    @given(seed=SEEDS)
    @settings(max_examples=10)
    def test_is_never_below_the_effective_rank_where_the_mean_is_zero(self, seed):
        x = matrix(20, 6, seed)
        spectrum = Spectrum.from_points(np.concatenate([x, -x]))
        assert RankMe(eps=0.0).estimate(spectrum).value >= EffectiveRank().estimate(spectrum).value


class TestInvariance:
    """It has those of a rank about the origin, and not that of a covariance."""

    @given(seed=SEEDS, exponent=st.floats(-12, 12))
    @settings(max_examples=10)
    def test_rotation_scale_and_order(self, seed, exponent):
        rng = np.random.default_rng(seed)
        x = matrix(40, 6, seed)
        turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
        moved = 10**exponent * rng.permutation(rng.permutation(x @ turn, axis=1))
        assert RankMe().fit(moved).dimension_ == pytest.approx(RankMe().fit(x).dimension_, rel=1e-9)

    def test_features_of_zeros_count_by_eps_alone(self):
        x = matrix(40, 6)
        wider = np.hstack([x, np.zeros((40, 30))])
        alone = RankMe(eps=0.0).fit(x).dimension_
        assert RankMe(eps=0.0).fit(wider).dimension_ == pytest.approx(alone, rel=1e-12)
        assert RankMe().fit(wider).dimension_ == pytest.approx(alone, rel=1e-4)

    def test_all_rows_twice_change_nothing(self):
        x = matrix(40, 6)
        twice = np.concatenate([x, x])
        assert RankMe().fit(twice).dimension_ == pytest.approx(
            RankMe().fit(x).dimension_, rel=1e-12
        )

    def test_an_offset_counts_and_a_large_one_hides_all_else(self):
        x = np.random.default_rng(0).normal(size=(200, 10))
        values = [RankMe().fit(x + offset).dimension_ for offset in (0.0, 1.0, 10.0, 1e4)]
        assert values == sorted(values, reverse=True)
        assert values[0] == pytest.approx(10, rel=0.02)
        assert values[-1] == pytest.approx(1, abs=0.01)


def test_a_layer_on_disk_is_as_one_in_memory():
    x = np.random.default_rng(0).normal(size=(60, 2500)).astype(np.float32) + 0.5
    stored, held = (ds.estimate(y, "rankme") for y in (zarr.array(x, chunks=(20, 300)), x))
    assert (stored.value, stored.stderr) == (held.value, held.stderr)


def test_it_says_where_the_samples_are_the_limit():
    notes = RankMe().fit(np.random.default_rng(0).normal(size=(40, 100))).estimate_.notes
    assert "More than half of the 40 components that 40 samples allow" in notes[0]


@pytest.mark.parametrize("eps", [-1e-9, 1.0, math.nan])
def test_eps_out_of_range(eps):
    with pytest.raises(InputError, match=r"eps=.* must lie in \[0, 1\)"):
        RankMe(eps=eps).fit(matrix())


def test_integers_whose_origin_is_lost_are_refused():
    x = 2**60 + np.random.default_rng(0).integers(0, 1000, size=(50, 3))
    with pytest.raises(InputError, match=r"whole numbers beyond 2\^53.*give x.astype"):
        RankMe().fit(x)
    assert RankMe().fit(x.astype(float)).dimension_ == pytest.approx(1, abs=1e-4)
