"""Gaussian process regression on known cases, and its error on similar cases.

Rasmussen and Williams, "Gaussian processes for machine learning" (2006): equation 2.25 for the
prediction, 5.8 and 5.9 for the likelihood, 5.12 for the error of a case that is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Float64, Int64

Inputs = Float64[np.ndarray, "n m"]
Targets = Float64[np.ndarray, " n"]


class Kernel(NamedTuple):
    """The covariance of two cases, of standardised inputs x and y and targets of unit variance.

    signal exp(-|x - y|^2 / 2 length^2) + linear x . y, and noise for a case with itself.
    """

    length: float
    signal: float
    linear: float
    noise: float

    def between(self, x: Inputs, y: Inputs) -> Float64[np.ndarray, "n m"]:
        """The covariances of cases, without the noise."""
        near = np.exp(-squared_distances(x, y) / (2 * self.length**2))
        return np.asarray(self.signal * near + self.linear * (x @ y.T))


class Alike(NamedTuple):
    """The known cases most alike to each of some cases, nearest first, and how far they are."""

    positions: Int64[np.ndarray, "m n_alike"]
    distances: Float64[np.ndarray, "m n_alike"]


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """Known cases, ready to predict others.

    Attributes
    ----------
    inputs
        Of the known cases, standardised.
    targets
        As they were given.
    centre, spread
        Mean and standard deviation of the inputs as they were given.
    weights
        Weight of each case in a prediction, in units of the targets.
    left_out
        For each case, its target as predicted from all others minus the true one.
    kernel
        Covariance of the cases.
    """

    inputs: Inputs
    targets: Targets
    centre: Targets
    spread: Targets
    weights: Targets
    left_out: Targets
    kernel: Kernel

    @classmethod
    def of_cases(cls, inputs: Inputs, targets: Targets, kernel: Kernel) -> GaussianProcess:
        """Make the process that knows these cases."""
        centre, spread = inputs.mean(axis=0), inputs.std(axis=0)
        standard = (inputs - centre) / spread
        precision = np.linalg.inv(_covariance(standard, kernel))
        weights = precision @ (targets - targets.mean())
        return cls(
            inputs=standard,
            targets=targets,
            centre=centre,
            spread=spread,
            weights=weights,
            left_out=-weights / np.diag(precision),
            kernel=kernel,
        )

    def predict(self, inputs: Inputs) -> Targets:
        """The targets expected of other cases."""
        covariance = self.kernel.between(self._standard(inputs), self.inputs)
        return np.asarray(self.targets.mean() + covariance @ self.weights)

    def alike(self, inputs: Inputs, n_alike: int) -> Alike:
        """Find the known cases nearest to each of some others."""
        return _nearest(squared_distances(self._standard(inputs), self.inputs), n_alike)

    def alike_among_known(self, n_alike: int) -> Alike:
        """The known cases nearest to each known one, itself left out."""
        squares = squared_distances(self.inputs, self.inputs)
        np.fill_diagonal(squares, np.inf)
        return _nearest(squares, n_alike)

    def _standard(self, inputs: Inputs) -> Inputs:
        return np.asarray((inputs - self.centre) / self.spread)


def log_likelihood(inputs: Inputs, targets: Targets, kernel: Kernel) -> float:
    """The logarithm of the probability of standardised targets, by which a kernel is chosen."""
    factor = scipy.linalg.cho_factor(_covariance(inputs, kernel), lower=True)
    fit = float(targets @ scipy.linalg.cho_solve(factor, targets))
    volume = 2 * float(np.log(np.diag(factor[0])).sum())
    return -0.5 * (fit + volume + len(targets) * math.log(2 * math.pi))


def squared_distances(x: Inputs, y: Inputs) -> Float64[np.ndarray, "n m"]:
    """|x_i - y_j|^2, never negative; 0 up to rounding for equal cases."""
    norms = np.square(x).sum(axis=1)[:, None] + np.square(y).sum(axis=1)
    return np.asarray(np.maximum(norms - 2 * x @ y.T, 0.0))


def _covariance(inputs: Inputs, kernel: Kernel) -> Float64[np.ndarray, "n n"]:
    return kernel.between(inputs, inputs) + kernel.noise * np.eye(len(inputs))


def _nearest(squares: Float64[np.ndarray, "m n"], n_alike: int) -> Alike:
    positions = np.argsort(squares, axis=1, kind="stable")[:, :n_alike]
    return Alike(positions, np.sqrt(np.take_along_axis(squares, positions, axis=1)))
