"""TwoNN's linear fit: its definition, its law on exact ratios, and scikit-dimension."""

from __future__ import annotations

import math

import numpy as np
import pytest
import skdim
from known_points import GRAPH, MU, R, X, naive_distances, on_sphere

from dimscope import NeighborGraph, TwoNN
from dimscope.estimators.two_nn import _relative_stderr


class TestTwoNN:
    @pytest.mark.parametrize("discard", [0.0, 0.1, 0.5])
    def test_is_the_line_through_the_origin(self, discard):
        n = len(MU)
        x = np.log(np.sort(MU))
        share = np.arange(1, n + 1) / n
        points = [(x[i], -math.log(1 - share[i])) for i in range(n) if share[i] < 1]
        kept = np.array(points[: math.floor((1 - discard) * n)])
        slope, *_ = np.linalg.lstsq(kept[:, :1], kept[:, 1])
        estimate = TwoNN(discard_fraction=discard).estimate(GRAPH)
        assert estimate.value == pytest.approx(slope[0], rel=1e-8)
        assert estimate.scale == pytest.approx(R[:, 1].mean())
        assert estimate.n_samples == n

    def test_leaves_out_equal_and_zero_distances(self):
        x = np.concatenate([on_sphere(100, 2), [[5.0, 5, 5], [5, 5, 6], [5, 6, 5]]])
        x = np.concatenate([x, x[:7]])
        graph = NeighborGraph.from_points(x, 2, duplicates="keep")
        alone = NeighborGraph.from_points(x[:103], 2).subset(np.arange(100), 2)
        r = naive_distances(x)[:, :2]
        usable = r[(r[:, 0] > 0) & (r[:, 0] < r[:, 1])]
        estimate = TwoNN().estimate(graph)
        assert estimate.n_samples == len(usable) < 100
        assert estimate.value != TwoNN().estimate(alone).value
        assert any("14 of 110 points with r_1 = 0" in note for note in estimate.notes)

    def test_scikit_dimension_agrees(self):
        # version 0.5.0: the same F_i = i/N and the same share kept; 3.8734 on these points
        peer = skdim.id.TwoNN(discard_fraction=0.1).fit(X).dimension_
        assert TwoNN().estimate(GRAPH).value == pytest.approx(peer, rel=1e-8)


@pytest.mark.parametrize("n", [50, 200])
def test_the_shares_of_two_nn_are_those_of_the_paper(n):
    """i / N, as published; (i - 1) / N, as some codes have it, gives 3.3 / N of the dimension less.

    On exact Pareto ratios of d = 1 both are biased, by about 2 / N and -1.3 / N.
    """
    x = np.sort(np.random.default_rng(0).exponential(size=(4000, n)), axis=1)[:, : int(0.9 * n)]
    rank = np.arange(1, x.shape[1] + 1)
    slopes = [
        float(np.mean((x @ -np.log1p(-share)) / (x**2).sum(axis=1)))
        for share in (rank / n, (rank - 1) / n)
    ]
    assert 1.5 / n < slopes[0] - 1 < 2.5 / n  # 4,000 fits know the mean to 0.2 / n at most
    assert -1.8 / n < slopes[1] - 1 < -0.8 / n


@pytest.mark.parametrize("discard", [0.0, 0.1, 0.5, 0.9])
def test_the_linear_fit_on_independent_ratios(discard):
    """2,000 simulated fits know their scatter to 1.6 %; ln mu is exponential, here of d = 1."""
    n = 1000
    kept = min(int((1 - discard) * n), n - 1)
    x = np.sort(np.random.default_rng(0).exponential(size=(2000, n)), axis=1)[:, :kept]
    y = -np.log(1 - np.arange(1, kept + 1) / n)
    slopes = (x @ y) / (x**2).sum(axis=1)
    scatter = math.sqrt(n) * slopes.std(ddof=1)
    assert scatter == pytest.approx(_relative_stderr(kept / n), rel=0.06)


def test_the_linear_fit_of_all_ratios_has_relative_variance_five_quarters():
    assert _relative_stderr(1.0) == pytest.approx(math.sqrt(5 / 4), rel=1e-6)


def test_the_default_error_is_the_documented_multiple():
    assert _relative_stderr(0.9) == pytest.approx(1.08, abs=0.005)


@pytest.mark.statistical
@pytest.mark.parametrize(("dimension", "known"), [(10, 9.6), (20, 15.8), (50, 28.9)])
def test_underestimate_of_high_dimensions_at_450_points(dimension, known):
    """Independent simulations of the linear fit on Gaussians, which are uncertain by some 3 %.

    The mean of 40 draws has a standard error below 1 %.
    """
    rng = np.random.default_rng(0)
    values = [TwoNN().fit(rng.normal(size=(450, dimension))).dimension_ for _ in range(40)]
    assert np.std(values, ddof=1) / np.sqrt(40) < 0.01 * known
    assert np.mean(values) == pytest.approx(known, rel=0.03)
