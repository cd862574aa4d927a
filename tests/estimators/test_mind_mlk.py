"""MiND-MLk against its likelihood, and scikit-dimension."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.optimize
import skdim
from known_points import GRAPH, R, X, almost_even_grids, log_likelihood_of_rho

from dimscope import Gride, MiNDMLk, NeighborGraph


@pytest.mark.parametrize("k", [1, 2, 10, 20])
def test_is_the_maximum_of_the_likelihood(k):
    found = scipy.optimize.minimize_scalar(
        lambda d: -log_likelihood_of_rho(d, k), bounds=(0.5, 50), options={"xatol": 1e-10}
    )
    estimate = MiNDMLk(n_neighbors=k + 1).estimate(GRAPH)
    assert estimate.value == pytest.approx(found.x, rel=1e-6)
    assert estimate.scale == pytest.approx(R[:, k].mean())


def test_with_two_neighbours_it_is_two_nn():
    two = MiNDMLk(n_neighbors=2).estimate(GRAPH)
    gride = Gride(n1=1).estimate(GRAPH)
    assert (two.value, two.stderr) == (gride.value, gride.stderr)


@pytest.mark.parametrize("k", [10, 20])
def test_scikit_dimension_agrees_below_its_largest_dimension(k):
    # version 0.5.0; its search ends when a step changes little
    peer = skdim.id.MiND_ML(k=k).fit(X).dimension_
    assert MiNDMLk(n_neighbors=k + 1).estimate(GRAPH).value == pytest.approx(peer, rel=1e-4)


def test_scikit_dimension_answers_10_where_there_are_more():
    x = np.random.default_rng(0).normal(size=(300, 30))
    assert skdim.id.MiND_ML().fit(x).dimension_ == 10
    assert MiNDMLk().fit(x).dimension_ > 15


def test_no_largest_dimension_bounds_the_search():
    x = np.random.default_rng(0).normal(size=(1000, 40))
    assert MiNDMLk().fit(x).dimension_ > 20


def test_equal_distances_count_as_the_limit_of_almost_equal_ones():
    graphs = (
        replace(NeighborGraph.from_points(x, 5), spacing=None, n_features=None)
        for x in almost_even_grids()
    )
    exact, near = (MiNDMLk(n_neighbors=4).estimate(graph).value for graph in graphs)
    assert exact == pytest.approx(near, rel=1e-6)
