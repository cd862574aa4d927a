"""The likelihood of a dimension, given the ratios of two neighbour distances.

At constant density mu = r_n2 / r_n1 has density d (mu^d - 1)^(n2-n1-1) / (mu^((n2-1)d+1)
B(n2-n1, n1)) (Denti et al. 2022). The likelihood has one maximum: its logarithm is concave in d.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.optimize
from jaxtyping import Float64

from dimscope.errors import InputError

_FARTHEST = 2.0**60  # times the value for n2 = n1 + 1: ratios that reach so far are equal


def maximum_likelihood(log_mu: Float64[np.ndarray, " n"], n1: int, n2: int) -> tuple[float, float]:
    """The most likely dimension, and I^-1/2, I the observed information of independent ratios.

    Raises
    ------
    InputError
        If nearly all ratios are 1, so that the likelihood has no maximum.
    """
    n, total = len(log_mu), float(log_mu.sum())

    def score(d: float) -> float:
        between = (n2 - n1 - 1) * float(_over_expm1(log_mu, d).sum())
        return n / d + between - (n2 - 1) * total

    value = n / total
    if n2 > n1 + 1:
        low = high = value
        while not score(low) > 0 and low > value / _FARTHEST:
            low /= 2
        while not score(high) < 0 and high < value * _FARTHEST:
            high *= 2
        if not score(low) > 0 > score(high):
            raise InputError(
                f"the ratios r_{n2} / r_{n1} have no most likely dimension: nearly all of them are "
                "1; use more neighbours"
            )
        value = float(scipy.optimize.brentq(score, low, high, xtol=1e-14 * value, rtol=1e-14))
    curvature = np.exp(-value * log_mu) * _over_expm1(log_mu, value) ** 2
    information = n / value**2 + (n2 - n1 - 1) * float(curvature.sum())
    return value, 1 / math.sqrt(information)


def log_likelihood(log_mu: Float64[np.ndarray, " n"], n1: int, n2: int, d: float) -> float:
    """The log likelihood at ``d``, up to a constant; at mu = 1 its limit, (n2-n1) ln d."""
    apart = log_mu[log_mu > 0]
    between = float(np.log(-np.expm1(-d * apart)).sum())
    between += (len(log_mu) - len(apart)) * math.log(d)
    return len(log_mu) * math.log(d) + (n2 - n1 - 1) * between - n1 * d * float(log_mu.sum())


def _over_expm1(log_mu: Float64[np.ndarray, " n"], d: float) -> Float64[np.ndarray, " n"]:
    """ln mu / (1 - mu^-d), continued to its limit 1/d at mu = 1."""
    denominator = -np.expm1(-d * log_mu)
    limit = np.full_like(log_mu, 1 / d)
    np.divide(log_mu, denominator, out=limit, where=denominator > 0)
    return limit
