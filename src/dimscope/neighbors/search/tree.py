"""The exact search of points with few features: a k-d tree, whose answers are measured again."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.spatial import KDTree

from dimscope.points import Points

_SLACK = 8
_EXACT = 1.0 + 1e-12  # more than the tree or direct differences can be off by, relatively
_ROWS_AT_ONCE = 4096


def search_tree(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    n_jobs: int | None = None,
) -> tuple[Float64[np.ndarray, "n k"], Int64[np.ndarray, "n k"], Bool[np.ndarray, " n"]]:
    """Return squared distances and points, ascending, and whether these are surely the nearest.

    The tree gives a few more candidates than wanted, and no other point is nearer than the last of
    them. A row is certain if its k-th distance, by direct differences, is less than that.
    """
    x = np.concatenate(list(points.row_blocks()))
    n_candidates = min(n_neighbors + 1 + max(_SLACK, n_neighbors // 8), len(pool))
    tree = KDTree(x[pool])
    squared = np.empty((len(queries), n_neighbors))
    found = np.empty((len(queries), n_neighbors), dtype=np.int64)
    certified = np.empty(len(queries), dtype=bool)
    for start in range(0, len(queries), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        own = queries[rows, None]
        distances, places = tree.query(x[own[:, 0]], n_candidates, workers=n_jobs or -1)
        candidates = pool[places]
        difference = x[candidates] - x[own]
        exact = np.einsum("ijk,ijk->ij", difference, difference)
        exact[candidates == own] = np.inf
        order = np.lexsort((candidates, exact), axis=1)[:, :n_neighbors]
        squared[rows] = np.take_along_axis(exact, order, axis=1)
        found[rows] = np.take_along_axis(candidates, order, axis=1)
        others = np.asarray(distances)[:, -1] if n_candidates < len(pool) else np.inf
        certified[rows] = np.sqrt(squared[rows, -1]) * _EXACT < others
    return squared, found, certified
