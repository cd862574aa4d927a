"""BID: the law that it fits, and bits of known number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from known_points import BITS, LEVELS, l1_distances

import dimscope as ds
from dimscope import BID


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
