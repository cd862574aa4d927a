"""The stable rank against norms, its neighbours and random matrix theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from known_points import matrix, with_spectrum

from dimscope import EffectiveRank, ParticipationRatio, Spectrum, StableRank


class TestStableRank:
    @pytest.mark.parametrize("shape", [(30, 9), (9, 30)])
    def test_is_the_ratio_of_squared_norms(self, shape):
        x = matrix(*shape)
        x = x - x.mean(axis=0)
        want = np.linalg.norm(x, "fro") ** 2 / np.linalg.norm(x, 2) ** 2
        assert StableRank().fit(x).dimension_ == pytest.approx(want, rel=1e-10)

    @pytest.mark.parametrize("seed", range(5))
    def test_of_the_three_it_is_the_smallest(self, seed):
        spectrum = Spectrum.from_points(matrix(30, 9, seed))
        naive, rank = ParticipationRatio(correction="none"), EffectiveRank()
        assert (
            StableRank().estimate(spectrum).value
            < naive.estimate(spectrum).value
            < rank.estimate(spectrum).value
        )

    @pytest.mark.statistical
    @pytest.mark.parametrize("n", [200, 800, 3200])
    def test_of_white_noise_is_what_random_matrix_theory_says(self, n):
        """The largest eigenvalue scatters by N^(-2/3), about 1 % here."""
        value = StableRank().fit(with_spectrum(np.ones(200), n)).dimension_
        assert value == pytest.approx(200 / (1 + math.sqrt(200 / n)) ** 2, rel=0.04)
