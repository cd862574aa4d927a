"""The rules of local PCA: how many directions the eigenvalues of a neighbourhood show.

Spectra have a row of descending eigenvalues for each neighbourhood. `LocalPCA` names the sources.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import scipy.integrate
import scipy.optimize
import scipy.special
from jaxtyping import Bool, Float64

Spectra = Float64[np.ndarray, "n m"]
PerPoint = Float64[np.ndarray, " n"]

#: Eigenvalues below this share of the largest are rounding errors.
ROUNDING = 1e-13
_FAN_NOISE, _FAN_GAP, _FAN_HELD = 0.95, 10.0, 0.8


def above(spectra: Spectra, bound: Float64[np.ndarray, "n 1"]) -> PerPoint:
    """How many eigenvalues of each row exceed a bound."""
    return np.asarray((spectra > bound).sum(axis=1, dtype=np.float64))


def held(spectra: Spectra) -> Spectra:
    """The share of the variance that the first eigenvalues hold."""
    held = np.cumsum(spectra, axis=1)
    return np.asarray(held / held[:, -1:])


def first(found: Bool[np.ndarray, "n m"]) -> PerPoint:
    """The first place, counted from 1, at which each row is true; its length where none is."""
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1.0, float(found.shape[1]))


def _gaps(spectra: Spectra) -> Spectra:
    """l_i / l_(i+1), infinite where l_(i+1) is not positive, 0 where l_i is not either."""
    upper, lower = spectra[:, :-1], spectra[:, 1:]
    gaps = np.where(upper > 0, np.inf, 0.0)
    np.divide(upper, lower, out=gaps, where=lower > 0)
    return gaps


def fan(spectra: Spectra) -> PerPoint:
    """Fan's rule: the first gap of 10, or 80 % held, without the noise of the last 5 %."""
    beyond = np.roll(held(spectra), 1, axis=1) > _FAN_NOISE
    beyond[:, 0] = False
    noise = (spectra * beyond).sum(axis=1) / np.maximum(beyond.sum(axis=1), 1)
    signal = spectra - noise[:, None]
    found = held(signal) > _FAN_HELD
    found[:, :-1] |= _gaps(signal) > _FAN_GAP
    return first(found)


def max_gap(spectra: Spectra) -> PerPoint:
    """The place of the largest ratio of an eigenvalue to the next."""
    return np.asarray(_gaps(spectra).argmax(axis=1) + 1.0)


def kaiser(spectra: Spectra) -> PerPoint:
    """How many eigenvalues of each row exceed their mean."""
    return above(spectra, spectra.mean(axis=1, keepdims=True))


def broken_stick(spectra: Spectra) -> PerPoint:
    """How many of the first eigenvalues exceed the mean pieces of a stick broken at random."""
    n = spectra.shape[1]
    pieces = np.cumsum(1 / np.arange(n, 0, -1))[::-1] / n
    return first(spectra <= pieces * spectra.sum(axis=1, keepdims=True)) - 1


def noise_edge(spectra: Spectra, n_features: int) -> Float64[np.ndarray, "n 1"]:
    """The largest eigenvalue that noise in all features would have, from the median one."""
    n = spectra.shape[1]
    rank = min(n, n_features)
    median = np.median(spectra[:, :rank], axis=1, keepdims=True)
    edge = (1 + math.sqrt(rank / max(n, n_features))) ** 2
    return np.asarray(median * edge / noise_median(rank / max(n, n_features)))


def most_likely(spectra: Spectra, n_samples: int) -> PerPoint:
    """The rank of largest evidence among 1, 2, ..., p - 1 of p eigenvalues of each row.

    Minka, "Automatic choice of dimensionality for PCA", NIPS 13 (2000), equations 76 to 80. Without
    any noise the evidence is infinite, at the number of eigenvalues that are not zero.
    """
    p = spectra.shape[1]
    if p == 1:
        return np.ones(len(spectra))
    values = spectra / spectra[:, :1]
    ranks = np.arange(1.0, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(values)
        noise = (values.sum(axis=1, keepdims=True) - np.cumsum(values, axis=1))[:, :-1] / (
            p - ranks
        )
        apart = np.log(np.maximum(values[:, :, None] - values[:, None, :], ROUNDING))
        pairs = np.triu(apart, 1)
        inside = np.cumsum(pairs.sum(axis=1), axis=1)[:, :-1]
        across = np.cumsum(pairs.sum(axis=2), axis=1)[:, :-1] - inside
        signal = np.cumsum(logs, axis=1)[:, :-1]
        above = _sums_above(values, noise)
        n_parameters = p * ranks - ranks * (ranks + 1) / 2
        free = np.cumsum(
            scipy.special.gammaln((p - ranks + 1) / 2) - np.log(np.pi) * (p - ranks + 1) / 2
        )
        curvature = (
            2 * inside
            - (ranks - 1) * signal
            + across
            + (p - ranks) * (above - signal - ranks * np.log(noise))
            + n_parameters * math.log(n_samples)
        )
        evidence = (
            free
            - ranks * math.log(2)
            - n_samples / 2 * (signal + (p - ranks) * np.log(noise))
            + (n_parameters + ranks) / 2 * math.log(2 * math.pi)
            - curvature / 2
            - ranks / 2 * math.log(n_samples)
        )
    evidence[values[:, :-1] == 0] = -np.inf
    evidence[(values[:, :-1] > 0) & (values[:, 1:] == 0)] = np.inf
    return np.asarray(evidence.argmax(axis=1) + 1.0)


def _sums_above(values: Spectra, noise: Spectra) -> Spectra:
    """For every rank, the sum of ln(l_i - noise) over the eigenvalues up to it."""
    ranks = range(1, values.shape[1])
    sums = [np.log(values[:, :r] - noise[:, r - 1 : r]).sum(axis=1) for r in ranks]
    return np.stack(sums, axis=1)


@cache
def noise_median(aspect: float) -> float:
    """The median of the Marchenko-Pastur law of unit variance and aspect ratio up to 1."""
    low, high = (1 - math.sqrt(aspect)) ** 2, (1 + math.sqrt(aspect)) ** 2

    def density(x: float) -> float:
        return math.sqrt(max((high - x) * (x - low), 0.0)) / (2 * math.pi * aspect * x)

    def excess(x: float) -> float:
        return float(scipy.integrate.quad(density, low, x)[0]) - 0.5

    return float(scipy.optimize.brentq(excess, low + 1e-9, high))
