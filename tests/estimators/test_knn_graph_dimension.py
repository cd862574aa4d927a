"""The growth of the graph of k neighbours."""

from __future__ import annotations

import numpy as np
import skdim

import dimscope as ds


def test_scikit_dimension_sees_few_points_of_its_graph():
    """Its default takes 3 to 6 points, drawn with replacement."""
    x = ds.manifolds.cube(5).sample(400, rng=0)
    peers = [skdim.id.KNN(random_state=seed).fit(x).dimension_ for seed in range(20)]
    found = [ds.KNNGraphDimension(rng=seed).fit(x).dimension_ for seed in range(20)]
    assert np.std(found) < 0.3 < np.std(peers)
