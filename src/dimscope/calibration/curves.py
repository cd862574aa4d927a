"""The response curve of any method at any number of points: shipped, kept, or simulated."""

from __future__ import annotations

from typing import get_args

import numpy as np

from dimscope._parameters import checked_parameters
from dimscope._rng import Rng, seed_of
from dimscope.calibration.cache import read_curve, write_curve
from dimscope.calibration.families import ANY, FAMILIES, PointFamily, check_family
from dimscope.calibration.simulation import Draws, fitted, readings
from dimscope.errors import InputError
from dimscope.estimators import ESTIMATORS, Estimator, Method, NeighborEstimator, make_estimator
from dimscope.estimators.responses import shipped_curves
from dimscope.results import ResponseCurve

#: The true dimensions at which curves are simulated here; shipped ones have more.
_DIMENSIONS = (1, 2, 3, 5, 10, 20, 40, 80, 150, 300)
_LEAST_SAMPLES = 50
#: Draws at each dimension: the more points, the less one draw scatters.
_MOST_DRAWS, _LEAST_DRAWS, _POINTS = 20, 4, 10_000


@checked_parameters
def response_curve(
    method: Method, n_samples: int, family: str = "gaussian", *, rng: Rng = 0
) -> ResponseCurve:
    """What a method reads of N points of known dimension, for dimensions 1 to 300.

    Ansuini et al. (2019) show for TwoNN how far estimates fall short at finite N; Schulte and
    Ruegamer (2026, arXiv 2604.20276) argue that such effects of N and scale can pass for a finding.
    The curve says how large they are.

    Parameters
    ----------
    method
        A registry name, or an estimator with its settings.
    n_samples
        N, at least 50.
    family
        The sets that are read, uneven and bent at random: ``"gaussian"``, ``"ball"``, ``"cube"``,
        ``"sphere"``, ``"torus"``, ``"curled"``, ``"curved"``, ``"student_t"``, ``"spectrum"``,
        ``"steep_cube"`` (see `dimscope.calibration.member`), or ``"any"``, the envelope over all.
    rng
        Seed of the draws, where the curve is simulated.

    Returns
    -------
    ResponseCurve
        Curves of the main methods at 100 to 10,000 points ship. Others are simulated, which takes
        seconds to minutes (ten times that for ``"any"``), and kept in the user's cache folder, or
        that of ``DIMSCOPE_CACHE``.

    Raises
    ------
    InputError
        If the method or the family is not known, N is too small, or the method is linear or for
        discrete data.

    Examples
    --------
    >>> curve = response_curve("two_nn", n_samples=450, family="gaussian")
    >>> reading = curve.at(50)
    >>> 24 < reading.low < 30 < reading.high < 36
    True
    >>> found = curve.invert(30)
    >>> found.low < 50 < found.high
    True
    """
    estimator = _simulable(make_estimator(method))
    check_family(family)
    if n_samples < _LEAST_SAMPLES:
        raise InputError(f"n_samples={n_samples} must be at least {_LEAST_SAMPLES} for a curve")
    seed = seed_of(rng)
    if family == ANY:
        each = [_curve(estimator, n_samples, name, seed) for name in get_args(PointFamily)]
        return ResponseCurve.envelope(ANY, each)
    return _curve(estimator, n_samples, _as_family(family), seed)


def shipped_curve(method: str, n_samples: int, family: str) -> ResponseCurve | None:
    """The curve of a method, by its name with its setting, if it ships; else None."""
    curves = shipped_curves(method, n_samples)
    if curves is None:
        return None
    return ResponseCurve.envelope(ANY, [*curves.values()]) if family == ANY else curves[family]


def _simulable(estimator: Estimator) -> NeighborEstimator:
    """Refuse methods whose readings these sets say nothing about."""
    if not isinstance(estimator, NeighborEstimator) or estimator.family != "intrinsic":
        raise InputError(
            f"{estimator.name} has no response curve: it measures variances, and sets of one "
            "dimension can have any; give a method that sees distances, such as two_nn"
        )
    if estimator.data != "continuous":
        raise InputError(
            f"{estimator.name} has no response curve: it is for {estimator.data}, and the families "
            "are of real numbers"
        )
    return estimator


def _as_family(name: str) -> PointFamily:
    return next(family for family in FAMILIES if family == name)


def _curve(
    estimator: NeighborEstimator, n_samples: int, family: PointFamily, seed: int
) -> ResponseCurve:
    """One family's curve: shipped, kept or simulated; kept only for our own estimators."""
    name = estimator.quantity.key
    ours = ESTIMATORS.get(estimator.name) is type(estimator)
    if ours and (shipped := shipped_curve(name, n_samples, family)) is not None:
        return shipped
    facts = {"method": name, "n_samples": n_samples, "family": family, "seed": seed}
    if ours and (kept := read_curve(facts)) is not None:
        return kept
    made = _simulated(estimator, n_samples, family, seed)
    if ours:
        write_curve(facts, made)
    return made


def _simulated(
    estimator: NeighborEstimator, n_samples: int, family: PointFamily, seed: int
) -> ResponseCurve:
    n_draws = int(np.clip(_POINTS // n_samples, _LEAST_DRAWS, _MOST_DRAWS))
    name = estimator.quantity.key
    place = get_args(PointFamily).index(family)
    truth = np.repeat(_DIMENSIONS, n_draws)
    read = [
        readings(
            {name: estimator},
            family,
            int(dimension),
            n_samples,
            np.random.default_rng([seed, place, n_samples, number]),
        )[name]
        for number, dimension in enumerate(truth)
    ]
    draws = Draws(truth.astype(np.float64), np.full(len(truth), float(n_samples)), np.array(read))
    known = np.array(_DIMENSIONS, dtype=np.float64)
    means, sds, lows, highs = known * fitted(draws, [n_samples], _DIMENSIONS)[0]
    return ResponseCurve(
        method=name,
        n_samples=n_samples,
        family=family,
        n_draws=n_draws,
        dimensions=known,
        means=means,
        sds=sds,
        lows=lows,
        highs=highs,
    )
