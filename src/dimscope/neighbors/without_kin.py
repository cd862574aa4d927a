"""Neighbours that are no kin of a point, from any source: more are searched, and kin dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.neighbors.engine import Diagnostics, Neighbors
from dimscope.neighbors.kin import Kin
from dimscope.neighbors.resources import Resources
from dimscope.neighbors.sources import NeighborSource
from dimscope.points import Points

_HELD = 2**24  # neighbours that are held at a time
_MOST_MORE = 512  # with more kin among the nearest, a group is searched among all others instead
_ROWS = 256  # whose distances to kin are measured at a time


@dataclass(frozen=True, eq=False)
class WithoutKin:
    """A source of neighbours that leaves out the kin of every point.

    Attributes
    ----------
    source
        Finds neighbours, kin among them.
    kin
        Which rows depend on each other.
    """

    source: NeighborSource
    kin: Kin

    @property
    def points(self) -> Points | None:
        """The points themselves, where they are known."""
        return self.source.points

    @property
    def resources(self) -> Resources:
        """What may be used for work on the points."""
        return self.source.resources

    def nearest(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"], n_neighbors: int
    ) -> Neighbors:
        """Find the nearest points of ``pool`` that are no kin of each of ``queries``.

        Lists that hold too few of them once kin are dropped are searched again, for four times as
        many more. In large groups that would be most of the pool: such a group is searched among
        the points outside it.

        Raises
        ------
        InputError
            If a query has too few such points.
        """
        n_kin = self.kin.require_others(queries, pool, n_neighbors)
        lists = _Lists.empty(self.kin, queries, n_neighbors)
        left = np.arange(len(queries))
        more = n_neighbors
        while len(left) and (more <= _MOST_MORE or self.kin.reach):
            more = min(more, int(n_kin[left].max()))
            n_asked = min(n_neighbors + more, len(pool) - 1)
            height = max(1, _HELD // n_asked)
            for start in range(0, len(left), height):
                at = left[start : start + height]
                lists.fill(at, self.source.nearest(queries[at], pool, n_asked))
            left = left[~lists.full[left]]
            more *= 4
        for at in _runs(left, self.kin.places[queries[left]]):
            others = pool[~self.kin.between(queries[at[:1]], pool)]
            n_asked = n_neighbors
            if len(others) == n_neighbors:  # a search needs one more point in its pool
                others, n_asked = pool, len(pool) - 1
            lists.fill(at, self.source.nearest(queries[at], others, n_asked))
        return Neighbors(lists.distances, lists.indices, lists.how[0])

    def distances_at(
        self, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """Measure how far the neighbours of some ranks are, for each of ``rows`` among ``rows``."""
        farthest = int(ranks.max())
        height = max(1, _HELD // farthest)
        return np.concatenate(
            [
                self.nearest(rows[start : start + height], rows, farthest).distances[:, ranks - 1]
                for start in range(0, len(rows), height)
            ]
        )

    def counts_within(
        self,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """Count the points of ``pool`` within ``radii`` of each of ``queries``, kin left out."""
        counts = self.source.counts_within(queries, pool, radii)
        in_pool = np.zeros(len(self.kin.places), dtype=bool)
        in_pool[pool] = True
        order = np.argsort(self.kin.places[queries], kind="stable")
        for start in range(0, len(order), _ROWS):
            at = order[start : start + _ROWS]
            own = queries[at]
            near = np.union1d(own, self.kin.around(own, pool))
            if len(near) == 1:
                continue
            found = self.source.nearest(own, near, len(near) - 1)
            counted = self.kin.between(own[:, None], found.indices) & in_pool[found.indices]
            for column, radius in enumerate(radii):
                within = counted & (found.distances <= radius)
                counts[at, column] -= within.sum(axis=1)
        return counts


@dataclass(frozen=True, eq=False)
class _Lists:
    """Lists of neighbours without kin, filled bit by bit."""

    kin: Kin
    queries: Int64[np.ndarray, " n"]
    distances: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]
    full: Bool[np.ndarray, " n"]
    how: list[Diagnostics]

    @classmethod
    def empty(cls, kin: Kin, queries: Int64[np.ndarray, " n"], n_neighbors: int) -> Self:
        shape = len(queries), n_neighbors
        no_indices = np.empty(shape, dtype=np.int64)
        return cls(kin, queries, np.empty(shape), no_indices, np.zeros(len(queries), bool), [])

    def fill(self, at: Int64[np.ndarray, " m"], found: Neighbors) -> None:
        """Take the lists that are long enough without kin."""
        n_neighbors = self.indices.shape[1]
        stranger = ~self.kin.between(self.queries[at, None], found.indices)
        enough = stranger.sum(axis=1) >= n_neighbors
        kept = first_marked(stranger[enough], n_neighbors)
        self.distances[at[enough]] = np.take_along_axis(found.distances[enough], kept, axis=1)
        self.indices[at[enough]] = np.take_along_axis(found.indices[enough], kept, axis=1)
        self.full[at[enough]] = True
        self.how.append(found.diagnostics)


def first_marked(marked: Bool[np.ndarray, "n k"], n_first: int) -> Int64[np.ndarray, "n n_first"]:
    """Return the columns of the first marked entries of each row, which has as many or more."""
    return np.asarray(np.argsort(~marked, axis=1, kind="stable")[:, :n_first])


def _runs(
    positions: Int64[np.ndarray, " n"], groups: Int64[np.ndarray, " n"]
) -> Iterator[Int64[np.ndarray, " m"]]:
    """Yield the positions of each group."""
    order = np.argsort(groups, kind="stable")
    ends = np.flatnonzero(np.diff(groups[order])) + 1
    if len(positions):
        yield from np.split(positions[order], ends)
