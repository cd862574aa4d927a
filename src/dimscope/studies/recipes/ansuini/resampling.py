"""The error bars of Ansuini et al. (2019): mean and scatter over random parts of one sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from dimscope.estimators import TwoNN
from dimscope.neighbors import NeighborGraph
from dimscope.results import Note

_N_NEIGHBORS = 24


@dataclass(frozen=True, kw_only=True)
class Resampled:
    """TwoNN over random parts of a sample.

    Attributes
    ----------
    mean, std
        Over the draws. The parts overlap, so that ``std`` is no error of sampling: it is what the
        paper draws as error bars.
    stderr
        Standard error of TwoNN for the whole sample, by theory.
    n_samples, n_draws
        Points of each part, and number of parts.
    notes
        What a reader must know of the whole sample.
    """

    mean: float
    std: float
    stderr: float | None
    n_samples: int
    n_draws: int
    notes: tuple[Note, ...] = ()


def graph_of(points: Any) -> NeighborGraph:
    """Find as many neighbours as let most parts of a sample be read without another search.

    Parameters
    ----------
    points
        Shape (n, n_features), in memory or on disk.
    """
    return NeighborGraph.from_points(points, min(_N_NEIGHBORS, points.shape[0] - 1))


def resampled(
    points: Float[np.ndarray, "n features"] | NeighborGraph,
    *,
    n_kept: int,
    n_draws: int,
    rng: int,
) -> Resampled:
    """Estimate the dimension by TwoNN (linear fit) on random parts, as the paper's code does.

    Parameters
    ----------
    points
        A sample, or its graph.
    n_kept
        Points of each part.
    n_draws
        Number of parts.
    rng
        Seed of the draws.

    Raises
    ------
    InputError
        If TwoNN cannot be estimated.
    """
    graph = points if isinstance(points, NeighborGraph) else graph_of(points)
    draws = np.random.default_rng(rng)
    method = TwoNN()
    values = []
    for _ in range(n_draws):
        kept = np.sort(draws.permutation(graph.n_samples)[:n_kept])
        values.append(method.estimate(graph.subset(kept, 2)).value or np.nan)
    whole = method.estimate(graph)
    return Resampled(
        mean=float(np.mean(values)),
        std=float(np.std(values)),
        stderr=whole.stderr,
        n_samples=n_kept,
        n_draws=n_draws,
        notes=whole.notes,
    )
