"""Counts within some distances, of many points in memory, against all distances."""

from __future__ import annotations

import numpy as np
import pytest
from naive_graphs import squared_distances
from search_clouds import CLOUDS, N, gaussian

from dimscope import NeighborGraph
from dimscope.neighbors.search import counts as _counts
from dimscope.neighbors.search.blocks import Matrix
from dimscope.neighbors.search.certified import Tiling
from dimscope.points import as_points

K = 10


@pytest.mark.parametrize("cloud", CLOUDS)
def test_counts_are_those_of_direct_differences(cloud):
    x = np.unique(cloud(np.random.default_rng(0)), axis=0)
    distances = np.sort(np.sqrt(squared_distances(x)), axis=1)
    radii = np.median(distances[:, [K // 2, 2 * K]], axis=0) * (1 + 1e-9)
    want = (distances[:, :, None] <= radii).sum(axis=1)
    for n_neighbors in (1, K):
        graph = NeighborGraph.from_points(x, n_neighbors, near_copies="keep")
        np.testing.assert_array_equal(graph.counts_within(radii.tolist()), want)


class TestCounts:
    QUERIES, POOL = np.arange(0, N, 3), np.arange(N - 1, -1, -2)  # some are in both

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("size", [37, None])
    def test_of_some_points_among_others(self, dtype, size):
        x = gaussian(np.random.default_rng(0)).astype(dtype)
        squared = np.sort(((x[self.QUERIES, None].astype(float) - x[self.POOL]) ** 2).sum(axis=2))
        radii = np.median(squared[:, [2, 8]], axis=0)
        itself = np.isin(self.QUERIES, self.POOL)
        found = _counts.counts_within(
            Matrix.of(as_points(x)), self.QUERIES, self.POOL, radii, Tiling(dtype=dtype, size=size)
        )
        want = (squared[:, :, None] <= radii).sum(axis=1) - itself[:, None]
        np.testing.assert_array_equal(found, want)

    @pytest.mark.parametrize("radius", [1e3, 1e30, 1e150])
    def test_too_many_pairs_are_left_to_products_in_float64(self, radius):
        x = gaussian(np.random.default_rng(0))
        every = np.arange(N)
        matrix = Matrix.of(as_points(x))
        assert _counts.counts_within(matrix, every, every, np.array([radius**2]), Tiling()) is None
        counts = NeighborGraph.from_points(x, 1).counts_within([radius])
        assert (counts == N - 1).all()
