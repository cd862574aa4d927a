"""The error bars of Ansuini et al. (2019): mean and scatter over random parts of one sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dimscope.estimators import TwoNN
from dimscope.neighbors import NeighborGraph

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
    """

    mean: float
    std: float
    stderr: float | None
    n_samples: int
    n_draws: int


def resampled(
    points: Float[np.ndarray, "n features"], *, n_kept: int, n_draws: int, rng: int
) -> Resampled:
    """Estimate the dimension by TwoNN (linear fit) on random parts, as the paper's code does.

    Parameters
    ----------
    points
        A sample.
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
    graph = NeighborGraph.from_points(points, min(_N_NEIGHBORS, len(points) - 1))
    draws = np.random.default_rng(rng)
    method = TwoNN()
    values = []
    for _ in range(n_draws):
        kept = np.sort(draws.permutation(graph.n_samples)[:n_kept])
        values.append(method.estimate(graph.subset(kept, 2)).value or np.nan)
    return Resampled(
        mean=float(np.mean(values)),
        std=float(np.std(values)),
        stderr=method.estimate(graph).stderr,
        n_samples=n_kept,
        n_draws=n_draws,
    )
