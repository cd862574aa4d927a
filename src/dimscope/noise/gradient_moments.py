"""Mean and covariance of gradients, from their Gram matrix, with the jackknife's errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.spectra import distinct_averages

_GROUPS = 32
_ROUNDING = 1e-10


class Moments(NamedTuple):
    """Moments of gradients g_1 ... g_n; trace and signal are unbiased for independent draws.

    Attributes
    ----------
    trace
        Trace of their covariance, sum |g_k - g_mean|^2 / (n - 1).
    signal
        |E g|^2, estimated by |g_mean|^2 - trace / n.
    ratio
        Participation ratio of the covariance, corrected for n; None if n gradients do not bound it.
    naive_ratio
        The same without correction, at most n - 1; None if all gradients are equal.
    """

    trace: float
    signal: float
    ratio: float | None
    naive_ratio: float | None


def moments(gram: Float64[np.ndarray, "n n"]) -> Moments:
    """The moments of n gradients from their Gram matrix, which is not centred."""
    n = len(gram)
    centred = centred_gram(gram)
    spread = float(np.trace(centred))
    squares = float(np.square(np.diag(centred)).sum())
    square = float(np.vdot(centred, centred))
    trace = spread / (n - 1)
    signal = float(gram.mean()) - trace / n
    if spread <= _ROUNDING * float(np.trace(gram)):  # equal gradients, but for rounding
        return Moments(0.0, signal, None, None)
    naive = spread**2 / square
    if n < 4:
        return Moments(trace, signal, None, naive)
    numerator, denominator = distinct_averages(n, spread, squares, square)
    bounded = denominator > _ROUNDING * square / (n - 1) ** 2 and numerator > 0
    return Moments(trace, signal, numerator / denominator if bounded else None, naive)


def centred_gram(gram: Float64[np.ndarray, "n n"]) -> Float64[np.ndarray, "n n"]:
    """The Gram matrix of the gradients less their mean."""
    mean = gram.mean(axis=0)
    return np.asarray(gram - mean - mean[:, None] + mean.mean())


def jackknife(
    n: int,
    statistics: Callable[[Int64[np.ndarray, " m"]], Sequence[float | None]],
    rng: np.random.Generator,
) -> list[float | None]:
    """The standard errors of statistics of n draws, by leaving out one group of draws in turn.

    There are at most 32 groups, so the cost is at most 32 times that of the statistics. An error is
    None if there are fewer than 3 draws, or if leaving out a group makes the statistic None.

    Parameters
    ----------
    n
        Number of draws.
    statistics
        Returns the statistics of some draws, given by their positions.
    rng
        Draws the groups.
    """
    order = rng.permutation(n)
    groups = np.array_split(order, min(n, _GROUPS))
    kept = np.ones(n, dtype=bool)
    found = []
    for group in groups:
        kept[group] = False
        found.append(statistics(np.flatnonzero(kept)) if kept.sum() > 1 else [None])
        kept[group] = True
    return [_spread(values) if n > 2 else None for values in zip(*found, strict=True)]


def _spread(values: Sequence[float | None]) -> float | None:
    known = np.array([value for value in values if value is not None])
    m = len(values)
    if len(known) < m:
        return None
    return math.sqrt((m - 1) / m * float(np.square(known - known.mean()).sum()))
