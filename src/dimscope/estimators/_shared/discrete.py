"""What the estimators of discrete data share: rows with their copies, and counts of distances."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64
from scipy.spatial.distance import cdist

from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.dependence import normal_interval
from dimscope.measurement import points_of
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, Note

_MOST_SITES = 2**24  # the largest distance that counts are kept for
_BLOCK_BYTES = 2**25


def rows_with_copies(graph: NeighborGraph, name: str) -> tuple[Float64[np.ndarray, "n d"], int]:
    """Return the points of ``graph`` with all their copies, and how many copies these are."""
    points = points_of(graph, name)
    rows = np.flatnonzero(np.isin(points.scan.first_of_row, graph.original_rows))
    x = np.hstack(list(points.take(rows).column_blocks()))
    return x, len(rows) - graph.n_samples


def pair_counts(x: Float64[np.ndarray, "n d"]) -> Int64[np.ndarray, " distances"]:
    """Count the pairs of rows, each once, that lie at L1 distances 0, 1, 2, ..."""
    farthest = float(np.ptp(x, axis=0).sum())
    if farthest > _MOST_SITES:
        raise InputError(
            f"distances reach {farthest:.3g} sites, more than {_MOST_SITES}: on a lattice so fine "
            "the data are continuous; use 'binomial', or divide and round them"
        )
    counts = np.zeros(int(farthest) + 1, dtype=np.int64)
    n = len(x)
    step = max(1, _BLOCK_BYTES // (8 * n))
    for start in range(0, n, step):
        block = cdist(x[start : start + step], x[start:], "cityblock")
        later = np.triu(np.ones(block.shape, dtype=bool), 1)
        counts += np.bincount(block[later].astype(np.int64), minlength=len(counts))
    return counts


def discrete_estimate(  # noqa: PLR0913 - the parts of an estimate
    estimator: NeighborEstimator,
    value: float | None,
    stderr: float | None,
    *,
    scale: float,
    n_samples: int,
    n_copies: int,
    used: dict[str, int] | None = None,
    notes: tuple[Note, ...] = (),
) -> DimensionEstimate:
    """The estimate with what both estimators of discrete data report."""
    if n_copies:
        said = f"{n_copies} rows that repeat another row were counted as well."
        notes += (Note("copies", said),)
    return DimensionEstimate(
        value=value,
        stderr=stderr,
        interval=normal_interval(value, stderr),
        scale=scale,
        n_samples=n_samples,
        n_duplicates=0,
        notes=notes,
        error_kind=None if stderr is None else estimator.error_kind,
        method=estimator.name,
        parameters=estimator.get_params() | (used or {}),
    )
