"""Levina-Bickel against its formula, and scikit-dimension."""

from __future__ import annotations

import math

import numpy as np
import pytest
import skdim
from known_points import GRAPH, R, X

from dimscope import Gride, LevinaBickel


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

    def test_the_divisor_of_one_point_makes_averages_rise_with_k(self):
        # Pope et al. (2021) average inverses with k - 2, which one point needs and averages do not
        ks = (3, 5, 10, 20)
        ours = [LevinaBickel(n_neighbors=k).estimate(GRAPH).value for k in ks]
        theirs = []
        for k, value in zip(ks, ours, strict=True):
            inverses = [sum(math.log(r[k - 1] / r[j]) for j in range(k - 1)) / (k - 2) for r in R]
            theirs.append(1 / np.mean(inverses))
            assert theirs[-1] == pytest.approx(value * (k - 2) / (k - 1), rel=1e-8)
        assert np.all(np.diff(theirs) > 0.2)
        assert np.ptp(ours) < 0.4
