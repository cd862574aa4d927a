"""Graphs over all distances, made in the plainest way."""

from __future__ import annotations

import numpy as np
import scipy.spatial.distance


def all_distances(x):
    """Distances of all pairs, as a square."""
    return scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(x))


def squared_distances(x):
    """Squared distances of all pairs by direct differences in float64; infinite to itself."""
    values = np.asarray(x, dtype=np.float64)
    squared = scipy.spatial.distance.pdist(values, "sqeuclidean")
    square = scipy.spatial.distance.squareform(squared)
    np.fill_diagonal(square, np.inf)
    return square


def naive_neighbors(x, k):
    """Distances and indices of the k nearest of each point; equal distances ordered by index."""
    squared = squared_distances(x)
    indices = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return np.sqrt(np.take_along_axis(squared, indices, axis=1)), indices


def naive_tree(x):
    """Prim's tree of all distances, the shortest edge first."""
    far = all_distances(x)
    best, lengths = far[0].copy(), []
    best[0] = np.inf
    joined = np.zeros(len(x), dtype=bool)
    joined[0] = True
    while not joined.all():
        new = int(np.argmin(np.where(joined, np.inf, best)))
        lengths.append(best[new])
        joined[new] = True
        best = np.minimum(best, far[new])
    return np.sort(lengths)
