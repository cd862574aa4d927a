"""Gride against its likelihood written out, and its curve over scales."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
from known_points import GRAPH, MU, R, X, almost_even_grids, naive_distances

from dimscope import Gride, NeighborGraph, TwoNNMLE
from dimscope.estimators._shared.dependence import dependence


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
        x, nudged = almost_even_grids()
        r = naive_distances(x)
        assert 0.2 < np.mean(r[:, 3] == r[:, 1]) < 0.8
        graphs = (
            replace(NeighborGraph.from_points(a, 4), spacing=None, n_features=None)
            for a in (x, nudged)
        )
        exact, near = (Gride(n1=2).estimate(graph).value for graph in graphs)
        assert exact == pytest.approx(near, rel=1e-6)


@pytest.mark.statistical
def test_noise_shows_at_small_scales_and_the_line_at_large_ones():
    rng = np.random.default_rng(0)
    noisy = rng.random((2000, 1)) * np.eye(1, 5) + 1e-3 * rng.normal(size=(2000, 5))
    curve = Gride().scan(NeighborGraph.from_points(noisy, 128))
    assert curve.values[0] > 2
    assert curve.values[-1] == pytest.approx(1.0, abs=0.1)
    assert (np.diff(curve.scales) > 0).all()
