"""The fit of `dimscope.phases`: curves of alternating direction, and the test of how many.

Everything is in logarithms of the dimension, with standard errors taken as independent and normal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.optimize import isotonic_regression

_N_BOOTSTRAP = 400
_SIGNIFICANT = 2.0  # standard errors


@dataclass(frozen=True)
class Split:
    """The best fit of a curve with a number of phases.

    Attributes
    ----------
    fitted
        The logarithms of the dimensions.
    turns
        The points at which phases begin and end: the first, the turning points, the last.
    ups
        For each phase whether it is an expansion.
    """

    fitted: Float64[np.ndarray, " n"]
    turns: list[int]
    ups: list[bool]


def count_phases(
    y: np.ndarray, sigma: np.ndarray, most: int, alpha: float, rng: np.random.Generator
) -> tuple[int, list[tuple[int, float]]]:
    """Return the number of phases, and ``(k, p)`` for every number tested.

    One more phase may not help where two more do, so both are tested before it stops.
    """
    costs = _costs(y, sigma, most)
    accepted = 0
    p_values: list[tuple[int, float]] = []
    while accepted < most:
        tried = range(accepted + 1, min(accepted + 2, most) + 1)
        null = _null(y, sigma, accepted)
        drawn = [_costs(curve, sigma, tried[-1]) for curve in resampled(null, sigma, rng)]
        for k in tried:
            drop = costs[accepted] - costs[k]
            as_large = sum(other[accepted] - other[k] >= drop for other in drawn)
            p = float((1 + as_large) / (1 + len(drawn)))
            p_values.append((k, p))
            if p < alpha:
                accepted = k
                break
        else:
            break
    return accepted, p_values


def best_split(y: np.ndarray, sigma: np.ndarray, k: int) -> Split:
    """The best fit with ``k`` phases."""
    from dimscope.phases.isotonic import best_splits  # noqa: PLC0415 - numba loads on first use

    _, bounds, last_up = best_splits(y, sigma**-2.0, k)
    first, ups = bounds[k, : k + 1], [bool(last_up[k]) == ((k - i) % 2 == 1) for i in range(k)]
    if k == 0:
        return Split(np.full(len(y), np.average(y, weights=sigma**-2.0)), [], [])
    fitted = np.concatenate(
        [
            isotonic_regression(y[a:b], weights=sigma[a:b] ** -2.0, increasing=up).x
            for a, b, up in zip(first[:-1], first[1:], ups, strict=True)
        ]
    )
    turns = [0]
    for b, up in zip(first[1:-1], ups[:-1], strict=True):  # the extreme of the two at the bound
        is_first = (fitted[b - 1] >= fitted[b]) == up
        turns.append(int(b - 1 if is_first else b))
    return Split(fitted, [*turns, len(y) - 1], ups)


def resampled(
    fitted: np.ndarray, sigma: np.ndarray, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield curves that could have been measured if ``fitted`` were the truth."""
    for _ in range(_N_BOOTSTRAP):
        yield fitted + sigma * rng.standard_normal(len(fitted))


def _null(y: np.ndarray, sigma: np.ndarray, k: int) -> np.ndarray:
    """The fit with ``k`` phases, flattened where its steps are not significant.

    An isotonic fit follows the noise on a plateau and so gives it a slope. Curves drawn around
    that slope turn less often than curves drawn around a plateau, and the test would find too many
    phases.
    """
    fitted = best_split(y, sigma, k).fitted.copy()
    weights = sigma**-2.0
    while True:
        edges = np.flatnonzero(np.diff(fitted)) + 1
        blocks = np.split(np.arange(len(y)), edges)
        total = np.array([weights[block].sum() for block in blocks])
        mean = np.array([fitted[block[0]] for block in blocks])
        z = np.abs(np.diff(mean)) / np.sqrt(1 / total[:-1] + 1 / total[1:])
        if not len(z) or z.min() >= _SIGNIFICANT:
            return fitted
        i = int(z.argmin())
        both = np.concatenate(blocks[i : i + 2])
        fitted[both] = np.average(y[both], weights=weights[both])


def _costs(y: np.ndarray, sigma: np.ndarray, most: int) -> np.ndarray:
    from dimscope.phases.isotonic import best_splits  # noqa: PLC0415 - numba loads on first use

    costs: np.ndarray = best_splits(y, sigma**-2.0, most)[0]
    return costs
