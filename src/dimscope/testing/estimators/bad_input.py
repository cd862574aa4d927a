"""Unsuitable data: an estimator refuses them, notes them, or is hardly moved by them."""

from __future__ import annotations

import numpy as np

from dimscope.errors import InputError
from dimscope.estimators import Estimator, NeighborEstimator
from dimscope.testing.checks import require
from dimscope.testing.estimators._subject import (
    answer,
    cloud,
    require_close,
    require_refused,
    require_sound,
    value,
)

_BORNE = 0.1  # how far one point of three hundred may move the value
_NO_MORE = 1.5  # factor by which it may raise a linear dimension, which may fall to 1


def check_unknown_values_are_refused(estimator: Estimator) -> None:
    """NaN and infinite values raise an InputError that names the row."""
    for bad in (np.nan, np.inf, -np.inf):
        x = cloud(estimator)
        x[17, 1] = bad
        require_refused(estimator, x, f"a value of {bad}", mentions="row 17")


def check_constant_is_refused(estimator: Estimator) -> None:
    """A representation of equal rows has no dimension, and raises an InputError."""
    require_refused(estimator, np.ones((80, 3)), "80 equal rows", mentions="equal")


def check_few_points(estimator: Estimator) -> None:
    """A few points, down to one, give an InputError or an estimate that is sound."""
    needed = estimator.n_neighbors_needed if isinstance(estimator, NeighborEstimator) else 4
    for n in sorted({1, 2, 3, 4, 5, needed, needed + 1, needed + 2}):
        _refused_or_sound(estimator, cloud(estimator)[:n], f"{n} points")


def check_equal_distances(estimator: Estimator) -> None:
    """Points at equal distances from each other give an InputError or a sound estimate."""
    _refused_or_sound(estimator, np.eye(100), "100 points at one distance from each other")


def check_one_outlier(estimator: Estimator) -> None:
    """One point at 1e6 moves the value by no more than a tenth.

    All its neighbours are at about one distance, so its own dimension is above 1e5: a mean of local
    dimensions explodes. A linear dimension may fall, since nearly all variance is the outlier's,
    but may not rise.
    """
    x = cloud(estimator)
    far = np.concatenate([x, np.full((1, x.shape[1]), 1e6)])
    alone = value(estimator, x)
    found = answer(estimator, far)
    require_sound(found, len(far))
    if isinstance(estimator, NeighborEstimator):
        require_close(found.value or 0.0, alone, _BORNE, "with one point at 1e6")
    else:
        known = found.value or 0.0
        require(
            known <= _NO_MORE * alone, f"{known:.3g} with one point at 1e6, {alone:.3g} without"
        )


def check_discrete_data_are_noted(estimator: NeighborEstimator) -> None:
    """An estimator of continuous data notes or refuses integers on a coarse grid."""
    grid = np.random.default_rng(0).integers(0, 16, size=(400, 3)).astype(np.float64)
    try:
        notes = answer(estimator, grid).notes
    except InputError:
        return
    require(
        any("discrete" in note for note in notes),
        f"no note says that a coarse grid is discrete: the notes are {notes}",
    )


def _refused_or_sound(estimator: Estimator, x: np.ndarray, what: str) -> None:
    try:
        found = answer(estimator, x)
    except InputError as error:
        require("\n" not in str(error), f"{what}: the message must be one line")
    else:
        require_sound(found, len(x))
