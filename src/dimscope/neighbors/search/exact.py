"""The exact search: which points are nearest, and how far, right to 1e-12 in float64.

Once there are enough of them, points with few features are searched by a tree (`tree`) and other
points in memory by tiles (`certified`). All others, and those that tree or tiles leave uncertain,
are searched by intervals (`intervals`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.neighbors.engine import Diagnostics, Neighbors
from dimscope.neighbors.resources import ALL_CORES, Resources
from dimscope.neighbors.search import intervals as _intervals
from dimscope.neighbors.search.intervals import Measure, search_intervals
from dimscope.points import Points

_TREE_FEATURES = 4  # with more, tiles are as fast
_TREE_PAIRS = 200**2  # fewer pairs are searched in less time than SciPy's tree takes to import
_TILE_PAIRS = 1_500**2  # fewer are searched in less time than the compiled loops take to load
_TILE_NEIGHBORS = 16  # the least number of points per neighbour for which reservoirs pay


def search(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    resources: Resources = ALL_CORES,
) -> Neighbors:
    """Find the nearest points of ``pool`` to each of ``queries``, the point itself excluded.

    Both are positions among ``points``; so are the indices that are returned. Equal distances are
    ordered by index. The pool must hold more than ``n_neighbors`` points.

    Raises
    ------
    InputError
        If distances lie at an end of float64's range.
    """
    found = _search_fast(points, queries, pool, n_neighbors, resources)
    if found is None:
        squared, indices = search_intervals(points, queries, pool, n_neighbors)
        diagnostics = Diagnostics(method="intervals", evaluated_share=1.0, n_searched_again=0)
        return Neighbors(points.in_input_units(np.sqrt(squared)), indices, diagnostics)
    failed = np.flatnonzero(~found.certified)
    if len(failed):
        again = search_intervals(points, queries[failed], pool, n_neighbors, found.measure)
        found.squared[failed], found.indices[failed] = again
    distances = points.in_input_units(np.sqrt(found.squared))
    return Neighbors(distances, found.indices, found.diagnostics)


def counts_within(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    squared_radii: Float64[np.ndarray, " r"],
    resources: Resources = ALL_CORES,
) -> Int64[np.ndarray, "n r"]:
    """Count the points of ``pool`` at most some squared distances from each of ``queries``.

    The point itself is excluded.
    """
    if len(queries) * len(pool) >= _TILE_PAIRS:
        from dimscope.neighbors.search import counts as _counts  # noqa: PLC0415 - compiled, as for a search
        from dimscope.neighbors.search.blocks import Matrix  # noqa: PLC0415
        from dimscope.neighbors.search.certified import Tiling  # noqa: PLC0415

        matrix = Matrix.of(points)
        if matrix is not None:
            tiling = Tiling(n_jobs=resources.n_jobs)
            counts = _counts.counts_within(matrix, queries, pool, squared_radii, tiling)
            if counts is not None:
                return counts
    return _intervals.counts_within(points, queries, pool, squared_radii)


class _Fast(NamedTuple):
    """Squared distances and points of each query, ascending, and which rows are certain."""

    squared: Float64[np.ndarray, "n k"]
    indices: Int64[np.ndarray, "n k"]
    certified: Bool[np.ndarray, " n"]
    diagnostics: Diagnostics
    measure: Measure | None


def _search_fast(
    points: Points,
    queries: Int64[np.ndarray, " n"],
    pool: Int64[np.ndarray, " m"],
    n_neighbors: int,
    resources: Resources,
) -> _Fast | None:
    """Search by tree or tiles, exact for the rows they certify; None where intervals are better.

    The imports are late: a small search should not wait the seconds that numba takes to load.
    """
    n_pairs = len(queries) * len(pool)
    if points.n_features <= _TREE_FEATURES and n_pairs >= _TREE_PAIRS:
        from dimscope.neighbors.search.tree import search_tree  # noqa: PLC0415

        tree = search_tree(points, queries, pool, n_neighbors, resources.n_jobs)
        n_again = int((~tree[2]).sum())
        how = Diagnostics(method="tree", evaluated_share=None, n_searched_again=n_again)
        return _Fast(*tree, how, None)
    if n_pairs < _TILE_PAIRS or _TILE_NEIGHBORS * n_neighbors > len(pool):
        return None
    from dimscope.neighbors.search.blocks import Matrix  # noqa: PLC0415
    from dimscope.neighbors.search.certified import Tiling, search_certified  # noqa: PLC0415

    matrix = Matrix.of(points)
    if matrix is None:
        return None
    tiling = Tiling(n_jobs=resources.n_jobs, device=resources.device)
    found = search_certified(matrix, queries, pool, n_neighbors, tiling)
    share = min(1.0, found.n_evaluated / (len(queries) * (len(pool) - 1)))
    how = Diagnostics(method=found.method, evaluated_share=share, n_searched_again=found.n_again)
    return _Fast(*found[:3], how, matrix.squared_distances)
