"""MiND-MLi against the likelihood of every integer, and scikit-dimension."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import skdim
from known_points import GRAPH, X, almost_even_grids, log_likelihood_of_rho

from dimscope import MiNDMLi, NeighborGraph


@pytest.mark.parametrize("k", [1, 2, 10, 20])
def test_is_the_most_likely_integer(k):
    integers = np.arange(1, 50)
    best = integers[np.argmax([log_likelihood_of_rho(d, k) for d in integers])]
    assert MiNDMLi(n_neighbors=k + 1).estimate(GRAPH).value == best


@pytest.mark.parametrize("k", [10, 20])
def test_scikit_dimension_agrees_below_its_largest_dimension(k):
    # version 0.5.0
    peer = skdim.id.MiND_ML(k=k, ver="MLi").fit(X).dimension_
    assert MiNDMLi(n_neighbors=k + 1).estimate(GRAPH).value == peer


def test_no_largest_dimension_bounds_the_search():
    x = np.random.default_rng(0).normal(size=(1000, 40))
    assert MiNDMLi().fit(x).dimension_ > 20


def test_equal_distances_count_as_the_limit_of_almost_equal_ones():
    graphs = (
        replace(NeighborGraph.from_points(x, 5), spacing=None, n_features=None)
        for x in almost_even_grids()
    )
    exact, near = (MiNDMLi(n_neighbors=4).estimate(graph).value for graph in graphs)
    assert exact == near
