"""Estimates on blocks of points."""

from __future__ import annotations

import dimscope as ds
from dimscope.estimators import make_estimators
from dimscope.measurement import block_levels


def test_blocks_for_which_given_lists_are_too_short_are_left_out():
    graph = ds.NeighborGraph.from_points(ds.manifolds.sphere(2).sample(800, rng=0), 40)
    lists = ds.NeighborGraph.from_neighbors(graph.distances, graph.indices)
    levels = block_levels(make_estimators("two_nn"), lists)["two_nn"]
    assert [(level.n_samples, len(level.values)) for level in levels] == [(400, 2), (200, 3)]
