"""Means over seeds with their intervals, in words; numbers short enough for records."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def mean_interval(values: ArrayLike) -> tuple[float, float, float]:
    """Mean over seeds between the bounds of its 95 % interval, by Student's t.

    The bounds are nan for a single value, and all three if a value is unknown.

    Examples
    --------
    >>> [round(x, 2) for x in mean_interval([1.0, 2.0, 3.0])]
    [2.0, -0.48, 4.48]
    """
    given = np.asarray(values, dtype=np.float64)
    mean = float(given.mean())
    if len(given) < 2:
        return mean, math.nan, math.nan
    half = float(stats.t.ppf(0.975, len(given) - 1) * stats.sem(given))
    return mean, mean - half, mean + half


def prediction_interval(
    values: ArrayLike, *, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bounds of the value of one more seed, by Student's t, outside with probability ``level``.

    Values of several quantities are a column each, and so are the bounds.

    Examples
    --------
    >>> low, high = prediction_interval([1.0, 2.0, 3.0], level=0.05)
    >>> round(float(low), 2), round(float(high), 2)
    (-2.97, 6.97)
    """
    given = np.asarray(values, dtype=np.float64)
    n, mean = len(given), given.mean(axis=0)
    half = stats.t.ppf(1 - level / 2, n - 1) * given.std(axis=0, ddof=1) * math.sqrt(1 + 1 / n)
    return mean - half, mean + half


def said(values: ArrayLike, *, digits: int = 3) -> str:
    """The mean over seeds with its 95 % interval, in words.

    Examples
    --------
    >>> said([1.0, 2.0, 3.0])
    '2 (-0.484 .. 4.48)'
    """
    return _in_words(*mean_interval(values), digits=digits)


def ratio_said(logarithms: ArrayLike, *, digits: int = 3) -> str:
    """The geometric mean over seeds of ratios, given as logarithms, with its 95 % interval.

    Examples
    --------
    >>> ratio_said(np.log([2.0, 2.0, 4.0]))
    'x 2.52 (0.932 .. 6.81)'
    """
    low_to_high = (math.exp(value) for value in mean_interval(logarithms))
    return f"x {_in_words(*low_to_high, digits=digits)}"


def _in_words(mean: float, low: float, high: float, *, digits: int) -> str:
    if math.isnan(mean):
        return "unknown"
    if math.isnan(low):
        return f"{mean:.{digits}g}"
    return f"{mean:.{digits}g} ({low:.{digits}g} .. {high:.{digits}g})"


def significant(value: float | None) -> float | None:
    """Round to six significant digits, for short records; None if it is unknown."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")
