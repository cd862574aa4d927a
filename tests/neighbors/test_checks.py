"""What is asked of a graph and cannot be answered is bad input."""

from __future__ import annotations

import numpy as np
import pytest

from dimscope import InputError, NeighborGraph


@pytest.mark.parametrize("ranks", [[], [0], [300], [5, -1]])
def test_ranks_out_of_range(ranks):
    graph = NeighborGraph.from_points(np.random.default_rng(0).normal(size=(300, 20)), 2)
    with pytest.raises(InputError, match="ranks must lie between 1 and 299"):
        graph.distances_at(ranks)


@pytest.mark.parametrize("radii", [[], [np.nan], [1.0, np.inf], [1.0, -2.0]])
def test_radii_that_are_none(radii):
    graph = NeighborGraph.from_points(np.random.default_rng(0).normal(size=(300, 20)), 2)
    with pytest.raises(InputError, match="give at least one, each finite and 0 or more"):
        graph.counts_within(radii)
