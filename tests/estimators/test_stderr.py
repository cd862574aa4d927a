"""Standard errors and intervals against the scatter of many draws.

The draws are uniform on flat periodic tori, which have neither edges nor curvature: what is left
is the sampling error, with the dependence between points that share neighbours.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from scipy.spatial import cKDTree

from dimscope import (
    MADA,
    MOM,
    Binomial,
    Gride,
    LevinaBickel,
    MiNDMLk,
    NeighborGraph,
    TwoNN,
    TwoNNBayes,
    TwoNNMLE,
)
from dimscope.estimators._base import NEIGHBOR_DEPENDENCE
from dimscope.estimators.two_nn import _relative_stderr

N, DRAWS, K = 500, 400, 10


@functools.cache
def tori(dimension):
    rng = np.random.default_rng([dimension, 0])
    return [periodic_graph(rng.random((N, dimension))) for _ in range(DRAWS)]


def periodic_graph(x):
    """The graph of points in the unit cube whose opposite faces are glued together."""
    distances, indices = cKDTree(x, boxsize=1.0).query(x, K + 1)
    return NeighborGraph.from_neighbors(distances, indices)


def stderr_over_scatter(estimates):
    values = [estimate.value for estimate in estimates]
    return np.mean([estimate.stderr for estimate in estimates]) / np.std(values, ddof=1)


@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize(
    "estimator",
    [
        TwoNN(),
        TwoNN(discard_fraction=0.0),
        TwoNNMLE(),
        Gride(n1=2),
        LevinaBickel(n_neighbors=K),
        MOM(n_neighbors=K),
        MADA(n_neighbors=K),
        MiNDMLk(n_neighbors=K),
        Binomial(n_neighbors=K),
        Binomial(n_neighbors=K, ratio=0.5),
    ],
    ids=repr,
)
def test_the_error_is_the_scatter_and_the_interval_covers(dimension, estimator):
    """400 draws know a scatter to 3.5 % and a coverage of 95 % to 1.1 %."""
    estimates = [estimator.estimate(graph) for graph in tori(dimension)]
    assert 0.8 < stderr_over_scatter(estimates) < 1.25
    covered = [e.interval[0] < dimension < e.interval[1] for e in estimates]
    assert 0.90 <= np.mean(covered) <= 0.99


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_the_posterior_is_too_narrow_by_what_its_note_says(dimension):
    estimates = [TwoNNBayes().estimate(graph) for graph in tori(dimension)]
    assert 0.8 < NEIGHBOR_DEPENDENCE * stderr_over_scatter(estimates) < 1.25
    assert f"about {NEIGHBOR_DEPENDENCE} times as large" in estimates[0].notes[-1]


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_local_estimates_follow_their_law(dimension):
    """Each local Levina-Bickel estimate is (k-2) d / Gamma(k-1); here 200,000 of them.

    MOM is biased by what its docstring says, to first order in 1/k, and the median of MADA right.
    """

    def pooled(estimator):
        return np.concatenate([estimator.estimate_local(g).values for g in tori(dimension)])

    values = pooled(LevinaBickel(n_neighbors=K))
    assert values.mean() == pytest.approx(dimension, rel=0.01)
    assert values.std() == pytest.approx(dimension / math.sqrt(K - 3), rel=0.03)
    bias = dimension * (dimension + 1) / ((dimension + 2) * (K - 1))
    assert pooled(MOM(n_neighbors=K)).mean() - dimension == pytest.approx(bias, rel=0.2)
    assert np.median(pooled(MADA(n_neighbors=K))) == pytest.approx(dimension, rel=0.01)


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
