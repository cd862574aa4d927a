"""Evenly spaced points, as on a grid or along a sampled curve, and what is said of them.

Their nearest neighbours come at regular distances. Ratios of these tell how regular the spacing is,
and no dimension.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.neighbors import RANKS, NeighborGraph
from dimscope.results import Note

# Over all of `manifolds` but the lattice the largest growth was 1.4 at N = 1,000, 2.0 at N = 100
# and 5.6 at N = 50; on grids and sampled curves it is 8 and more.
_GROWTH = 3.0
_GROWTH_OF_FEW = 6.0
_LEAST_POINTS = 50
_USED_SHARE = 0.9  # the longest steps lead from edges and from small clusters


def even_rank(distances: Float64[np.ndarray, "n m"], last_rank: int = RANKS) -> int | None:
    """The first rank k < ``last_rank`` with r_k+1 far too near to r_k, given r_k+2; None if random.

    Where points lie at random, k ln(r_k+1 / r_k) is 1 / d in the mean for every k: the spacings are
    independent, and exponential (Levina and Bickel 2004 use no more). It changes slowly with scale
    if d does. On a line of equal steps r_1 = r_2, and r_3 is twice as long.
    """
    apart = distances[(distances > 0).all(axis=1)]
    n, m = apart.shape
    if n < _LEAST_POINTS or m < 3:
        return None
    steps = np.sort(np.diff(np.log(apart), axis=1), axis=0)[: int(_USED_SHARE * n)]
    inverse = steps.mean(axis=0) * np.arange(1, m)
    least = _GROWTH * math.exp(_GROWTH_OF_FEW / math.sqrt(n))
    jumps = np.flatnonzero((inverse[1:] > least * inverse[:-1])[: last_rank - 1])
    return int(jumps[0]) + 1 if len(jumps) else None


def spacing_notes(graph: NeighborGraph, last_rank: int) -> tuple[Note, ...]:
    """A warning on evenly spaced points, where ranks up to ``last_rank`` are used.

    Raises
    ------
    InputError
        If the points are evenly spaced and ``last_rank`` is no more than `RANKS`.
    """
    if graph.spacing is None:  # part of a graph, which was looked at as a whole
        return ()
    distances = graph.spacing.distances
    rank = even_rank(distances, last_rank)
    if rank is None:
        return ()
    said = _evenness(distances[:, rank - 1 : rank + 2], rank)
    if last_rank <= RANKS:
        raise InputError(
            f"{said}: ratios of the first {last_rank} neighbours tell the spacing and no "
            "dimension; use scale_curve, which sees larger scales, or a method with 50 neighbours "
            "or more"
        )
    more = (
        f"{said[0].upper()}{said[1:]}. Near neighbours tell the spacing, and the value may be off "
        "by more than its interval: compare scale_curve."
    )
    return (Note("even_spacing", more),)


def _evenness(distances: Float64[np.ndarray, "n 3"], rank: int) -> str:
    first, second, third = distances[distances[:, 0] > 0].T
    short, long = np.median(second / first) - 1, np.median(third / second) - 1
    return (
        "the points are evenly spaced, as on a grid or along a sampled curve (in the median "
        f"r_{rank + 1} exceeds r_{rank} by {100 * short:.2g} %, r_{rank + 2} exceeds r_{rank + 1} "
        f"by {100 * long:.3g} %)"
    )
