"""Points that several tests of estimators look at, with their distances in the plainest way."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
from scipy.spatial import cKDTree

from dimscope import NeighborGraph
from dimscope.manifolds import periodic_distances


def on_sphere(n=300, d=4, seed=0):
    """Points on the unit sphere of d dimensions."""
    x = np.random.default_rng(seed).normal(size=(n, d + 1))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def naive_distances(x):
    """All distances to the others, ascending, of each point."""
    return np.array(
        [sorted(math.dist(a, b) for j, b in enumerate(x) if j != i) for i, a in enumerate(x)]
    )


#: Points on a sphere, their sorted distances, their graph, and r_2 / r_1.
X = on_sphere()
R = naive_distances(X)
GRAPH = NeighborGraph.from_points(X, 40)
MU = R[:, 1] / R[:, 0]


def log_likelihood_of_rho(d, k):
    """The published density of rho = r_1 / r_(k+1) at these points, as MiND-ML has it."""
    rho = R[:, 0] / R[:, k]
    return np.sum(np.log(k * d) + (d - 1) * np.log(rho) + (k - 1) * np.log(1 - rho**d))


#: Points on a lattice, and bits.
_RNG = np.random.default_rng(0)
LEVELS = _RNG.integers(0, 12, size=(400, 3))
BITS = _RNG.integers(0, 2, size=(400, 20))


def almost_even_grids():
    """A grid on which many distances are equal, and the same moved by 1e-9, so that none are."""
    x = np.stack(np.meshgrid(np.arange(15.0), np.arange(15.0)), axis=-1).reshape(-1, 2)
    x[::9] += [0.3, 0.1]
    return x, x + 1e-9 * np.random.default_rng(0).normal(size=x.shape)


def l1_distances(x):
    """L1 distances of all pairs."""
    return np.array([np.abs(a - b).sum() for a, b in itertools.combinations(x, 2)])


#: Neighbours in the graphs of `tori`.
K = 16


@functools.cache
def tori(dimension):
    """Graphs of 400 draws of 500 points on a flat torus, which has no edges and no curvature."""
    rng = np.random.default_rng([dimension, 0])
    return [_periodic_graph(rng.random((500, dimension))) for _ in range(400)]


def _periodic_graph(x):
    """The graph of points in the unit cube whose opposite faces are glued together."""
    distances, indices = cKDTree(x, boxsize=1.0).query(x, K + 1)
    return NeighborGraph.from_neighbors(distances, indices)


def stderr_over_scatter(estimates):
    """The mean standard error of independent draws in units of their scatter."""
    values = [estimate.value for estimate in estimates]
    return np.mean([estimate.stderr for estimate in estimates]) / np.std(values, ddof=1)


def torus(rng, dimension):
    """A graph of 300 points on a flat torus that knows all distances."""
    return NeighborGraph.from_distances(periodic_distances(rng.random((300, dimension))), 32)


def matrix(n=7, d=5, seed=0):
    """Rows of features whose variances differ."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * rng.uniform(0.2, 2, size=d) + rng.normal(size=d)


def with_spectrum(eigenvalues, n=200, seed=0):
    """A Gaussian sample whose population covariance has the given eigenvalues."""
    return np.random.default_rng(seed).normal(size=(n, len(eigenvalues))) * np.sqrt(eigenvalues)
