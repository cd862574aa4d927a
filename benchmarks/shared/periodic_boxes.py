"""Nearest neighbours in the unit cube whose opposite faces are glued together, by all pairs.

Uniform points there have neither edges nor curvature: what is left of an estimate's error is the
scatter of the draw. Made for many small searches in any number of dimensions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dimscope import NeighborGraph
from dimscope._compiled import reordered


def periodic_graph(x: np.ndarray, k: int) -> NeighborGraph:
    """The k nearest neighbours of each row of ``x``, in [0, 1)^d."""
    distances, indices = nearest(x, k)
    return NeighborGraph.from_neighbors(distances, indices)


def nearest(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances and rows of the k nearest others of each row, nearest first."""
    squares, indices = np.empty((len(x), k)), np.empty((len(x), k), dtype=np.int64)
    _nearest(np.ascontiguousarray(x.T), squares, indices)
    order = np.argsort(squares, axis=1)
    distances = np.sqrt(np.take_along_axis(squares, order, axis=1))
    return distances, np.take_along_axis(indices, order, axis=1)


def _fill(columns: Any, squares: Any, indices: Any) -> None:
    n_features, n = columns.shape
    k = squares.shape[1]
    row = np.empty(n)
    for i in range(n):
        row[:] = 0.0
        for f in range(n_features):
            column, own = columns[f], columns[f, i]
            for j in range(n):
                apart = abs(column[j] - own)
                apart = min(apart, 1.0 - apart)
                row[j] += apart * apart
        row[i] = np.inf
        found, rows = squares[i], indices[i]
        found[:] = np.inf
        worst, limit = 0, np.inf
        for j in range(n):
            if row[j] < limit:
                found[worst] = row[j]
                rows[worst] = j
                worst = np.argmax(found) if k > 1 else 0
                limit = found[worst]


_nearest = reordered(_fill)
