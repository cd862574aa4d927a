"""Local PCA: how many directions the neighbours of a point fill.

Fukunaga and Olsen, "An algorithm for finding intrinsic dimensionality of data", IEEE Transactions
on Computers C-20 (1971); the other rules are named in `LocalPCA`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, final, get_args

import numpy as np
import scipy.integrate
import scipy.optimize
import scipy.special
from jaxtyping import Bool, Float64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import check_open_interval
from dimscope.estimators._shared.neighborhoods import (
    NeighborhoodEstimator,
    PerPoint,
    centred_products,
)
from dimscope.estimators.linear import distinct_averages
from dimscope.measurement import Products

Rule = Literal[
    "fukunaga_olsen",
    "fan",
    "max_gap",
    "ratio",
    "kaiser",
    "broken_stick",
    "marchenko_pastur",
    "probabilistic",
    "participation_ratio",
]
Spectra = Float64[np.ndarray, "n m"]

_ROUNDING = 1e-13  # eigenvalues below this share of the largest are rounding errors
_FAN_NOISE, _FAN_GAP, _FAN_HELD = 0.95, 10.0, 0.8


@final
@dataclass(kw_only=True)
class LocalPCA(NeighborhoodEstimator):
    """The mean over all points of the dimension that PCA of their k neighbours shows.

    The eigenvalues l_1 >= l_2 >= ... of the covariance of the neighbours, k - 1 of them whatever
    the space they lie in, become a dimension by one of these rules:

    - ``"fukunaga_olsen"``: how many exceed ``threshold`` times l_1 (1971).
    - ``"fan"``: with the mean of those beyond 95 % of the variance taken from all of them, the
      first i at which l_i > 10 l_(i+1), or at which 80 % are held (Fan et al., arXiv:1002.2050).
    - ``"max_gap"``: the i that maximises l_i / l_(i+1).
    - ``"ratio"``: how many hold ``variance_fraction`` of their sum.
    - ``"kaiser"``: how many exceed their mean.
    - ``"broken_stick"``: how many of the first exceed the expected lengths of the pieces of a stick
      broken at random, sum_{j>=i} 1/j / (k-1) (Frontier 1976).
    - ``"marchenko_pastur"``: how many exceed the edge s^2 (1 + sqrt(D / (k-1)))^2 of pure noise in
      all D features, whose variance s^2 the median eigenvalue tells.
    - ``"probabilistic"``: the most likely number of directions above isotropic noise, by Laplace's
      approximation of the evidence (Minka 2000), one fewer than all at most.
    - ``"participation_ratio"``: (sum l)^2 / sum l^2, both sums unbiased for k neighbours as in
      `ParticipationRatio`, at most k - 1.

    Counts directions, so curvature and noise on the scale of k neighbours raise it, and it never
    exceeds k - 1. ``"fukunaga_olsen"``, ``"kaiser"`` and ``"broken_stick"`` are right where k is
    several times the dimension; ``"fan"`` counts 80 % of the variance of an even neighbourhood;
    ``"max_gap"`` needs a gap, and finds the one to rounding where there is no noise;
    ``"marchenko_pastur"`` takes at least half of the directions as noise; ``"probabilistic"`` needs
    noise in all of them: it counts those that are not empty where some are, and falls to 1 where
    the neighbours fill all features (1.2 in a cube of 3). These two depend on D.
    Cost: N k^2 D products and N eigenvalue problems of side k.

    Parameters
    ----------
    n_neighbors
        k, at least 4.
    rule
        One of the rules above.
    threshold
        Share of the largest eigenvalue, in (0, 1), for ``"fukunaga_olsen"``.
    variance_fraction
        Share of the variance to hold, in (0, 1), for ``"ratio"``.

    Notes
    -----
    There is no standard error: the counts of neighbouring points are nearly the same, what weights
    by shared points say (`overlap_stderr`) is 0.7 to 3 times the scatter, and the bias is most of
    the error.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(1000, 2)) @ rng.normal(size=(2, 5))
    >>> LocalPCA().fit(plane).dimension_
    2.0
    """

    name: ClassVar[str] = "local_pca"
    least_neighbors: ClassVar[int] = 4
    n_neighbors: int = 50
    rule: Rule = "fukunaga_olsen"
    threshold: float = 0.05
    variance_fraction: float = 0.95

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.rule not in get_args(Rule):
            raise InputError(
                f"rule={self.rule!r} is not known: choose one of {', '.join(get_args(Rule))}"
            )
        check_open_interval("threshold", self.threshold, 0, 1)
        check_open_interval("variance_fraction", self.variance_fraction, 0, 1)

    def _number(self, products: Products, n_features: int) -> PerPoint:
        centred = centred_products(products)
        spread = np.einsum("njj->n", centred) > 0
        numbers = np.full(len(centred), np.nan)
        numbers[spread] = self._count(centred[spread], n_features)
        return numbers

    def _count(self, centred: Products, n_features: int) -> PerPoint:
        if self.rule == "participation_ratio":
            return _participation(centred)
        spectra = np.linalg.eigvalsh(centred)[:, :0:-1]
        spectra[spectra < _ROUNDING * spectra[:, :1]] = 0.0
        if self.rule == "fukunaga_olsen":
            return _above(spectra, self.threshold * spectra[:, :1])
        if self.rule == "ratio":
            return _first(_held(spectra) >= self.variance_fraction)
        if self.rule == "probabilistic":
            n_directions = min(spectra.shape[1], n_features)
            return _most_likely(spectra[:, :n_directions], self.n_neighbors)
        if self.rule == "marchenko_pastur":
            return _above(spectra, _noise_edge(spectra, n_features))
        return _RULES[self.rule](spectra)

    def _dimensions(self, numbers: PerPoint) -> PerPoint:
        return numbers

    def _remarks(self, value: float) -> tuple[str, ...]:
        most = self.n_neighbors - 1
        if value <= most / 2:
            return ()
        return (
            f"More than half of the {most} directions that {self.n_neighbors} neighbours can fill: "
            "more neighbours would raise it.",
        )


def _above(spectra: Spectra, bound: Float64[np.ndarray, "n 1"]) -> PerPoint:
    """How many eigenvalues of each row exceed a bound."""
    return np.asarray((spectra > bound).sum(axis=1, dtype=np.float64))


def _held(spectra: Spectra) -> Spectra:
    """The share of the variance that the first eigenvalues hold."""
    held = np.cumsum(spectra, axis=1)
    return np.asarray(held / held[:, -1:])


def _first(found: Bool[np.ndarray, "n m"]) -> PerPoint:
    """The first place, counted from 1, at which each row is true; its length where none is."""
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1.0, float(found.shape[1]))


def _gaps(spectra: Spectra) -> Spectra:
    """l_i / l_(i+1), infinite where l_(i+1) is not positive, 0 where l_i is not either."""
    upper, lower = spectra[:, :-1], spectra[:, 1:]
    gaps = np.where(upper > 0, np.inf, 0.0)
    np.divide(upper, lower, out=gaps, where=lower > 0)
    return gaps


def _fan(spectra: Spectra) -> PerPoint:
    beyond = np.roll(_held(spectra), 1, axis=1) > _FAN_NOISE
    beyond[:, 0] = False
    noise = (spectra * beyond).sum(axis=1) / np.maximum(beyond.sum(axis=1), 1)
    signal = spectra - noise[:, None]
    found = _held(signal) > _FAN_HELD
    found[:, :-1] |= _gaps(signal) > _FAN_GAP
    return _first(found)


def _max_gap(spectra: Spectra) -> PerPoint:
    return np.asarray(_gaps(spectra).argmax(axis=1) + 1.0)


def _kaiser(spectra: Spectra) -> PerPoint:
    return _above(spectra, spectra.mean(axis=1, keepdims=True))


def _broken_stick(spectra: Spectra) -> PerPoint:
    n = spectra.shape[1]
    pieces = np.cumsum(1 / np.arange(n, 0, -1))[::-1] / n
    return _first(spectra <= pieces * spectra.sum(axis=1, keepdims=True)) - 1


def _participation(centred: Products) -> PerPoint:
    n = centred.shape[1]
    norms = np.einsum("njj->nj", centred)
    square, square_trace = distinct_averages(
        n, norms.sum(axis=1), np.square(norms).sum(axis=1), np.square(centred).sum(axis=(1, 2))
    )
    ratio = np.full(len(centred), n - 1.0)
    np.divide(square, square_trace, out=ratio, where=square_trace > 0)
    return np.asarray(np.minimum(ratio, n - 1.0))


def _noise_edge(spectra: Spectra, n_features: int) -> Float64[np.ndarray, "n 1"]:
    """The largest eigenvalue that noise in all features would have, from the median one."""
    n = spectra.shape[1]
    rank = min(n, n_features)
    median = np.median(spectra[:, :rank], axis=1, keepdims=True)
    edge = (1 + math.sqrt(rank / max(n, n_features))) ** 2
    return np.asarray(median * edge / _noise_median(rank / max(n, n_features)))


def _most_likely(spectra: Spectra, n_samples: int) -> PerPoint:
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
        apart = np.log(np.maximum(values[:, :, None] - values[:, None, :], _ROUNDING))
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
def _noise_median(aspect: float) -> float:
    """The median of the Marchenko-Pastur law of unit variance and aspect ratio up to 1."""
    low, high = (1 - math.sqrt(aspect)) ** 2, (1 + math.sqrt(aspect)) ** 2

    def density(x: float) -> float:
        return math.sqrt(max((high - x) * (x - low), 0.0)) / (2 * math.pi * aspect * x)

    def excess(x: float) -> float:
        return float(scipy.integrate.quad(density, low, x)[0]) - 0.5

    return float(scipy.optimize.brentq(excess, low + 1e-9, high))


_RULES: Mapping[str, Callable[[Spectra], PerPoint]] = {
    "fan": _fan,
    "max_gap": _max_gap,
    "kaiser": _kaiser,
    "broken_stick": _broken_stick,
}
