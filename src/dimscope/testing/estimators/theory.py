"""Sets of known dimension that any estimator should know, within wide tolerances.

They are smooth, evenly filled and free of noise: an estimator that is wrong here by more than the
tolerance is wrong everywhere. If the sets do not meet an estimator's assumptions, the check is an
expected failure, with that as its reason.
"""

from __future__ import annotations

import numpy as np

from dimscope.estimators import Estimator, SpectrumEstimator
from dimscope.testing.estimators._subject import Matrix, require_close, value

_N = 600
_TOLERANCE = 0.2  # edges and few points bias the usual estimators by up to a tenth
_TOLERANCE_OF_BALL = 0.3  # most points of a ball in 5 dimensions are near its edge


def check_line(estimator: Estimator) -> None:
    """A straight segment has 1 dimension, to 20 %."""
    line = _rng().random((_N, 1)) @ np.array([[1.0, 2.0, -2.0]])
    require_close(value(estimator, line), 1, _TOLERANCE, "on a segment")


def check_plane(estimator: Estimator) -> None:
    """A flat square in 5 dimensions has 2, to 20 %."""
    require_close(value(estimator, _square()), 2, _TOLERANCE, "on a flat square")


def check_sphere(estimator: Estimator) -> None:
    """The surface of a ball has 2 dimensions, to 20 %; linear methods see 3."""
    x = _rng().normal(size=(_N, 3))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    wanted = 3 if isinstance(estimator, SpectrumEstimator) else 2
    require_close(value(estimator, x), wanted, _TOLERANCE, "on a sphere")


def check_ball(estimator: Estimator) -> None:
    """A ball of 5 dimensions among 8 has 5, to 30 %."""
    rng = _rng()
    x = rng.normal(size=(_N, 5))
    x *= (rng.random(_N) ** 0.2 / np.linalg.norm(x, axis=1))[:, None]
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    require_close(value(estimator, x @ turn[:5]), 5, _TOLERANCE_OF_BALL, "in a ball")


def check_lattice(estimator: Estimator) -> None:
    """The sites of a square lattice, given among 5 whole numbers, have 2 dimensions, to 20 %."""
    x = _rng().integers(0, 60, size=(_N, 2)).astype(np.float64)
    require_close(value(estimator, x @ np.eye(2, 5)), 2, _TOLERANCE, "on a lattice")


def check_fair_bits(estimator: Estimator) -> None:
    """Independent fair bits have as many dimensions as there are, to 20 %."""
    bits = _rng().integers(0, 2, size=(_N, 24)).astype(np.float64)
    require_close(value(estimator, bits), 24, _TOLERANCE, "of 24 fair bits")


def _square() -> Matrix:
    rng = _rng()
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    return np.asarray(rng.random((_N, 2)) @ turn[:2])


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
