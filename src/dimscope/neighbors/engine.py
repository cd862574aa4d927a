"""What searches neighbours among points: the questions that any engine answers, and its answers.

`dimscope.neighbors.local_engine` answers them on this machine. `dimscope.testing.check_engine`
checks any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64, Int64

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
        Share of the pairs of points whose distance was evaluated over all features, the others
        being proved too far without; None where that is not known, as for a tree.
    n_searched_again
        Points that the first search left uncertain, and a slower one made certain.
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
        Same shape: which points they are, as positions among all points.
    diagnostics
        How they were found.
    """

    distances: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]
    diagnostics: Diagnostics


@runtime_checkable
class Engine(Protocol):
    """Answers three questions about distances between points, exactly.

    Queries, pool and rows are positions among the points, each at most once. A query that is in
    the pool is not its own neighbour. Distances are in the units of the input and right to 1e-12
    relative, whatever the offset and scale of the points. The answer does not depend on
    ``resources``, nor on what else is asked.
    """

    @property
    def resources(self) -> Resources:
        """What may be used on this machine, also for what is computed beside the search."""

    def nearest(
        self,
        points: Points,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        n_neighbors: int,
    ) -> Neighbors:
        """The nearest points of ``pool`` to each of ``queries``; equal distances by index.

        The pool holds more than ``n_neighbors`` points.
        """

    def distances_at(
        self, points: Points, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """Among ``rows``, the distance of each to its neighbours of some ranks, from 1 to n - 1."""

    def counts_within(
        self,
        points: Points,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """How many of ``pool`` are at most ``radii`` away from each of ``queries``."""
