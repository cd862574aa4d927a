"""Rows that nearly repeat another: found by a gap below the distances of all others.

Where points are spread evenly at the scale of a few neighbours, the share of distances below t
times the local scale falls as t^d, with d the dimension (Facco et al. 2017, eq. 3, and Pope et al.
2021, eq. 2, rest on the same fact). Near copies are many distances far below that scale and hardly
any between. `benchmarks/coverage/near_copies.py` measures how often clean sets look so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.neighbors.duplicates import Copies, first_of_group, kept_rows
from dimscope.neighbors.spacing import Spacing

#: Rows that differ by no more than this many times the rounding of their stored values are copies.
#: Networks in float32 that pad a text differently leave up to 4.
ROUNDINGS = 8
_FACTORS = (3.0, *10.0 ** np.arange(1, 9))  # how wide a gap may be, at least threefold
_INSIDE = 0.3  # distances in the gap, as a share of those below it, that may be chance
_EVIDENCE = 9.0  # -ln p: four pairs below a tenfold gap in a line; clean sets reach 6.9
_CAUTION = 4  # parts of the data may have so many times fewer dimensions than the whole
_LEAST_POINTS = 20


@dataclass(frozen=True, kw_only=True)
class NearCopies:
    """Rows that nearly repeat another row of the graph, in a gap below all other distances.

    Attributes
    ----------
    n_rows
        How many, the first of each group not counted.
    reach
        The largest distance between a row and the one that it nearly repeats.
    beyond
        The median distance of the others to their nearest.
    set_aside
        Whether they were left out of the graph.
    n_rounded
        Rows that differ from another by no more than rounding; they are duplicates, and not among
        ``n_rows``.
    """

    n_rows: int = 0
    reach: float = 0.0
    beyond: float = math.nan
    set_aside: bool = False
    n_rounded: int = 0


@dataclass(frozen=True, eq=False)
class Groups:
    """Copies of each other among the points of a graph.

    Attributes
    ----------
    rounded
        Shape (n,): the first point that each differs from by no more than rounding; itself where
        there is none.
    near
        Shape (n,): the same, with the near copies.
    reach, beyond
        As in `NearCopies`.
    """

    rounded: Int64[np.ndarray, " n"]
    near: Int64[np.ndarray, " n"]
    reach: float
    beyond: float

    def kept(self, copies: Copies) -> Kept:
        """Return which points a graph keeps, and what it says of the others."""
        every = np.arange(len(self.near))
        distinct = kept_rows(self.rounded, copies.duplicates)
        if copies.duplicates == "keep" or copies.near_copies == "keep":
            left = distinct
            first = every if copies.duplicates == "keep" else self.rounded
        else:
            _, place, group = np.unique(self.near[distinct], return_index=True, return_inverse=True)
            left = distinct[kept_rows(place[group], copies.near_copies)]
            first = self.near
        n_left_out = len(distinct) - len(left)
        n_found = int((self.rounded == every).sum() - (self.near == every).sum())
        near = NearCopies(
            n_rows=n_left_out or n_found,
            reach=self.reach,
            beyond=self.beyond,
            set_aside=n_left_out > 0,
            n_rounded=int((self.rounded != every).sum()),
        )
        return Kept(left, first, len(every) - len(distinct), near)


class Kept(NamedTuple):
    """Which points stay in a graph once copies are set aside.

    Attributes
    ----------
    positions
        Of the points that stay.
    first
        Shape (n,): the point that stands for each.
    n_duplicates
        Points left out because they equal another to within rounding.
    near
        What to say of near copies.
    """

    positions: Int64[np.ndarray, " m"]
    first: Int64[np.ndarray, " n"]
    n_duplicates: int
    near: NearCopies


def groups_of_copies(spacing: Spacing) -> Groups | None:
    """Find the points that nearly repeat another; None where the points are too few to tell."""
    distances = spacing.distances
    n, n_ranks = distances.shape
    if n < _LEAST_POINTS or n_ranks < 2:
        return None
    bound = np.zeros(n) if spacing.rounding is None else ROUNDINGS * spacing.rounding
    shares = distances[:, :-1] / _local_scale(distances[:, -1], bound)[:, None]
    limit = _end_of_lower_mode(shares, _dimension(distances))
    row, slot = np.nonzero(shares <= limit)
    to, apart = spacing.indices[row, slot], distances[row, slot]
    rounded = apart <= bound[row]
    first = first_of_group(n, row, to)
    others = np.where(shares > limit, distances[:, :-1], distances[:, -1:]).min(axis=1)
    return Groups(
        rounded=first_of_group(n, row[rounded], to[rounded]),
        near=first,
        reach=float(apart.max(initial=0.0)),
        beyond=float(np.median(others)),
    )


def _local_scale(
    farthest: Float64[np.ndarray, " n"], bound: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """The distance to the last neighbour, or the usual one where that is itself but rounding."""
    buried = farthest <= bound
    if not buried.any() or buried.all():
        return np.where(farthest > 0, farthest, np.inf)
    return np.where(buried, np.median(farthest[~buried]), farthest)


def _dimension(distances: Float64[np.ndarray, "n m"]) -> float:
    """A cautious bound on the dimension: a quarter of what the larger ranks see, at least 1.

    Pairs do not disturb these ranks. A lower dimension makes chance a better explanation of small
    distances, and parts of the data may have fewer dimensions than the whole.
    """
    n_ranks = distances.shape[1]
    first = max(1, n_ranks // 2)
    inner, outer = distances[:, first - 1], distances[:, -1]
    known = inner > 0
    mean = float(np.log(outer[known] / inner[known]).mean()) if known.any() else 0.0
    expected = sum(1 / rank for rank in range(first, n_ranks))
    seen = expected / mean if mean > 0 else 1.0
    return min(seen, max(1.0, seen / _CAUTION))


def _end_of_lower_mode(shares: Float64[np.ndarray, "n m"], dimension: float) -> float:
    """The largest share of the local scale that belongs to near copies; -1 where there are none."""
    ascending = np.sort(shares, axis=None)
    low = ascending[: np.searchsorted(ascending, 1 / _FACTORS[0], side="right")]
    if not len(low):
        return -1.0
    n_below = np.arange(1, len(low) + 1)
    n_points = np.searchsorted(np.sort(shares[:, 0]), low, side="right")
    n_groups = n_points**2 / (n_points + n_below)  # of g points, each with g - 1 others
    evidence = np.zeros(len(low))
    for factor in _FACTORS:
        n_up_to = np.searchsorted(ascending, factor * low, side="right")
        below = n_below / n_up_to
        clear = (below >= 1 / (1 + _INSIDE)) & (factor * low <= 1)
        found = n_groups / below * _divergence(below, -dimension * math.log(factor))
        evidence = np.maximum(evidence, np.where(clear, found, 0.0))
    sure = np.flatnonzero(evidence >= _EVIDENCE)
    if not len(sure):
        return -1.0
    last = int(sure[-1])
    return float(low[_widest_step(ascending, last)])


def _divergence(share: Float64[np.ndarray, " m"], log_chance: float) -> Float64[np.ndarray, " m"]:
    """Kullback-Leibler divergence of two shares: Chernoff's bound on a binomial tail, per draw."""
    above = share * (np.log(share) - log_chance)
    rest = np.maximum(1 - share, 1e-300)
    return np.asarray(above + rest * (np.log(rest) - math.log1p(-math.exp(log_chance))))


def _widest_step(ascending: Float64[np.ndarray, " m"], last: int) -> int:
    """The place before the widest step upwards, among those with nearly as many below as ``last``.

    Some distances in the gap, which are chance, may come before ``last``.
    """
    start = int((last + 1) / (1 + _INSIDE))
    steps = np.diff(np.log(np.maximum(ascending[start : last + 2], 1e-300)))
    return start + int(np.argmax(steps)) if len(steps) else last
