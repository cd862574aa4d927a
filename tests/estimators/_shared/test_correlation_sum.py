"""Both correlation estimators: known dimensions, and errors against the scatter."""

from __future__ import annotations

import numpy as np
import pytest
from known_points import torus

from dimscope import CorrelationDimension, CorrelationIntegral, NeighborGraph
from dimscope.manifolds import make_manifold


@pytest.mark.statistical
@pytest.mark.parametrize("name", ["sphere", "swiss_roll", "flat_torus", "sierpinski", "koch"])
def test_known_dimensions(name):
    manifold = make_manifold(name)
    graph = NeighborGraph.from_points(manifold.sample(2000, rng=0), 64)
    for estimator in (CorrelationIntegral(), CorrelationDimension()):
        assert estimator.estimate(graph).value == pytest.approx(manifold.dimension, rel=0.05)


def gaussian(rng, dimension):
    return NeighborGraph.from_points(rng.normal(size=(300, dimension)), 32)


def log_normal(rng, dimension):
    """A few dense regions hold most of the pairs."""
    return NeighborGraph.from_points(np.exp(rng.normal(size=(300, dimension))), 32)


@pytest.mark.statistical
@pytest.mark.parametrize("dimension", [1, 2, 5])
@pytest.mark.parametrize("make", [torus, gaussian, log_normal])
def test_the_error_is_the_scatter(make, dimension):
    """150 draws know a scatter to 6 % and a coverage of 95 % to 2 %."""
    rng = np.random.default_rng(dimension)
    graphs = [make(rng, dimension) for _ in range(150)]
    estimators = [CorrelationIntegral()]
    if make is torus:  # elsewhere the choice of the range scatters too
        estimators.append(CorrelationDimension(n_neighbors=32))
    for estimator in estimators:
        estimates = [estimator.estimate(graph) for graph in graphs]
        ratio = np.mean([e.stderr for e in estimates]) / np.std([e.value for e in estimates])
        assert 0.75 < ratio < 1.35
        if make is torus:
            covered = [e.interval[0] < dimension < e.interval[1] for e in estimates]
            assert np.mean(covered) > 0.9
