"""Rows that repeat another: kept once, dropped or kept all."""

from __future__ import annotations

import numpy as np

from dimscope import NeighborGraph


def with_duplicates(rng):
    """300 rows, 120 of them copies of some of 60 others, in random order."""
    x = rng.normal(size=(180, 5))
    copies = np.repeat(x[:60], 2, axis=0)
    return rng.permutation(np.concatenate([x, copies]))


def assert_same(graph, other):
    np.testing.assert_array_equal(graph.indices, other.indices)
    np.testing.assert_allclose(graph.distances, other.distances, rtol=1e-12)


class TestDuplicates:
    x = with_duplicates(np.random.default_rng(0))
    unique, first, counts = np.unique(x, axis=0, return_index=True, return_counts=True)

    def test_first_keeps_one_of_each(self):
        graph = NeighborGraph.from_points(self.x, 4)
        assert (graph.n_samples, graph.n_duplicates) == (180, 120)
        np.testing.assert_array_equal(graph.original_rows, np.sort(self.first))
        assert_same(graph, NeighborGraph.from_points(self.x[np.sort(self.first)], 4))
        assert (graph.distances > 0).all()

    def test_drop_leaves_all_copies_out(self):
        graph = NeighborGraph.from_points(self.x, 4, duplicates="drop")
        lonely = np.sort(self.first[self.counts == 1])
        assert (graph.n_samples, graph.n_duplicates) == (120, 180)
        np.testing.assert_array_equal(graph.original_rows, lonely)
        assert_same(graph, NeighborGraph.from_points(self.x[lonely], 4))

    def test_keep_leaves_copies_at_distance_zero(self):
        graph = NeighborGraph.from_points(self.x, 4, duplicates="keep")
        assert (graph.n_samples, graph.n_duplicates) == (300, 0)
        np.testing.assert_array_equal(graph.original_rows, np.arange(300))
        assert (graph.distances == 0).sum() == 60 * 3 * 2
        assert (graph.indices != np.arange(300)[:, None]).all()

    def test_indices_are_positions_in_the_graph(self):
        graph = NeighborGraph.from_points(self.x, 4)
        rows = self.x[graph.original_rows]
        separation = np.linalg.norm(rows[:, None] - rows[graph.indices], axis=2)
        np.testing.assert_allclose(graph.distances, separation, rtol=1e-12)

    def test_minus_zero_is_zero(self):
        graph = NeighborGraph.from_points([[0.0, 1.0], [-0.0, 1.0], [2.0, 1.0]], 1)
        assert graph.n_duplicates == 1

    def test_almost_equal_is_not_equal(self):
        graph = NeighborGraph.from_points([[1.0], [np.nextafter(1.0, 2.0)], [3.0]], 1)
        assert graph.n_duplicates == 0
        assert graph.distances[0, 0] == np.spacing(1.0)
