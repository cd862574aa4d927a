"""MADA against its formula, and scikit-dimension."""

from __future__ import annotations

import math

import numpy as np
import pytest
import skdim
from known_points import GRAPH, R, X

from dimscope import MADA, NeighborGraph


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
