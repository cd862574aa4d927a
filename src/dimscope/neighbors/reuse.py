"""Answers from the neighbours that a graph knows already; only the rest is searched again.

The lists of a graph are exact, so whatever they prove need not be searched again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.neighbors.sources import NeighborSource


class Known(NamedTuple):
    """The lists of a graph, the row of the source that each list belongs to, and the source."""

    distances: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]
    rows: Int64[np.ndarray, " n"]
    source: NeighborSource


def nearest_among(
    known: Known, positions: Int64[np.ndarray, " m"], n_neighbors: int
) -> tuple[Float64[np.ndarray, "m k"], Int64[np.ndarray, "m k"]]:
    """Find the nearest of some points among themselves: their distances and places.

    A point whose list holds ``n_neighbors`` of them has its answer there. Only the others are
    searched again. The positions must ascend, and places are counted among them.
    """
    new_position = np.full(len(known.rows), -1)
    new_position[positions] = np.arange(len(positions))
    listed = new_position[known.indices[positions]]
    inside = listed >= 0
    enough = inside.sum(axis=1) >= n_neighbors
    rows = known.rows[positions]
    distances = np.empty((len(positions), n_neighbors))
    indices = np.empty((len(positions), n_neighbors), dtype=np.int64)
    if enough.any():
        nearest = np.argsort(~inside[enough], axis=1, kind="stable")[:, :n_neighbors]
        reused = known.distances[positions[enough]]
        distances[enough] = np.take_along_axis(reused, nearest, axis=1)
        indices[enough] = np.take_along_axis(listed[enough], nearest, axis=1)
    if not enough.all():
        found = known.source.nearest(rows[~enough], rows, n_neighbors)
        distances[~enough] = found.distances
        indices[~enough] = places(rows, found.indices)
    return distances, indices


def counts_beyond_lists(
    known: Known, cut_off: Bool[np.ndarray, " n"], radii: Float64[np.ndarray, " r"]
) -> Int64[np.ndarray, "m r"]:
    """Count neighbours within some radii for the points whose lists end before the largest radius.

    The lists of all other points hold every pair that these are in, so only pairs of two points
    with lists that end are compared.
    """
    rows = known.rows[cut_off]
    counts = known.source.counts_within(rows, rows, radii)
    row, slot = np.nonzero(cut_off[known.indices] & ~cut_off[:, None])
    distances, ends = known.distances[row, slot], known.indices[row, slot]
    for at, radius in enumerate(radii):
        seen = np.bincount(ends[distances <= radius], minlength=len(known.rows))
        counts[:, at] += seen[cut_off]
    return counts


def places(
    rows: Int64[np.ndarray, " n"], wanted: Int64[np.ndarray, "m k"]
) -> Int64[np.ndarray, "m k"]:
    """Return the place of each wanted row among ascending ``rows``."""
    place = np.empty(rows[-1] + 1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return np.asarray(place[wanted])
