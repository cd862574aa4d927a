"""What estimators read on random members of the families, as smooth curves.

The readings of few draws at some dimensions and numbers of points are joined: ln(reading / d) is a
low polynomial of ln d and ln N, and so is the logarithm of its variance. What is left, in units of
its standard deviation, gives the quantiles of the band: within a family the readings need not be
normal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike

from dimscope.calibration.families import PointFamily, member
from dimscope.errors import InputError
from dimscope.estimators import NeighborEstimator
from dimscope.neighbors import NeighborGraph

#: The true dimensions of all curves.
DIMENSIONS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 56, 80, 110, 150, 200, 250, 300)
#: What is known of the readings at one dimension, as shares of it.
STATISTICS = ("mean", "sd", "low", "high")

_MEAN_DEGREES = 7, 3  # of the polynomials in ln d and ln N
_SPREAD_DEGREES = 3, 1
_PASSES = 3  # of the fit of the mean, each weighted by the scatter that the one before left
_STEPS, _SMALL = 40, 1e-6  # of the fit of the variance, which converges in about ten
_TAILS = 0.025, 0.975


class Draws(NamedTuple):
    """Readings of one method on members of one family: one entry for each draw."""

    dimensions: Float64[np.ndarray, " draws"]
    n_samples: Float64[np.ndarray, " draws"]
    readings: Float64[np.ndarray, " draws"]


def readings(
    estimators: Mapping[str, NeighborEstimator],
    family: PointFamily,
    dimension: int,
    n_samples: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Estimate the dimension of one random member, by all methods from one neighbour search.

    Raises
    ------
    InputError
        If a method gives no value: ``n_samples`` is too small for it.
    """
    points = member(family, dimension, n_samples, rng)
    needed = max(estimator.n_neighbors_needed for estimator in estimators.values())
    graph = NeighborGraph.from_points(points, needed)
    found = {name: estimator.estimate(graph).value for name, estimator in estimators.items()}
    known = {name: value for name, value in found.items() if value is not None and value > 0}
    if missing := [name for name in found if name not in known]:
        raise InputError(
            f"{missing[0]} reads no dimension of {n_samples} points of {dimension} dimensions"
        )
    return known


def fitted(
    draws: Draws, n_samples: Sequence[int], dimensions: Sequence[int] = DIMENSIONS
) -> Float64[np.ndarray, "samples statistics dimensions"]:
    """Fit the smooth curves to draws: `STATISTICS` as shares of the dimension, for each N.

    Parameters
    ----------
    draws
        Several at each dimension and each of ``n_samples``.
    n_samples, dimensions
        Where the curves are wanted.
    """
    place, logs = _places(draws.dimensions, draws.n_samples), np.log(draws.readings)
    logs = logs - np.log(draws.dimensions)
    wanted = _places(np.tile(dimensions, len(n_samples)), np.repeat(n_samples, len(dimensions)))
    mean, at_mean = _bases(place, wanted, _MEAN_DEGREES)
    spread, at_spread = _bases(place, wanted, _SPREAD_DEGREES)
    n_free = len(logs) / max(len(logs) - mean.shape[1], 1)
    scatter = np.ones(len(logs))
    for _ in range(_PASSES):
        weighted = mean / scatter[:, None]
        coefficients = np.linalg.lstsq(weighted, logs / scatter, rcond=None)[0]
        residuals = logs - mean @ coefficients
        variance = _log_variance(spread, n_free * residuals**2)
        scatter = np.exp(spread @ variance / 2)
    centre = at_mean @ coefficients
    sd = np.exp(at_spread @ variance / 2)
    low, high = _quantiles(residuals / scatter, draws.n_samples, wanted[:, 1])
    share = np.exp(centre + sd**2 / 2)
    columns = [share, share * sd, np.exp(centre + low * sd), np.exp(centre + high * sd)]
    shape = (len(STATISTICS), len(n_samples), len(dimensions))
    return np.stack(columns).reshape(shape).transpose(1, 0, 2)


def _places(dimensions: ArrayLike, n_samples: ArrayLike) -> Float64[np.ndarray, "m 2"]:
    pairs = np.stack([np.asarray(dimensions), np.asarray(n_samples)], axis=1)
    return np.asarray(np.log(pairs.astype(np.float64)))


def _bases(
    known: Float64[np.ndarray, "m 2"], wanted: Float64[np.ndarray, "w 2"], degrees: tuple[int, int]
) -> tuple[Float64[np.ndarray, "m b"], Float64[np.ndarray, "w b"]]:
    """Chebyshev polynomials of ln d and ln N, of lower degree where few of them are known."""
    low, high = known.min(axis=0), known.max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    most = [min(deg, len(np.unique(known[:, i])) - 1) for i, deg in enumerate(degrees)]
    at = (2 * (places - low) / width - 1 for places in (known, wanted))
    first, second = (np.polynomial.chebyshev.chebvander2d(x, y, most) for x, y in (p.T for p in at))
    return first, second


def _log_variance(
    basis: Float64[np.ndarray, "m b"], squares: Float64[np.ndarray, " m"]
) -> Float64[np.ndarray, " b"]:
    """Fit the logarithm of the expected square, as a gamma regression does.

    Nelder and Wedderburn, "Generalized linear models", 1972: the logarithms of single squares would
    be biased.
    """
    coefficients = np.zeros(basis.shape[1])
    coefficients[0] = np.log(squares.mean())
    for _ in range(_STEPS):
        expected = basis @ coefficients
        step = np.linalg.lstsq(basis, squares * np.exp(-expected) - 1, rcond=None)[0]
        coefficients = coefficients + np.clip(step, -1, 1)
        if np.abs(step).max() < _SMALL:
            break
    return coefficients


def _quantiles(
    standardised: Float64[np.ndarray, " m"],
    n_samples: Float64[np.ndarray, " m"],
    at: Float64[np.ndarray, " w"],
) -> tuple[Float64[np.ndarray, " w"], Float64[np.ndarray, " w"]]:
    """The quantiles of standardised readings: a straight line in ln N, weighted by the draws."""
    sizes, counts = np.unique(n_samples, return_counts=True)
    tails = np.array([np.quantile(standardised[n_samples == n], _TAILS) for n in sizes])
    degree = min(1, len(sizes) - 1)
    low, high = (np.polyfit(np.log(sizes), tail, degree, w=np.sqrt(counts)) for tail in tails.T)
    return np.polyval(low, at), np.polyval(high, at)
