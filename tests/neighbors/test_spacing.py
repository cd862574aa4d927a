"""The first distances of each point are known however few neighbours are asked for."""

import numpy as np
import pytest

from dimscope.neighbors import RANKS, NeighborGraph

X = np.random.default_rng(0).normal(size=(60, 5))


@pytest.mark.parametrize("n_neighbors", [1, 2, 12, 20])
def test_spacing_does_not_depend_on_what_is_asked(n_neighbors):
    graph = NeighborGraph.from_points(X, n_neighbors)
    every = NeighborGraph.from_points(X, 59)
    assert graph.distances.shape == graph.indices.shape == (60, n_neighbors)
    np.testing.assert_allclose(graph.spacing.distances, every.distances[:, :RANKS], rtol=1e-12)
    assert np.array_equal(graph.spacing.indices, every.indices[:, :RANKS])


def test_few_points_have_all_their_distances():
    graph = NeighborGraph.from_points(X[:4], 1)
    assert graph.spacing.distances.shape == (4, 3)


def test_given_distances_have_a_spacing_without_rounding():
    distances = np.linalg.norm(X[:, None] - X, axis=2)
    graph = NeighborGraph.from_distances(distances, 2)
    assert graph.spacing.distances.shape == (60, RANKS)
    assert graph.spacing.rounding is None


def test_infinite_distances_shorten_the_spacing_and_not_the_graph():
    distances = np.full((40, 40), np.inf)
    for i in range(0, 40, 4):
        distances[i : i + 4, i : i + 4] = np.linalg.norm(X[i : i + 4, None] - X[i : i + 4], axis=2)
    graph = NeighborGraph.from_distances(distances, 2)
    assert graph.distances.shape == graph.spacing.distances.shape == (40, 2)


def test_lists_show_what_they_hold_and_subsets_nothing():
    graph = NeighborGraph.from_points(X, 5)
    lists = NeighborGraph.from_neighbors(graph.distances, graph.indices)
    assert lists.spacing.distances.shape == (60, 5)
    assert graph.subset(np.arange(30), 2).spacing is None


def test_rounding_of_each_point_is_that_of_its_own_size():
    x = (X * np.geomspace(1, 1000, 60)[:, None]).astype(np.float32)
    graph = NeighborGraph.from_points(x, 2)
    size = np.linalg.norm(x.astype(float), axis=1)
    np.testing.assert_allclose(graph.spacing.rounding, 2.0**-24 * size, rtol=1e-12)
