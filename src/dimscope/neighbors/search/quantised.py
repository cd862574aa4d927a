"""Whether a search by integers pays: where their bounds leave few more candidates than float32.

They do where neighbours are not much nearer to each other than to the centre of their block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from dimscope.neighbors.search import vnni as _vnni
from dimscope.neighbors.search.integers import Integers, quantised
from dimscope.neighbors.search.sample import Nearest, Sample, cost_of_candidates, nearest_of
from dimscope.neighbors.search.tiles import most_kept

_LEAST_PRODUCTS = 2**36  # of features; with fewer, the loops take longer to load than they save
_ENOUGH = 0.97
_SPARE = 1.3  # candidates kept for each that the sample says are needed
_PRODUCT = 0.3  # time of the products and of making the integers, as a part of that in float32
_PAYS = 0.85  # of the time of the search in float32, below which integers are used


@dataclass(frozen=True)
class Quantised:
    """How a search by integers is to be made.

    Attributes
    ----------
    ratio
        The t of their bounds: the usual ratio of the norm of a rest to that of its row.
    n_candidates
        Candidates that are enough for nearly all points.
    cost
        Time of the search, as a share of that of the products in float32.
    """

    ratio: float
    n_candidates: int
    cost: float


def worthwhile_integers(sample: Sample, n_neighbors: int) -> Quantised | None:
    """Return how to search by integers, if a sample says that this is faster than float32.

    The nearest points of a sample are fewer than those of all points, so candidates are counted
    for one neighbour and multiplied by ``n_neighbors``.
    """
    n, n_features = len(sample.points), len(sample.centre)
    if n * n * n_features < _LEAST_PRODUCTS or not _vnni.is_supported():
        return None
    scaled = sample.values * sample.matrix.scale
    nearest = nearest_of(scaled, n_neighbors / n)
    rows, norms = scaled.astype(np.float32), np.einsum("ij,ij->i", scaled, scaled)
    _, rests = Integers.of(rows)
    ratio = float(np.sqrt(np.median(rests**2 / np.maximum(norms, np.finfo(float).tiny))))
    if ratio == 0:
        return None
    surviving = n_neighbors * _surviving(nearest, quantised(rows, norms, ratio)[1]) / nearest.rank
    n_candidates = math.ceil(_SPARE * np.quantile(surviving, _ENOUGH))
    if n_neighbors + n_candidates > most_kept(n):
        return None
    cost = _PRODUCT + cost_of_candidates(n, n_features, n_candidates, float(surviving.mean()))
    in_float32 = 1 + cost_of_candidates(n, n_features, n_neighbors, n_neighbors)
    return Quantised(ratio, n_candidates, cost) if cost <= _PAYS * in_float32 else None


def _surviving(nearest: Nearest, loose: Float64[np.ndarray, " s"]) -> Float64[np.ndarray, " q"]:
    """Count, for some points of a sample, those that the bounds do not rule out as nearest."""
    bound = nearest.squared - loose[nearest.asked, None] - loose
    return np.asarray((bound <= nearest.reach[:, None]).sum(axis=1))
