"""No set of points has more dimensions than features: what is said of a value that has."""

from __future__ import annotations

from dataclasses import replace

from dimscope._format import counted
from dimscope.errors import InputError
from dimscope.results import DimensionEstimate, Note

_FAR_ABOVE = 2.0  # times the features: what reads more says nothing at all
_CHANCE = 1.5  # times the features, which 60 points or more do not reach by chance


def beyond_features(value: float, n_features: int | None) -> bool:
    """Whether a value is so far above the number of features that it says nothing."""
    return n_features is not None and value > _FAR_ABOVE * n_features


def checked_against_features(
    estimate: DimensionEstimate, n_features: int | None
) -> DimensionEstimate:
    """Return the estimate, with a note where it lies above the features.

    That is where its whole interval does, or the value does so far that few points must be why.

    Parameters
    ----------
    estimate
        With or without an interval.
    n_features
        Ambient dimension; None where it is not known.

    Raises
    ------
    InputError
        If the interval, or a value without one, lies above twice the features.

    Examples
    --------
    >>> import numpy as np
    >>> from dimscope.estimators import TwoNN
    >>> estimate = TwoNN().fit(np.random.default_rng(0).random((500, 3))).estimate_
    >>> [note.code for note in checked_against_features(estimate, 2).notes]
    ['above_features']
    """
    if n_features is None or estimate.value is None:
        return estimate
    low = estimate.value if estimate.interval is None else estimate.interval[0]
    features = "1 feature" if n_features == 1 else f"{n_features:,} features"
    if beyond_features(low, n_features):
        raise InputError(
            f"{estimate.method} reads {estimate.value:.4g} in {features}, and no set of points has "
            "more dimensions than features: the points are evenly spaced, equally far from each "
            "other, or differ by mere rounding; use scale_curve, or more neighbours"
        )
    said_before = any(note.code == "above_features" for note in estimate.notes)
    wholly = estimate.interval is not None and low > n_features
    if said_before or (not wholly and estimate.value <= _CHANCE * n_features):
        return estimate
    said = (
        f"The interval lies wholly above the {features} of the points: this value cannot be their "
        "dimension."
        if wholly
        else f"The value lies far above the {features} of the points, which no dimension exceeds: "
        f"{counted(estimate.n_samples, 'point')} are too few to tell it."
    )
    return replace(estimate, notes=(*estimate.notes, Note("above_features", said)))
