"""An engine searches neighbours: the questions that every engine answers, and its answers.

`dimscope.neighbors.local_engine` answers them on this machine. `dimscope.testing.check_engine`
checks any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputTypeError
from dimscope.neighbors.resources import Resources
from dimscope.points import Points


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """How a search found its neighbours.

    Attributes
    ----------
    method
        ``"tiles"``, ``"projected tiles"``, ``"integer tiles"``, ``"torch tiles"`` (on a device),
        ``"tree"`` or ``"intervals"``; ``"given"`` for distances that were given. Other engines
        name methods of their own.
    evaluated_share
        Share of the pairs of points whose distance was evaluated over all features; the other
        pairs were proved too far apart by less. None where the share is unknown, as for a tree.
    n_searched_again
        Points that were searched again, more slowly, because the first search left them in doubt.
    """

    method: str
    evaluated_share: float | None
    n_searched_again: int


class Neighbors(NamedTuple):
    """The nearest points of each query.

    Attributes
    ----------
    distances
        Shape (n_queries, n_neighbors), ascending along each row.
    indices
        Same shape: the neighbours, as positions among all points.
    diagnostics
        How the search found them.
    """

    distances: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]
    diagnostics: Diagnostics


@runtime_checkable
class Engine(Protocol):
    """Answers three questions about the distances between points, exactly.

    Queries, pool and rows are positions among the points, each at most once. A query that is in
    the pool is not its own neighbour. Distances are in the units of the input and right to 1e-12
    relative, whatever the offset and scale of the points. The answer does not depend on
    ``resources``, nor on what else is asked.
    """

    @property
    def resources(self) -> Resources:
        """Threads and device of this machine, which work beside the search may use too."""

    def nearest(
        self,
        points: Points,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        n_neighbors: int,
    ) -> Neighbors:
        """Find the nearest points of ``pool`` to each of ``queries``.

        Neighbours at equal distances are ordered by index.

        Parameters
        ----------
        points
            All points.
        queries
            Positions of the points whose neighbours are wanted.
        pool
            Positions of the points that may be neighbours: more than ``n_neighbors``.
        n_neighbors
            Neighbours of each query.
        """

    def distances_at(
        self, points: Points, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """Measure how far the neighbours of some ranks are, for each of ``rows`` among ``rows``.

        Parameters
        ----------
        points
            All points.
        rows
            Positions of n points.
        ranks
            Ranks from 1, the nearest, to n - 1, the farthest.
        """

    def counts_within(
        self,
        points: Points,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """Count the points of ``pool`` at most some radii away from each of ``queries``.

        Parameters
        ----------
        points
            All points.
        queries
            Positions of the points around which to count.
        pool
            Positions of the points to count.
        radii
            Distances in the units of the input; a point at exactly such a distance counts.
        """


def require_engine(engine: object) -> None:
    """Refuse what is no engine.

    Raises
    ------
    InputTypeError
        If it lacks a method of `Engine`, or its resources.
    """
    if not isinstance(engine, Engine):
        raise InputTypeError(
            f"{type(engine).__name__} is not an Engine: it needs resources, nearest, distances_at "
            "and counts_within, as dimscope.neighbors.Engine says"
        )
