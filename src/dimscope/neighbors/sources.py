"""Where neighbours come from: points to search, distances that were given, or lists of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.neighbors.engine import Diagnostics, Engine, Neighbors
from dimscope.neighbors.given import DistanceMatrix
from dimscope.neighbors.kin import Kin
from dimscope.neighbors.resources import ALL_CORES, Resources
from dimscope.neighbors.search.intervals import first_of_each
from dimscope.points import Points

_BLOCK_BYTES = 2**25
GIVEN = Diagnostics(method="given", evaluated_share=1.0, n_searched_again=0)


@runtime_checkable
class NeighborSource(Protocol):
    """Answers for a graph what its lists do not hold; points are named by their positions."""

    @property
    def points(self) -> Points | None:
        """The points themselves, where they are known."""

    @property
    def resources(self) -> Resources:
        """What may be used for work on the points."""

    def nearest(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"], n_neighbors: int
    ) -> Neighbors:
        """Find the nearest points of ``pool`` to each of ``queries``, the point itself excluded."""

    def distances_at(
        self, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """Measure how far the neighbours of some ranks are, for each of ``rows`` among ``rows``."""

    def counts_within(
        self,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """Count the points of ``pool`` within ``radii`` of each of ``queries``, itself excluded."""


@dataclass(frozen=True, eq=False)
class SearchedPoints:
    """Points, and the engine that searches them."""

    points: Points
    engine: Engine

    @property
    def resources(self) -> Resources:
        """The resources of the engine."""
        return self.engine.resources

    def nearest(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"], n_neighbors: int
    ) -> Neighbors:
        """Find the nearest points of ``pool`` to each of ``queries``, the point itself excluded."""
        return self.engine.nearest(self.points, queries, pool, n_neighbors)

    def distances_at(
        self, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """Measure how far the neighbours of some ranks are, for each of ``rows`` among ``rows``."""
        return self.engine.distances_at(self.points, rows, ranks)

    def counts_within(
        self,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """Count the points of ``pool`` within ``radii`` of each of ``queries``, itself excluded."""
        return self.engine.counts_within(self.points, queries, pool, radii)


@dataclass(frozen=True, eq=False)
class GivenDistances:
    """A matrix of distances, read by rows, without those of kin."""

    matrix: DistanceMatrix
    kin: Kin | None = None
    points: None = None
    resources: Resources = ALL_CORES

    def nearest(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"], n_neighbors: int
    ) -> Neighbors:
        """Find the nearest points of ``pool`` to each of ``queries``, the point itself excluded."""
        if self.kin is not None:
            self.kin.require_others(queries, pool, n_neighbors)
        parts = []
        for own, block in self._blocks(queries, pool):
            reach = np.partition(block, n_neighbors - 1, axis=1)[:, n_neighbors - 1]
            row, column = np.nonzero(block <= reach[:, None])
            kept = first_of_each(row, block[row, column], pool[column], n_neighbors)
            parts.append((block[row, column][kept], pool[column][kept], own))
        distances, indices, of = (np.concatenate(part) for part in zip(*parts, strict=True))
        unreached = of[~np.isfinite(distances[:, -1])]
        if len(unreached):
            raise InputError(
                f"{len(unreached)} points, the first of them row {unreached[0]}, have fewer than "
                f"{n_neighbors} others at a finite distance: ask for fewer neighbours, or take one "
                "connected part of the data"
            )
        return Neighbors(distances, indices, GIVEN)

    def distances_at(
        self, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """Measure how far the neighbours of some ranks are, for each of ``rows`` among ``rows``."""
        if self.kin is not None:
            self.kin.require_others(rows, rows, int(ranks.max()))
        return np.concatenate(
            [np.partition(b, ranks - 1, axis=1)[:, ranks - 1] for _, b in self._blocks(rows, rows)]
        )

    def counts_within(
        self,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """Count the points of ``pool`` within ``radii`` of each of ``queries``, itself excluded."""
        return np.concatenate(
            [
                np.stack([(block <= radius).sum(axis=1) for radius in radii], axis=1)
                for _, block in self._blocks(queries, pool)
            ]
        )

    def _blocks(
        self, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"]
    ) -> Iterator[tuple[Int64[np.ndarray, " b"], Float64[np.ndarray, "b m"]]]:
        """Yield some queries at a time with their distances to the pool, infinite to themselves.

        They are infinite to kin, too.
        """
        height = max(1, _BLOCK_BYTES // (8 * self.matrix.n_samples))
        for start in range(0, len(queries), height):
            own = queries[start : start + height]
            block = self.matrix.rows(own)[:, pool]
            own_kin = (
                own[:, None] == pool if self.kin is None else self.kin.between(own[:, None], pool)
            )
            block[own_kin] = np.inf
            yield own, block


@dataclass(frozen=True, eq=False)
class GivenNeighbors:
    """Lists of neighbours, beyond which nothing is known."""

    n_neighbors: int
    points: None = None
    resources: Resources = ALL_CORES

    def nearest(
        self,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],  # noqa: ARG002 - as every source
        n_neighbors: int,
    ) -> Neighbors:
        """Refuse: nothing is known beyond the lists.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(
            f"{len(queries)} points need {n_neighbors} neighbours that their given lists of "
            f"{self.n_neighbors} do not hold: give longer lists, all distances, or the points"
        )

    def distances_at(
        self, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """Refuse: nothing is known beyond the lists.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(
            f"the {int(ranks.max())}-th neighbours of {len(rows)} points are asked for, and the "
            f"given lists hold {self.n_neighbors}: give longer lists, all distances, or the points"
        )

    def counts_within(
        self,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],  # noqa: ARG002 - as every source
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """Refuse: nothing is known beyond the lists.

        Raises
        ------
        InputError
            Always.
        """
        raise InputError(
            f"{len(queries)} points have all their {self.n_neighbors} given neighbours within "
            f"{radii.max():.6g}, and may have more: give longer lists, all distances, or the points"
        )
