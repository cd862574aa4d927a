"""Distances and lists of neighbours that a user gives: checked, and brought into one form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.neighbors.duplicates import first_of_group
from dimscope.neighbors.kin import Kin
from dimscope.neighbors.triangles import triangles_of_lists, triangles_of_matrix
from dimscope.points import as_points
from dimscope.points.sweep import listed
from dimscope.results import Note

_BLOCK_BYTES = 2**25


class GivenLists(NamedTuple):
    """Neighbours of each point, the point itself excluded: ascending distances, and positions."""

    distances: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]

    @property
    def notes(self) -> tuple[Note, ...]:
        """A note where the numbers are clearly no distances."""
        slack = _root_rounding(self.distances.dtype)
        return triangles_of_lists(self.distances, self.indices, slack=2 * slack).notes


@dataclass(frozen=True, eq=False)
class DistanceMatrix:
    """Distances between all points, or their squares, read by rows.

    Attributes
    ----------
    source
        Shape (n, n): the numbers that were given, in memory or on disk.
    squared
        Whether they are squared distances.
    asymmetric
        Whether d(i, j) and d(j, i) differ, by rounding; the mean of both is read then.
    rounding
        The largest distance of a point from itself, which rounding alone has put there.
    """

    source: Any
    squared: bool = False
    asymmetric: bool = False
    rounding: float = 0.0

    @property
    def n_samples(self) -> int:
        """Number of points."""
        return int(self.source.shape[0])

    @property
    def notes(self) -> tuple[Note, ...]:
        """A note where the numbers are clearly no distances."""
        slack = _root_rounding(self.source.dtype)
        tested = triangles_of_matrix(
            self.rows, self.n_samples, slack=2 * slack, rounding=3 * self.rounding
        )
        return tested.notes

    def rows(self, own: Int64[np.ndarray, " m"]) -> Float64[np.ndarray, "m n"]:
        """Read the distances from some points to all; each is at 0 from itself."""
        sliced = getattr(self.source, "oindex", self.source)  # of arrays on disk
        values = np.array(sliced[own], dtype=np.float64)
        if self.asymmetric:
            values += np.asarray(sliced[:, own], dtype=np.float64).T
            values /= 2
        np.maximum(values, 0.0, out=values)
        values[np.arange(len(own)), own] = 0.0
        return np.sqrt(values, out=values) if self.squared else values


def checked_distances(
    distances: Any, *, squared: bool = False
) -> tuple[DistanceMatrix, Int64[np.ndarray, " n"]]:
    """Check a matrix of distances, or of their squares.

    What rounding leaves is no error: a diagonal of up to 0.001 of the largest distance, which a
    product in float32 makes, a difference between d(i, j) and d(j, i), a value just below 0.

    Returns
    -------
    matrix
        The distances, read by rows.
    first
        Shape (n,): for each point, the first point at distance 0 from it.

    Raises
    ------
    InputError
        If it is not square and symmetric, or holds what cannot be a distance.
    """
    if np.ndim(distances) == 1:
        raise InputError(
            "expected a square matrix of distances, got one dimension: condensed distances become "
            "square with scipy.spatial.distance.squareform"
        )
    source = _as_given(distances)
    n, n_columns = source.shape
    if n != n_columns:
        raise InputError(f"expected a square matrix of distances, got shape {(n, n_columns)}")
    first = np.empty(n, dtype=np.int64)
    itself = np.empty(n)
    largest, lowest, apart = 0.0, (0.0, 0, 0), _Apart(0.0, 0.0)
    height = max(1, _BLOCK_BYTES // (8 * n))
    for start in range(0, n, height):
        rows = slice(start, start + height)
        block = np.array(source[rows], dtype=np.float64)
        _refuse_nan(block, start)
        own = np.arange(len(block)), start + np.arange(len(block))
        itself[rows], block[own] = block[own], 0.0
        row, column = np.unravel_index(block.argmin(), block.shape)
        lowest = min(lowest, (float(block[row, column]), start + int(row), int(column)))
        finite = np.isfinite(block)
        largest = max(largest, float(block[finite].max()))
        mirror = np.array(source[:, rows], dtype=np.float64).T
        mirror[own] = 0.0
        if np.array_equal(finite, np.isfinite(mirror)):
            apart = apart.or_more(block[finite], mirror[finite], squared)
        else:
            apart = _Apart(np.inf, np.inf)
        first[rows] = np.argmax(block <= 0, axis=1)
    share = _root_rounding(source.dtype)
    _refuse_negative(*lowest, share**2 * largest)
    off = _refuse_diagonal(itself, largest, share, squared)
    apart.refuse(3 * share * (math.sqrt(largest) if squared else largest))
    return DistanceMatrix(source, squared, apart.values > 0, off), first


def _as_given(x: Any) -> Any:
    """The matrix that was given, with its own numbers."""
    if hasattr(x, "tocsr"):
        raise InputError(
            f"{type(x).__name__} is sparse, and what it leaves out is no distance of 0: use "
            "NeighborGraph.from_sparse, or give x.toarray() if zeros are distances"
        )
    points = as_points(x)
    if points.less_least:
        raise InputError(
            "distances and positions are whole numbers of at most 2^53 here: give distances as "
            "floats, x.astype(float)"
        )
    return points.source


class _Apart(NamedTuple):
    """How far d(i, j) and d(j, i) lie apart at most: as given, and the root of their squares."""

    values: float
    root: float

    def or_more(
        self, a: Float64[np.ndarray, " m"], b: Float64[np.ndarray, " m"], squared: bool
    ) -> _Apart:
        """The larger of these and of further values, which rounding makes the same when squared."""
        apart = np.abs(a - b)
        roots = np.sqrt(apart) if squared else np.sqrt(apart) * np.sqrt(np.abs(a + b))
        return _Apart(
            max(self.values, float(apart.max(initial=0.0))),
            max(self.root, float(roots.max(initial=0.0))),
        )

    def refuse(self, rounding: float) -> None:
        """Raise an `InputError` if it is more than rounding."""
        if self.root > rounding:
            raise InputError(
                f"distances differ by up to {self.values:g} between d(i, j) and d(j, i): give a "
                "symmetric matrix, for example (d + d.T) / 2"
            )


def _root_rounding(dtype: Any) -> float:
    """The share of the largest distance that the root of a rounded square may be off by.

    That of float32 at least: what was computed in float32 may be stored in float64.
    """
    eps = float(np.finfo(dtype).eps) if np.dtype(dtype).kind == "f" else 0.0
    return max(1e-3, math.sqrt(eps))


def _refuse_negative(value: float, row: int, column: int, rounding: float) -> None:
    if value < -rounding:
        raise InputError(
            f"the distance at row {row}, column {column} is {value:g}: distances are numbers of at "
            "least 0"
        )


def _refuse_diagonal(
    itself: Float64[np.ndarray, " n"], largest: float, share: float, squared: bool
) -> float:
    """Return the largest distance of a point from itself, or refuse one above rounding."""
    at = int(np.abs(itself).argmax())
    found, reach = (np.sqrt(abs(v)) if squared else abs(v) for v in (itself[at], largest))
    if found > share * reach:
        raise InputError(
            f"point {at} is {itself[at]:g} away from itself: a matrix of distances has zeros on "
            "its diagonal; similarities must be turned into distances, and distances from products "
            "in float32 computed in float64"
        )
    return float(found)


def checked_lists(distances: Any, indices: Any, *, squared: bool = False) -> GivenLists:
    """Check lists of neighbours; return them sorted, without the point itself if all hold it.

    A value just below 0, as rounding leaves it, is 0.

    Raises
    ------
    InputError
        If the two do not match, or hold what cannot be a distance or a neighbour.
    """
    found = np.asarray(_as_given(distances), dtype=np.float64)
    to = np.asarray(_as_given(indices))
    if found.shape != to.shape:
        raise InputError(
            f"distances of shape {found.shape} and indices of shape {to.shape} must match"
        )
    if to.dtype.kind not in "iu":
        raise InputError(f"expected whole numbers as indices, got dtype {to.dtype}")
    to = to.astype(np.int64)
    n = len(to)
    _refuse_nan(found, 0)
    row, column = (int(at) for at in np.unravel_index(found.argmin(), found.shape))
    share = _root_rounding(found.dtype) ** 2
    _refuse_negative(float(found[row, column]), row, column, share * float(found.max()))
    found = np.maximum(found, 0.0)
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
        raise InputError(f"point {row} has neighbours at infinite distance: give shorter lists")
    if to.min() < 0 or to.max() >= n:
        raise InputError(
            f"indices must lie between 0 and {n - 1}, one list for each of the {n} points, got "
            f"{to.min()} to {to.max()}; an index of -1 stands for no neighbour: give shorter lists"
        )
    order = np.lexsort((to, found), axis=1)
    found, to = (np.take_along_axis(x, order, axis=1) for x in (found, to))
    repeated = np.flatnonzero((np.diff(np.sort(to, axis=1), axis=1) == 0).any(axis=1))
    if len(repeated):
        raise InputError(f"point {repeated[0]} has the same neighbour twice")
    itself = to == np.arange(n)[:, None]
    n_itself = int(itself.sum())
    if n_itself not in (0, n):
        raise InputError(
            f"{n_itself} of {n} points are in their own list of neighbours: all or none must be"
        )
    if n_itself:
        found, to = (x[~itself].reshape(n, -1) for x in (found, to))
    return GivenLists(np.sqrt(found) if squared else found, to)


def copies_in_lists(lists: GivenLists) -> Int64[np.ndarray, " n"]:
    """Return for each point the first of its copies, which lists join to it at distance 0."""
    row, slot = np.nonzero(lists.distances == 0)
    return first_of_group(len(lists.indices), row, lists.indices[row, slot])


def neighbors_left(lists: GivenLists, rows: Int64[np.ndarray, " m"]) -> int:
    """Return how many neighbours every list holds once only ``rows`` are kept.

    Raises
    ------
    InputError
        If a list holds none of them.
    """
    left = int(np.isin(lists.indices[rows], rows).sum(axis=1).min())
    if left == 0:
        n, n_neighbors = lists.indices.shape
        raise InputError(
            f"only {len(rows)} of {n} points are distinct, and some lists of {n_neighbors} "
            "neighbours hold nothing but copies: give longer lists"
        )
    return left


def lists_without_kin(lists: GivenLists, kin: Kin) -> GivenLists:
    """Drop the kin of every point from its list; all lists become as short as the shortest.

    Raises
    ------
    InputError
        If a list holds nothing but kin.
    """
    stranger = ~kin.between(np.arange(len(lists.indices))[:, None], lists.indices)
    left = stranger.sum(axis=1)
    if left.min() == 0:
        raise InputError(
            f"the list of point {int(left.argmin())} holds {lists.indices.shape[1]} neighbours, "
            "all of its own group: give longer lists, all distances, or the points"
        )
    kept = np.argsort(~stranger, axis=1, kind="stable")[:, : left.min()]
    distances, indices = (
        np.take_along_axis(part, kept, axis=1) for part in (lists.distances, lists.indices)
    )
    return lists._replace(distances=distances, indices=indices)


def lists_of_sparse(matrix: Any, n_neighbors: int | None, *, squared: bool = False) -> GivenLists:
    """Return the nearest entries of each row of a sparse matrix of distances.

    Raises
    ------
    InputError
        If it is not square and sparse, or a row has too few entries.
    """
    if not hasattr(matrix, "tocsr"):
        raise InputError(f"expected a SciPy sparse matrix, got {type(matrix).__name__}")
    n = matrix.shape[0]
    if matrix.shape != (n, n):
        raise InputError(f"expected a square matrix of distances, got shape {matrix.shape}")
    rows = matrix.tocsr()
    row = np.repeat(np.arange(n), np.diff(rows.indptr))
    others = row != rows.indices
    row, column, value = row[others], rows.indices[others], rows.data[others]
    counts = np.bincount(row, minlength=n)
    kept = int(counts.min()) if n_neighbors is None else n_neighbors
    short = np.flatnonzero(counts < max(kept, 1))
    if len(short):
        raise InputError(
            f"{len(short)} rows ({listed(short)}) hold fewer than {max(kept, 1)} neighbours, the "
            f"least {counts.min()}: ask for fewer, or build the graph with more"
        )
    order = np.lexsort((column, value, row))
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    chosen = order[first[:, None] + np.arange(kept)]
    return checked_lists(value[chosen], column[chosen], squared=squared)


def _refuse_nan(block: Float64[np.ndarray, "m n"], start: int) -> None:
    wrong = np.isnan(block)
    if wrong.any():
        row, column = (int(where[0]) for where in np.nonzero(wrong))
        raise InputError(
            f"the distance at row {start + row}, column {column} is nan: distances are numbers of "
            "at least 0"
        )
