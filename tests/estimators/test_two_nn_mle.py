"""TwoNN by maximum likelihood: its formula, and scikit-dimension."""

from __future__ import annotations

import math

import numpy as np
import pytest
import skdim
from known_points import GRAPH, MU, X

from dimscope import NeighborGraph, TwoNNMLE
from dimscope.estimators._shared.dependence import dependence


class TestTwoNNMLE:
    def test_is_the_unbiased_maximum_of_likelihood(self):
        estimate = TwoNNMLE().estimate(GRAPH)
        assert estimate.value == pytest.approx((len(MU) - 1) / np.log(MU).sum(), rel=1e-8)
        error = dependence("gride", 2, estimate.value) * estimate.value / math.sqrt(len(MU))
        assert estimate.stderr == pytest.approx(error, rel=1e-8)
        low, high = estimate.interval
        assert (high - low) / 2 == pytest.approx(1.96 * error, rel=1e-4)
        assert (high + low) / 2 == pytest.approx(estimate.value)

    def test_ratios_left_out_without_correction_would_raise_it_by_a_third(self):
        """The mean of ln mu below its quantile 0.9 is 0.744 / d: 1.34 d, of any sample size.

        So all ratios enter; scikit-dimension 0.5.0 leaves out a tenth and corrects for it.
        """
        x = np.random.default_rng(0).random((4000, 3))
        graph = NeighborGraph.from_points(x, 2)
        log_mu = np.sort(np.log(graph.distances[:, 1] / graph.distances[:, 0]))
        kept = log_mu[:3600]
        low = 1 + 0.1 * math.log(0.1) / 0.9  # E[t | t < -ln 0.1] of an exponential law
        ours = TwoNNMLE().estimate(graph).value
        assert (len(kept) - 1) / kept.sum() == pytest.approx(ours / low, rel=0.03)
        peer = skdim.id.TwoNN(discard_fraction=0.1, method="mle").fit(x).dimension_
        assert peer == pytest.approx(ours, rel=0.03)

    @pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning:skdim")  # a line for plots
    def test_scikit_dimension_agrees(self):
        peer = skdim.id.TwoNN(discard_fraction=0, method="mle").fit(X).dimension_
        assert TwoNNMLE().estimate(GRAPH).value == pytest.approx(peer, rel=1e-8)
