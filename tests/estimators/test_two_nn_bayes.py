"""The posterior of TwoNN against numerical integrals, and its width against the scatter."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
from known_points import GRAPH, MU, stderr_over_scatter, tori

from dimscope import TwoNNBayes
from dimscope.estimators._shared.dependence import dependence


class TestTwoNNBayes:
    @pytest.mark.parametrize(("shape", "rate", "credibility"), [(2.0, 0.5, 0.95), (50, 40, 0.5)])
    def test_is_the_posterior_of_the_pareto_law(self, shape, rate, credibility):
        mode = len(MU) / np.log(MU).sum()

        def log_density(d):
            prior = (shape - 1) * np.log(d) - rate * d
            return prior + len(MU) * np.log(d) - (d + 1) * np.log(MU).sum()

        def moment(function, low=1e-9, high=10 * mode):
            return scipy.integrate.quad(
                lambda d: function(d) * math.exp(log_density(d) - log_density(mode)),
                low,
                high,
                points=[mode] if low < mode < high else None,
                epsabs=0,
                epsrel=1e-10,
                limit=500,
            )[0]

        norm = moment(lambda d: 1.0)
        mean = moment(lambda d: d) / norm
        estimate = TwoNNBayes(prior_shape=shape, prior_rate=rate, credibility=credibility).estimate(
            GRAPH
        )
        assert estimate.value == pytest.approx(mean, rel=1e-8)
        spread = math.sqrt(moment(lambda d: (d - mean) ** 2) / norm)
        assert estimate.stderr == pytest.approx(spread, rel=1e-7)
        low, high = estimate.interval
        assert moment(lambda d: 1.0, high=low) / norm == pytest.approx((1 - credibility) / 2, 1e-7)
        assert moment(lambda d: 1.0, low=low, high=high) / norm == pytest.approx(credibility, 1e-7)


@pytest.mark.statistical
@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_the_posterior_is_too_narrow_by_what_its_note_says(dimension):
    estimates = [TwoNNBayes().estimate(graph) for graph in tori(dimension)]
    factor = dependence("gride", 2, dimension)
    assert 0.87 < factor * stderr_over_scatter(estimates) < 1.15
    assert f"about {factor:.1f} times as large" in estimates[0].notes[-1]
