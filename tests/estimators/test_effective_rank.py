"""The effective rank is the exponential of an entropy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from known_points import matrix

from dimscope import EffectiveRank


class TestEffectiveRank:
    def test_of_equal_variances_is_their_number(self):
        signs = np.array(list(itertools.product([-1.0, 1.0], repeat=6)))
        assert EffectiveRank().fit(signs).dimension_ == pytest.approx(6, rel=1e-12)

    def test_is_the_exponential_of_the_entropy(self):
        x = matrix(30, 9)
        share = np.linalg.eigvalsh(np.cov(x, rowvar=False))
        share = share / share.sum()
        want = math.prod(p**-p for p in share)
        assert EffectiveRank().fit(x).dimension_ == pytest.approx(want, rel=1e-10)
