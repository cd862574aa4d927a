"""Rows of groups are thinned until the neighbours of a point no longer stand together.

The kin of a point are no neighbours of it, but they may be neighbours of another point together:
five views of one picture then stand in each list as five nearly equal distances, and ratios see
views, not pictures. The same holds for the samples of a densely sampled trajectory.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dimscope.errors import or_reason
from dimscope.neighbors.graph import NeighborGraph

_TOGETHER = 0.05  # so many ratios of 1 move TwoNN by 5 %
_RELATIVE_ERROR = 1.3  # that of a mean log ratio of two neighbours, for one point


def thinned(graph: NeighborGraph, n_neighbors: int) -> NeighborGraph:
    """Keep every other row of each group, again and again, while that changes what ratios see.

    Of a group at least one row is left, and of rows in order of time about one in a window. It
    ends where no more than 5 % of the pairs of nearest neighbours are kin, beyond chance, or where
    half of the rows give the same mean of ln(r_2 / r_1): kin then lie among the others by chance,
    as those of wide groups do.

    Parameters
    ----------
    graph
        With groups or without.
    n_neighbors
        Neighbours of each point that is left, where any were set aside.

    Raises
    ------
    InputError
        If too few rows are left for so many neighbours.
    """
    if graph.kin is None:
        return graph
    rng = np.random.default_rng(0)
    part = graph
    while share_together(part) > _TOGETHER:
        half = _halved(part, rng)
        if half is None or not _stood_together(part, half):
            break
        part = half
    if part is graph:
        return replace(graph, n_thinned=0)
    positions = np.searchsorted(graph.original_rows, part.original_rows)
    return replace(
        graph.subset(positions, n_neighbors),
        n_thinned=graph.n_samples - len(positions),
        n_duplicates=graph.n_duplicates,
        near_copies=graph.near_copies,
    )


def stand_together(graph: NeighborGraph) -> bool:
    """Whether kin are neighbours together, so that ratios of distances see groups."""
    if share_together(graph) <= _TOGETHER:
        return False
    half = _halved(graph, np.random.default_rng(0))
    return half is None or _stood_together(graph, half)


def share_together(graph: NeighborGraph) -> float:
    """How much more often than by chance the two nearest neighbours of a point are kin."""
    if graph.kin is None or graph.groups is None or graph.n_neighbors < 2:
        return 0.0
    rows = graph.original_rows
    first, second = rows[graph.indices[:, 0]], rows[graph.indices[:, 1]]
    together = float(graph.kin.between(first, second).mean())
    n_kin = graph.kin.counts(rows, rows)
    others = len(rows) - n_kin
    pairs = n_kin.sum() - n_kin**2 - others  # of others that are kin of each other
    by_chance = float((pairs / (others * np.maximum(others - 1, 1))).mean())
    return together - by_chance


def _halved(graph: NeighborGraph, rng: np.random.Generator) -> NeighborGraph | None:
    """The graph of every other row of each group; None where too few are left."""
    if graph.kin is None:
        return None
    rows = graph.kin.halved(graph.original_rows, rng)
    positions = np.searchsorted(graph.original_rows, rows)
    half = or_reason(lambda: graph.subset(positions, 2))
    return None if isinstance(half, str) else half


def _stood_together(graph: NeighborGraph, half: NeighborGraph) -> bool:
    """Whether fewer kin made the log ratios larger, by more than their error and 5 %."""
    least = max(_TOGETHER, _RELATIVE_ERROR / math.sqrt(half.n_samples))
    return _mean_log_ratio(half) > (1 + least) * _mean_log_ratio(graph)


def _mean_log_ratio(graph: NeighborGraph) -> float:
    apart = graph.distances[:, 0] > 0
    ratios = graph.distances[apart, 1] / graph.distances[apart, 0]
    return float(np.log(ratios).mean()) if len(ratios) else 0.0
