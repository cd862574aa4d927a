"""How much larger sampling errors are because points share neighbours.

An estimate is a function of ratios of distances, one set for each point. If the neighbourhoods of
the points were independent, the likelihood or the delta method would give its standard error. They
are not: a point is a neighbour of its neighbours, and shares others with them. At constant density
the points look like a Poisson process around each of them, so this multiplies the error by a factor
that depends only on the ranks and the dimension. `DEPENDENCE` holds the factors, from the scatter
over draws on periodic boxes, to about 4 % (`benchmarks/calibration/dependence_factors.py`).

For many neighbours the factor approaches sqrt(2): then pairs of points are independent, and each
pair counts twice. In one dimension, where balls overlap most, Gride and MADA exceed it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

NORMAL_95 = 1.959963984540054
_DIMENSIONS = (1, 2, 5, 10)  # hardly any change is left from 5 to 10
_RANKS = (2, 4, 8, 16, 32, 64)
#: A mean over overlapping neighbourhoods scatters this much more than the weights of
#: `overlap_stderr` say, which fall with the overlap as fast as the correlation does, or faster.
_OVERLAP = 1.08


class Dependence(NamedTuple):
    """Factors for some dimensions (rows) at some places (columns): ranks, or shares of a fit."""

    places: tuple[float, ...]
    factors: tuple[tuple[float, ...], ...]


#: By method: ranks are the farthest neighbour used; TwoNN's places are the share of ratios it fits.
DEPENDENCE: Mapping[str, Dependence] = {
    "two_nn": Dependence(
        (0.1, 0.3, 0.5, 0.7, 0.9, 1.0),
        (
            (1.01, 0.91, 0.88, 1.10, 1.29, 1.35),
            (1.00, 1.02, 1.05, 1.14, 1.30, 1.40),
            (1.02, 1.07, 1.08, 1.13, 1.19, 1.32),
            (1.00, 1.02, 1.06, 1.10, 1.17, 1.28),
        ),
    ),
    "gride": Dependence(
        _RANKS,
        (
            (1.24, 1.37, 1.50, 1.65, 1.69, 1.69),
            (1.28, 1.28, 1.33, 1.35, 1.38, 1.41),
            (1.20, 1.23, 1.25, 1.28, 1.31, 1.35),
            (1.22, 1.20, 1.25, 1.29, 1.32, 1.35),
        ),
    ),
    "levina_bickel": Dependence(
        _RANKS,
        (
            (1.24, 1.28, 1.37, 1.39, 1.37, 1.34),
            (1.28, 1.22, 1.25, 1.28, 1.28, 1.29),
            (1.20, 1.23, 1.25, 1.30, 1.33, 1.34),
            (1.22, 1.25, 1.31, 1.38, 1.42, 1.45),
        ),
    ),
    "mom": Dependence(
        _RANKS,
        (
            (1.02, 1.07, 1.16, 1.21, 1.20, 1.18),
            (1.17, 1.12, 1.17, 1.20, 1.22, 1.23),
            (1.18, 1.20, 1.22, 1.28, 1.32, 1.33),
            (1.20, 1.22, 1.29, 1.37, 1.42, 1.45),
        ),
    ),
    "mada": Dependence(
        _RANKS,
        (
            (1.04, 1.08, 1.16, 1.25, 1.39, 1.53),
            (1.05, 1.08, 1.13, 1.18, 1.20, 1.26),
            (1.07, 1.10, 1.14, 1.17, 1.20, 1.23),
            (1.05, 1.08, 1.15, 1.17, 1.18, 1.19),
        ),
    ),
    "mind_mlk": Dependence(
        _RANKS,
        (
            (1.24, 1.16, 1.09, 1.03, 1.02, 1.02),
            (1.28, 1.18, 1.10, 1.05, 1.03, 1.03),
            (1.20, 1.19, 1.18, 1.16, 1.16, 1.16),
            (1.22, 1.21, 1.21, 1.21, 1.21, 1.21),
        ),
    ),
    "binomial": Dependence(
        _RANKS,
        (
            (1.00, 1.05, 1.17, 1.22, 1.26, 1.28),
            (1.12, 1.13, 1.17, 1.21, 1.24, 1.26),
            (1.21, 1.22, 1.24, 1.29, 1.32, 1.36),
            (1.24, 1.25, 1.28, 1.36, 1.45, 1.50),
        ),
    ),
}


def dependence(method: str, place: float, dimension: float) -> float:
    """Interpolate the factor of a method in its table; beyond its edge take that of the edge.

    Ranks and dimensions are interpolated by their logarithms.
    """
    places, factors = DEPENDENCE[method]
    along: list[float] = []
    for row in factors:
        if places == _RANKS:
            along.append(float(np.interp(math.log(place), np.log(places), row)))
        else:
            along.append(float(np.interp(place, places, row)))
    return float(np.interp(math.log(dimension), np.log(_DIMENSIONS), along))


def overlap_stderr(
    numbers: Float64[np.ndarray, " n"], neighbors: Int64[np.ndarray, "n k"]
) -> float | None:
    """Return the standard error of the mean of one number per neighbourhood; nan is left out.

    The covariance of two numbers is weighted by the share of points that their neighbourhoods have
    in common, each neighbourhood with its own point. The variance is then a sum of squares, one for
    each point, over the neighbourhoods that it is in, and never negative. None for fewer than two
    numbers.
    """
    known = ~np.isnan(numbers)
    count = int(known.sum())
    if count < 2:
        return None
    deviations = np.where(known, numbers - numbers[known].mean(), 0.0)
    n, k = neighbors.shape
    shared = deviations + np.bincount(
        neighbors.ravel(), weights=np.repeat(deviations, k), minlength=n
    )
    return _OVERLAP * math.sqrt(float(shared @ shared) / (k + 1)) / count


def normal_interval(value: float | None, stderr: float | None) -> tuple[float, float] | None:
    """The 95 % interval of a normal error, or None where value or error is unknown."""
    if value is None or stderr is None:
        return None
    return value - NORMAL_95 * stderr, value + NORMAL_95 * stderr
