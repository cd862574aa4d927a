"""Spanning trees against all distances."""

from __future__ import annotations

import numpy as np
import pytest
from naive_graphs import all_distances, naive_tree

import dimscope as ds
from dimscope.estimators._shared.trees import _Parts, spanning_tree


def clouds():
    rng = np.random.default_rng(0)
    clusters = [10.0**-j * rng.normal(size=(40, 5)) + 30 * rng.normal(size=5) for j in range(6)]
    lattice = np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), -1).reshape(-1, 2)
    return {
        "gaussian": rng.normal(size=(250, 8)),
        "heavy tails": rng.standard_t(1.2, size=(250, 4)),
        "clusters": np.concatenate(clusters),
        "ties": lattice,
        "outlier": np.concatenate([rng.normal(size=(200, 3)), [[1e6, 0, 0]]]),
        "a far twin": np.concatenate([rng.normal(size=(100, 3)), 1e6 + rng.normal(size=(50, 3))]),
    }


class TestSpanningTree:
    @pytest.mark.parametrize("k", [1, 3, 20])
    @pytest.mark.parametrize("name", clouds())
    def test_is_that_of_all_distances(self, name, k):
        x = clouds()[name]
        lengths = spanning_tree(ds.NeighborGraph.from_points(x, k))
        assert len(lengths) == len(x) - 1
        np.testing.assert_allclose(np.sort(lengths), naive_tree(x), rtol=1e-9)

    def test_searches_only_where_the_lists_leave_doubt(self, monkeypatch):
        asked = []
        way_out = _Parts.way_out
        monkeypatch.setattr(
            _Parts, "way_out", lambda *given: asked.append(given) or way_out(*given)
        )
        spanning_tree(ds.NeighborGraph.from_points(clouds()["gaussian"], 20))
        assert asked == []
        spanning_tree(ds.NeighborGraph.from_points(clouds()["clusters"], 10))
        assert 5 <= len(asked) <= 10

    def test_of_copies_that_are_kept(self):
        x = np.random.default_rng(0).normal(size=(60, 3))
        graph = ds.NeighborGraph.from_points(np.concatenate([x, x[:7]]), 4, duplicates="keep")
        lengths = np.sort(spanning_tree(graph))
        assert (lengths[:7] == 0).all()
        np.testing.assert_allclose(lengths[7:], naive_tree(x), rtol=1e-9)

    def test_of_distances_alone(self):
        x = clouds()["clusters"]
        graph = ds.NeighborGraph.from_distances(all_distances(x), 5)
        np.testing.assert_allclose(np.sort(spanning_tree(graph)), naive_tree(x), rtol=1e-9)

    def test_of_lists_that_leave_doubt(self):
        full = ds.NeighborGraph.from_points(clouds()["clusters"], 5)
        lists = ds.NeighborGraph.from_neighbors(full.distances, full.indices)
        with pytest.raises(ds.InputError, match="that their given lists of 5 do not hold"):
            spanning_tree(lists)
