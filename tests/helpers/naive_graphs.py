"""Graphs over all distances, made in the plainest way."""

from __future__ import annotations

import numpy as np
import scipy.spatial.distance


def all_distances(x):
    """Distances of all pairs, as a square."""
    return scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(x))


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
