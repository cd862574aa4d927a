"""The binomial estimator: its formula, and the law of its local values."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats

import dimscope as ds
from dimscope import Binomial, NeighborGraph


def torus(dimension, seed, n=1500):
    points = ds.manifolds.flat_torus(dimension).draw(np.random.default_rng(seed), n)
    return NeighborGraph.from_distances(ds.manifolds.periodic_distances(points), 20)


class TestBinomial:
    @pytest.mark.parametrize(("k", "ratio"), [(2, 0.6), (10, 0.5), (20, 0.9)])
    def test_is_the_formula(self, k, ratio):
        x = np.random.default_rng(0).normal(size=(200, 4))
        inside = 0
        for i, point in enumerate(x):
            r = sorted(math.dist(point, other) for j, other in enumerate(x) if j != i)[:k]
            inside += sum(d <= ratio * r[-1] for d in r[:-1])
        share = inside / (200 * (k - 1))
        estimate = Binomial(n_neighbors=k, ratio=ratio).fit(x).estimate_
        assert estimate.value == pytest.approx(math.log(share) / math.log(ratio), rel=1e-9)

    @pytest.mark.statistical
    @pytest.mark.parametrize("dimension", [1, 2, 5])
    def test_local_values_follow_the_binomial_law(self, dimension):
        """On a torus the points nearer than the k-th are k - 1 trials, of chance q^d = 0.2."""
        k, ratio = 20, 0.2 ** (1 / dimension)
        pooled = np.concatenate(
            [Binomial(ratio=ratio).estimate_local(torus(dimension, s)).values for s in range(10)]
        )
        inside = np.arange(1, k - 1)
        chances = scipy.stats.binom.pmf(inside, k - 1, 0.2)
        values = np.log(inside / (k - 1)) / math.log(ratio)
        mean = chances @ values / chances.sum()
        assert np.isnan(pooled).mean() == pytest.approx(1 - chances.sum(), abs=0.005)
        assert np.nanmean(pooled) == pytest.approx(mean, rel=0.02)
        assert np.nanstd(pooled) == pytest.approx(
            math.sqrt(chances @ (values - mean) ** 2 / chances.sum()), rel=0.05
        )
        bias = (1 - 0.2) / (2 * 0.2 * (k - 1) * -math.log(ratio))
        assert np.nanmean(pooled) - dimension == pytest.approx(bias, rel=0.3)

    def test_points_with_all_or_none_inside_have_no_local_value(self):
        x = np.array([0.0, 0, 0, 0, 100, 101, 101.5, 104, 200, 201, 201.1, 201.15])[:, None]
        graph = NeighborGraph.from_points(x, 3, duplicates="keep")
        values = Binomial(n_neighbors=3, ratio=0.5).estimate_local(graph).values
        assert np.isnan(values[:4]).all()  # copies, and r_3 = 0
        assert graph.distances[6].tolist() == [0.5, 1.5, 2.5]
        assert values[6] == pytest.approx(1.0)  # half of two
        assert np.isnan(values[8])  # 1 and 1.1 of 1.15: none
        assert np.isnan(values[11])  # 0.05 and 0.15 of 1.15: all

    @pytest.mark.parametrize(
        ("estimator", "message"),
        [
            (Binomial(n_neighbors=1), "n_neighbors=1 must be at least 2"),
            (Binomial(ratio=1.0), "ratio=1.0 must lie between 0 and 1"),
            (Binomial(ratio=1e-9), "0 of 950 neighbours lie within 1e-09 times"),
        ],
    )
    def test_what_it_refuses(self, estimator, message):
        with pytest.raises(ds.InputError, match=message):
            estimator.fit(np.random.default_rng(0).normal(size=(50, 3)))
