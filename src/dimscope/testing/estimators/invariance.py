"""What a dimension must not depend on: units, axes, order, storage, copies."""

from __future__ import annotations

import numpy as np

from dimscope.estimators import Estimator, NeighborEstimator
from dimscope.testing.checks import require
from dimscope.testing.estimators._subject import Matrix, answer, cloud, require_close, value

_ROUNDING = 1e-7  # of the value, when coordinates are rounded after a turn, shift or scaling
_DRAWS = 0.25  # scatter of a value that random draws of points decide


def check_rotation(estimator: Estimator) -> None:
    """Other axes do not change the value."""
    x = cloud(estimator)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(x.shape[1], x.shape[1])))[0]
    require_close(value(estimator, x @ turn), value(estimator, x), _ROUNDING, "after a rotation")


def check_translation(estimator: Estimator) -> None:
    """An offset of a thousand times the spread does not change the value."""
    x = cloud(estimator)
    offset = 1e3 * np.random.default_rng(1).normal(size=x.shape[1])
    require_close(value(estimator, x + offset), value(estimator, x), _ROUNDING, "after a shift")


def check_scale(estimator: Estimator) -> None:
    """Units from 1e-12 to 1e12 do not change the value: there is no absolute threshold."""
    x = cloud(estimator)
    wanted = value(estimator, x)
    for factor in (1e-12, 1e-4, 1e5, 1e12):
        require_close(value(estimator, factor * x), wanted, _ROUNDING, f"in units of {factor:g}")


def check_order_of_features(estimator: Estimator) -> None:
    """Features in another order do not change the value."""
    x = cloud(estimator)
    mixed = np.random.default_rng(1).permutation(x, axis=1)
    require_close(value(estimator, mixed), value(estimator, x), _ROUNDING, "for features reordered")


def check_order_of_points(estimator: Estimator) -> None:
    """Points in another order do not change the value; an ``rng`` may draw other points."""
    x = cloud(estimator)
    mixed = np.random.default_rng(1).permutation(x)
    tolerance = _DRAWS if "rng" in estimator.get_params() else _ROUNDING
    require_close(value(estimator, mixed), value(estimator, x), tolerance, "for points reordered")


def check_constant_features(estimator: Estimator) -> None:
    """Features that are equal in all points do not change the value."""
    x = cloud(estimator)
    wider = np.hstack([x, np.full((len(x), 30), x[0, 0])])
    require_close(
        value(estimator, wider), value(estimator, x), _ROUNDING, "with 30 constant features"
    )


def check_duplicates_are_set_aside(estimator: NeighborEstimator) -> None:
    """Exact copies are counted and noted, and do not change the value."""
    x = cloud(estimator)
    found = answer(estimator, np.concatenate([x, x[:60]]))
    require(found.n_duplicates == 60, f"n_duplicates is {found.n_duplicates}, of 60 copies")
    require(any("repeat" in note for note in found.notes), "no note mentions 60 copies")
    require_close(found.value or 0.0, value(estimator, x), _ROUNDING, "with 60 copies")


def check_storage(estimator: Estimator) -> None:
    """The same numbers in another dtype, order or container have the same value."""
    x = cloud(estimator)
    whole = np.rint(x if estimator.data != "continuous" else 1e3 * x)
    for dtype in (np.float32, np.float16, np.int64, np.int16, np.dtype(">f8")):
        numbers = whole if np.dtype(dtype).kind == "i" else x
        stored = numbers.astype(dtype)
        wanted = value(estimator, stored.astype(np.float64))
        require_close(value(estimator, stored), wanted, 1e-12, f"as {np.dtype(dtype)}")
    wanted = value(estimator, x)
    others: dict[str, Matrix | list[list[float]]] = {
        "in Fortran's order": np.asfortranarray(x),
        "as lists": x.tolist(),
    }
    for how, stored_otherwise in others.items():
        require_close(value(estimator, stored_otherwise), wanted, 1e-12, how)
