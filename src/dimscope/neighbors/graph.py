"""The nearest neighbours of every point: the first of the two statistics all estimators share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.neighbors._search import Neighbors, distinct, search
from dimscope.points import Points, as_points

Metric = Literal["euclidean", "cosine"]
Duplicates = Literal["first", "drop", "keep"]


@dataclass(frozen=True, eq=False, kw_only=True)
class NeighborGraph:
    """Exact nearest neighbours of every point, the point itself excluded.

    Attributes
    ----------
    distances
        Shape (n_samples, n_neighbors), ascending along each row, in the units of the input.
    indices
        Same shape: positions, among the points of this graph, of those neighbours.
    original_rows
        Shape (n_samples,): the row of the input that each point of the graph is.
    n_duplicates
        Rows of the input that are not in the graph because they repeat another row exactly.
    n_features
        Ambient dimension.
    metric
        ``"euclidean"``, or ``"cosine"`` for the Euclidean distance between rows scaled to unit
        length, sqrt(2 - 2 cos): the same neighbours as 1 - cos, which as a squared distance would
        halve every dimension.
    points
        The points themselves, read by blocks.
    """

    distances: Float64[np.ndarray, "n_samples n_neighbors"]
    indices: Int64[np.ndarray, "n_samples n_neighbors"]
    original_rows: Int64[np.ndarray, " n_samples"]
    n_duplicates: int
    n_features: int
    metric: Metric
    points: Points

    @property
    def n_samples(self) -> int:
        """Number of points in the graph."""
        return len(self.distances)

    @property
    def n_neighbors(self) -> int:
        """Neighbours known for each point."""
        return int(self.distances.shape[1])

    @classmethod
    def from_points(
        cls,
        x: Any,
        n_neighbors: int = 100,
        metric: Metric = "euclidean",
        *,
        duplicates: Duplicates = "first",
        n_jobs: int | None = None,
    ) -> Self:
        """Search the nearest neighbours of every row of ``x``.

        Parameters
        ----------
        x
            Shape (n_samples, n_features): array, tensor, data frame or array on disk, of any real
            dtype. Distances are right to 1e-12 relative whatever its offset and scale.
        n_neighbors
            Neighbours per point, fewer than there are distinct rows.
        metric
            ``"euclidean"`` or ``"cosine"``.
        duplicates
            What becomes of rows with exactly equal values: ``"first"`` keeps one of each,
            ``"drop"`` leaves all of them out, ``"keep"`` keeps them, at distance 0.
        n_jobs
            Threads that search, by default as many as there are cores. The numbers are the same
            to the last bit.

        Raises
        ------
        InputError
            If ``x`` is not a finite real matrix, or has too few distinct rows, or ``n_jobs`` is
            below 1.

        Examples
        --------
        >>> graph = NeighborGraph.from_points([[0.0], [1.0], [3.0], [3.0]], n_neighbors=2)
        >>> graph.distances.tolist()
        [[1.0, 3.0], [1.0, 2.0], [2.0, 3.0]]
        >>> graph.n_duplicates, graph.original_rows.tolist()
        (1, [0, 1, 2])
        """
        points = as_points(x)
        _check_choice("metric", metric, get_args(Metric))
        _check_choice("duplicates", duplicates, get_args(Duplicates))
        if n_jobs is not None and n_jobs < 1:
            raise InputError(f"n_jobs={n_jobs} must be at least 1, or None for all cores")
        if metric == "cosine":
            points = points.normalised()
        rows = _kept_rows(points, duplicates)
        _check_n_neighbors(n_neighbors, len(rows), points.n_samples)
        found = search(points, rows, rows, n_neighbors, n_jobs)
        return cls(
            distances=found.distances,
            indices=np.searchsorted(rows, found.indices),
            original_rows=rows,
            n_duplicates=points.n_samples - len(rows),
            n_features=points.n_features,
            metric=metric,
            points=points,
        )

    def subset(self, positions: Int64[np.ndarray, " m"], n_neighbors: int) -> NeighborGraph:
        """The exact graph of some of the points, by reusing the neighbours already known.

        A point whose known neighbours include ``n_neighbors`` of the subset has its answer in
        them; only the others are searched again. Points keep the order that they have here, and
        none counts as a duplicate.

        Parameters
        ----------
        positions
            Shape (m,): positions of distinct points of this graph.
        n_neighbors
            Neighbours per point, fewer than m.

        Raises
        ------
        InputError
            If the subset is too small for ``n_neighbors``.
        """
        positions = np.sort(positions)
        _check_n_neighbors(n_neighbors, len(positions), len(positions))
        new_position = np.full(self.n_samples, -1)
        new_position[positions] = np.arange(len(positions))
        known = new_position[self.indices[positions]]
        inside = known >= 0
        enough = inside.sum(axis=1) >= n_neighbors
        rows = self.original_rows[positions]
        distances = np.empty((len(positions), n_neighbors))
        indices = np.empty((len(positions), n_neighbors), dtype=np.int64)
        if enough.any():
            nearest = np.argsort(~inside[enough], axis=1, kind="stable")[:, :n_neighbors]
            reused = self.distances[positions[enough]]
            distances[enough] = np.take_along_axis(reused, nearest, axis=1)
            indices[enough] = np.take_along_axis(known[enough], nearest, axis=1)
        if not enough.all():
            found: Neighbors = search(self.points, rows[~enough], rows, n_neighbors)
            distances[~enough] = found.distances
            indices[~enough] = np.searchsorted(rows, found.indices)
        return NeighborGraph(
            distances=distances,
            indices=indices,
            original_rows=rows,
            n_duplicates=0,
            n_features=self.n_features,
            metric=self.metric,
            points=self.points,
        )


def _kept_rows(points: Points, duplicates: Duplicates) -> Int64[np.ndarray, " n"]:
    first = points.scan.first_of_row
    if len(first) > 1 and not first.any():
        raise InputError(
            f"all {len(first)} rows are equal: a constant representation has no dimension to "
            "measure"
        )
    if duplicates == "keep":
        return np.arange(points.n_samples)
    if duplicates == "drop":
        copies = np.bincount(first, minlength=points.n_samples)
        return np.flatnonzero(copies == 1)
    return np.flatnonzero(distinct(first))


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name}={value!r} is not known: choose one of {', '.join(allowed)}")


def _check_n_neighbors(n_neighbors: int, n_distinct: int, n_samples: int) -> None:
    if n_neighbors < 1:
        raise InputError(f"n_neighbors={n_neighbors} must be at least 1")
    if n_distinct <= n_neighbors:
        repeated = (
            ""
            if n_distinct == n_samples
            else f" ({n_samples} rows, of which {n_distinct} remain "
            "once exact duplicates are set aside)"
        )
        raise InputError(
            f"{n_neighbors} neighbours need at least {n_neighbors + 1} distinct points, got "
            f"{n_distinct}{repeated}: give more samples or ask for fewer neighbours"
        )
