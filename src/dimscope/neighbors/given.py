"""Distances and lists of neighbours that a user gives: checked, and brought into one form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.neighbors.duplicates import first_of_group
from dimscope.points import as_points
from dimscope.points.sweep import listed

_BLOCK_BYTES = 2**25
_ASYMMETRY = 1e-6  # of the largest distance: what float32 can leave between d(i, j) and d(j, i)


class GivenLists(NamedTuple):
    """Neighbours of each point, the point itself excluded: ascending distances, and positions."""

    distances: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]


def checked_distances(distances: Any) -> tuple[Any, Int64[np.ndarray, " n"]]:
    """Check a matrix of distances.

    Returns
    -------
    matrix
        The distances, as an array that slices into NumPy arrays.
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
    matrix = as_points(distances).source
    n, n_columns = matrix.shape
    if n != n_columns:
        raise InputError(f"expected a square matrix of distances, got shape {(n, n_columns)}")
    first = np.empty(n, dtype=np.int64)
    largest, asymmetry = 0.0, 0.0
    height = max(1, _BLOCK_BYTES // (8 * n))
    for start in range(0, n, height):
        rows = slice(start, start + height)
        block = np.asarray(matrix[rows], dtype=np.float64)
        _check_values(block, start)
        itself = np.arange(len(block)), start + np.arange(len(block))
        if block[itself].any():
            at = int(np.flatnonzero(block[itself])[0])
            raise InputError(
                f"point {start + at} is {block[itself][at]:g} away from itself: a matrix of "
                "distances has zeros on its diagonal; similarities must be turned into distances"
            )
        finite = np.isfinite(block)
        largest = max(largest, float(block[finite].max()))
        mirror = np.asarray(matrix[:, rows], dtype=np.float64).T
        if not np.array_equal(finite, np.isfinite(mirror)):
            asymmetry = np.inf
        asymmetry = max(asymmetry, float(np.abs(block[finite] - mirror[finite]).max()))
        first[rows] = np.argmax(block == 0, axis=1)
    if asymmetry > _ASYMMETRY * largest:
        raise InputError(
            f"distances differ by up to {asymmetry:g} between d(i, j) and d(j, i): give a "
            "symmetric matrix, for example (d + d.T) / 2"
        )
    return matrix, first


def checked_lists(distances: Any, indices: Any) -> GivenLists:
    """Check lists of neighbours; return them sorted, without the point itself if all hold it.

    Raises
    ------
    InputError
        If the two do not match, or hold what cannot be a distance or a neighbour.
    """
    found = np.asarray(as_points(distances).source, dtype=np.float64)
    to = np.asarray(as_points(indices).source)
    if found.shape != to.shape:
        raise InputError(
            f"distances of shape {found.shape} and indices of shape {to.shape} must match"
        )
    if to.dtype.kind not in "iu":
        raise InputError(f"expected whole numbers as indices, got dtype {to.dtype}")
    to = to.astype(np.int64)
    n = len(to)
    _check_values(found, 0)
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
    return GivenLists(found, to)


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


def lists_of_sparse(matrix: Any, n_neighbors: int | None) -> GivenLists:
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
    return checked_lists(value[chosen], column[chosen])


def _check_values(block: Float64[np.ndarray, "m n"], start: int) -> None:
    wrong = np.isnan(block) | (block < 0)
    if wrong.any():
        row, column = (int(where[0]) for where in np.nonzero(wrong))
        raise InputError(
            f"the distance at row {start + row}, column {column} is {block[row, column]:g}: "
            "distances are numbers of at least 0"
        )
