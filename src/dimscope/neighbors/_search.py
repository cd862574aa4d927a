"""Which points are nearest, and how far, right to 1e-12: the choice among the exact searches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.neighbors._intervals import search_intervals
from dimscope.points import Points

_FEW_PAIRS = 1_500**2  # fewer are searched sooner than the compiled loops load
_MOST_VALUES = 2**28  # of points in memory, for the tiles' copy of 1 GiB


class Neighbors(NamedTuple):
    """Ascending distances and the pool positions they lead to, each (n_queries, n_neighbors)."""

    distances: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]


def search(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    n_jobs: int | None = None,
) -> Neighbors:
    """The nearest points of ``pool`` to each of ``queries``, the point itself excluded.

    Both are positions among ``points``; so are the indices that come back. Equal distances are
    ordered by index. The pool must hold more than ``n_neighbors`` points. ``n_jobs`` threads
    search, all cores by default; the answer does not depend on their number.
    """
    if _tiles_pay(points, queries, pool, n_neighbors):
        from dimscope.neighbors._certified import Tiling, search_certified  # noqa: PLC0415 - loads numba

        squared, indices = search_certified(
            points, queries, pool, n_neighbors, Tiling(n_jobs=n_jobs)
        )
    else:
        squared, indices = search_intervals(points, queries, pool, n_neighbors)
    return Neighbors(points.length_unit * np.sqrt(squared), indices)


def _tiles_pay(
    points: Points, queries: Int64[np.ndarray, " n"], pool: Int64[np.ndarray, " m"], k: int
) -> bool:
    source = points.source
    return (
        isinstance(source, np.ndarray)
        and source.size <= _MOST_VALUES
        and len(queries) * len(pool) >= _FEW_PAIRS
        and 16 * k <= len(pool)
    )


def distinct(first_of_row: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Which rows are the first with their values."""
    return np.asarray(first_of_row == np.arange(len(first_of_row)))
