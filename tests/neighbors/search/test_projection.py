"""Few coordinates: bounds that hold, the same neighbours, and where they pay."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from naive_graphs import naive_neighbors
from search_clouds import N

from dimscope import NeighborGraph
from dimscope.neighbors.search.blocks import Matrix
from dimscope.neighbors.search.projection import PAYS, worthwhile_projection
from dimscope.neighbors.search.sample import Sample
from dimscope.points import as_points

K = 10


@pytest.mark.parametrize("offset", [0, 100])
def test_a_projection_finds_the_same_where_variance_lies_in_few_directions(offset):
    x = np.random.default_rng(10).normal(size=(N, 2000)) / np.arange(1, 2001) ** 1.5 + offset
    matrix, rows = Matrix.of(as_points(x)), np.arange(N)
    with ThreadPoolExecutor(1) as executor:
        assert worthwhile_projection(Sample.of(matrix, rows), K, PAYS, executor) is not None
    distances, indices = naive_neighbors(x, K)
    graph = NeighborGraph.from_points(x, K)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)


def test_a_projection_never_lengthens_a_distance():
    x = np.random.default_rng(11).normal(size=(N, 2000)) / np.arange(1, 2001) ** 1.5 + 100
    matrix, rows = Matrix.of(as_points(x)), np.arange(N)
    with ThreadPoolExecutor(1) as executor:
        projection = worthwhile_projection(Sample.of(matrix, rows), K, PAYS, executor)
    y, error = projection.matrix.values, projection.error
    for i in range(0, N, 50):
        bound = np.linalg.norm(y - y[i], axis=1) - error - error[i]
        assert (bound <= np.linalg.norm(x - x[i], axis=1) * (1 + 1e-12)).all()


def test_no_projection_where_all_directions_are_alike():
    matrix = Matrix.of(as_points(np.random.default_rng(12).normal(size=(N, 300))))
    with ThreadPoolExecutor(1) as executor:
        assert worthwhile_projection(Sample.of(matrix, np.arange(N)), K, PAYS, executor) is None
