"""What wide random ReLU features do to the dimension of an isotropic Gaussian.

With unit weights w, w' at an angle of cosine rho and x ~ N(0, I_d), ReLU(w x) has the variance
v = (1 - 1/pi) / 2, and two features have the covariance kappa(rho), the arc-cosine kernel of Cho
and Saul (2009) less the product of the means. So n features have the participation ratio
n v^2 / (v^2 + (n - 1) E kappa^2), and for d and n / d without bound it is 4 (1 - 1/pi)^2 d.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import integrate

from dimscope.estimators import ParticipationRatio, estimate
from dimscope.studies.intervals import significant
from dimscope.studies.jobs import Rows

#: 1.859: the factor for a Gaussian of many dimensions and many more features.
LIMIT = 4 * (1 - 1 / math.pi) ** 2
WIDTHS = (250, 500, 1000, 2000)
_VARIANCE = (1 - 1 / math.pi) / 2


def covariance(rho: float) -> float:
    """kappa: the covariance of two features whose unit weights have this scalar product."""
    angle = math.acos(min(1.0, max(-1.0, rho)))
    return (math.sqrt(max(0.0, 1 - rho**2)) + rho * (math.pi - angle) - 1) / (2 * math.pi)


def expected_factor(dimension: int, width: int | None = None) -> float:
    """The participation ratio of random ReLU features over that of their input.

    Parameters
    ----------
    dimension
        Of the isotropic Gaussian, at least 3.
    width
        Number of features; None for all that there are.

    Examples
    --------
    >>> round(expected_factor(10), 3), round(expected_factor(100_000), 3), round(LIMIT, 3)
    (1.81, 1.859, 1.859)
    """
    power = (dimension - 3) / 2
    log_norm = math.lgamma(dimension / 2) - math.lgamma((dimension - 1) / 2) - math.log(math.pi) / 2

    def integrand(angle: float) -> float:
        density = math.exp(log_norm + (2 * power + 1) * math.log(math.sin(angle)))
        return covariance(math.cos(angle)) ** 2 * density

    reach = min(math.pi / 2, 12 / math.sqrt(dimension))  # twelve standard deviations
    mean_square = integrate.quad(
        integrand, math.pi / 2 - reach + 1e-12, math.pi / 2 + reach - 1e-12, limit=200
    )[0]
    of_width = 0.0 if width is None else 1 / width
    return 1 / (dimension * (of_width + (1 - of_width) * mean_square / _VARIANCE**2))


def relu_features(*, dimension: int, seed: int, n_samples: int) -> Rows:
    """Measure the dimension of a Gaussian and of its random ReLU features.

    Returns
    -------
    list of dict
        For each of `WIDTHS`: ``factor_of_width``, the participation ratio of these features,
        corrected for the finite sample, over the dimension; and ``factor``, corrected for the
        finite number of features too. At the largest width also TwoNN of the
        input and of the features.
    """
    rng = np.random.default_rng([dimension, seed])
    x = rng.standard_normal((n_samples, dimension))
    weights = rng.standard_normal((dimension, max(WIDTHS)))
    features = np.maximum(x @ (weights / np.linalg.norm(weights, axis=0)), 0)
    methods = {
        "factor_of_width": ParticipationRatio(),
        "factor": ParticipationRatio(correction="rows_and_columns"),
    }
    rows: Rows = []
    for width in WIDTHS:
        row: dict[str, float | int | None] = {"width": width}
        for name, method in methods.items():
            value = estimate(features[:, :width], method, errors="own").value
            row[name] = significant(None if value is None else value / dimension)
        rows.append(row)
    before, after = (estimate(points, "two_nn").value for points in (x, features))
    rows[-1] |= {"two_nn_before": significant(before), "two_nn_after": significant(after)}
    return rows
