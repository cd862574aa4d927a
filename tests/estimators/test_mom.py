"""MOM against its formula, and what scikit-dimension averages more."""

from __future__ import annotations

import numpy as np
import pytest
import skdim
from known_points import GRAPH, R, X

from dimscope import MOM


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
