"""The law of Hamming distances that `BID` fits: P(r) = 2^-d C(d, r) / Z with d = d0 + d1 r.

Acevedo, Rodriguez and Laio, "Unsupervised detection of semantic correlations in big data",
Communications Physics 8 (2025).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import gammaln, polygamma, psi

_MOST_STEPS = 200
_DONE = 1e-13  # what another step would gain, as a divergence
_KEPT = 0.1  # of the way to a bound, after each step
_CURVED = 1e-12  # least determinant of a correlation that counts as curved


def nearest_law(
    distances: Int64[np.ndarray, " radii"], counts: Int64[np.ndarray, " radii"]
) -> float | None:
    """d0 of the law of least divergence from the shares of some distances.

    The search goes down from d(r) = r_max + r, where the authors start, by Newton's steps within
    d0 > 0, d1 < 2 and d(r) > r - 1. None if it ends at one of these bounds, or does not end.
    """
    law = _Law(distances.astype(np.float64), counts / counts.sum())
    d = np.array([1.0, 1.0])
    divergence = law.divergence(d)
    for _ in range(_MOST_STEPS):
        step, gain = law.newton(d)
        if gain < _DONE:
            return float(d[0] * law.unit)
        for _ in range(40):
            to = d + step
            if (law.room(to) >= _KEPT * law.room(d)).all():
                found = law.divergence(to)
                if found <= divergence - 1e-4 * gain:
                    break
            step, gain = step / 2, gain / 2
        else:
            return None
        d, divergence = to, found
    return None


class _Law:
    """The law, by its parameters d0 / r_max and d1."""

    def __init__(self, r: Float64[np.ndarray, " n"], shares: Float64[np.ndarray, " n"]) -> None:
        self.r, self.shares, self.unit = r, shares, r[-1]
        self._design = self.unit * np.stack([np.ones_like(r), r / self.unit])
        self._log_factorials = gammaln(r + 1)

    def room(self, d: Float64[np.ndarray, " 2"]) -> Float64[np.ndarray, " bounds"]:
        """How far the parameters are from each bound."""
        ends = (d @ self._design - self.r + 1)[[0, -1]]
        return np.array([d[0], 2 - d[1], *ends])

    def divergence(self, d: Float64[np.ndarray, " 2"]) -> float:
        """The divergence of the shares from the law, up to a constant."""
        log_p = self._logarithms(d @ self._design)
        return float(np.logaddexp.reduce(log_p) - self.shares @ log_p)

    def newton(self, d: Float64[np.ndarray, " 2"]) -> tuple[Float64[np.ndarray, " 2"], float]:
        """A step down, and twice the gain that it promises.

        Where the divergence is not convex, the Hessian is replaced by Fisher's information.
        """
        at = d @ self._design
        log_p = self._logarithms(at)
        law = np.exp(log_p - np.logaddexp.reduce(log_p))
        slopes = self._design * (psi(at + 1) - psi(at - self.r + 1) - math.log(2))
        bends = polygamma(1, at + 1) - polygamma(1, at - self.r + 1)
        excess = law - self.shares
        gradient = slopes @ excess
        mean = slopes @ law
        information = (slopes * law) @ slopes.T - np.outer(mean, mean)
        hessian = information + (self._design * (excess * bends)) @ self._design.T
        diagonal = hessian[0, 0] * hessian[1, 1]
        is_convex = hessian[0, 0] > 0 and np.linalg.det(hessian) > _CURVED * diagonal
        step = -np.linalg.lstsq(hessian if is_convex else information, gradient)[0]
        return step, float(-gradient @ step)

    def _logarithms(self, at: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        free = gammaln(at + 1) - self._log_factorials - gammaln(at - self.r + 1)
        return np.asarray(free - at * math.log(2))
