"""What the checks of estimators share: suitable points, answers, and what a sound answer is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.estimators import Estimator, NeighborEstimator
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate
from dimscope.spectra import Spectrum
from dimscope.testing.checks import require

Matrix = Float64[np.ndarray, "n d"]

N_SAMPLES = 300


def cloud(estimator: Estimator, n_samples: int = N_SAMPLES, seed: int = 0) -> Matrix:
    """Return points of the kind that the estimator is for: distinct, in a few dimensions."""
    rng = np.random.default_rng(seed)
    match estimator.data:
        case "bits":
            return rng.integers(0, 2, size=(n_samples, 24)).astype(np.float64)
        case "integers":
            return np.unique(rng.integers(0, 40, size=(2 * n_samples, 3)), axis=0)[
                rng.permutation(n_samples)
            ].astype(np.float64)
    return rng.normal(size=(n_samples, 4))


def statistic(estimator: Estimator, x: Any, more_neighbors: int = 0) -> NeighborGraph | Spectrum:
    """Return the statistic of ``x`` that the estimator takes, with some more neighbours."""
    if isinstance(estimator, NeighborEstimator):
        return NeighborGraph.from_points(x, estimator.n_neighbors_needed + more_neighbors)
    return Spectrum.from_points(x)


def answer(estimator: Estimator, x: Any) -> DimensionEstimate:
    """Return the estimate of ``x``."""
    return estimate_from(estimator, statistic(estimator, x))


def estimate_from(estimator: Any, known: NeighborGraph | Spectrum) -> DimensionEstimate:
    """Return the estimate from the statistic that the estimator takes."""
    found: DimensionEstimate = estimator.estimate(known)
    require(
        isinstance(found, DimensionEstimate),
        f"estimate gave a {type(found).__name__} instead of a DimensionEstimate",
    )
    return found


def value(estimator: Estimator, x: Any) -> float:
    """Return the dimension of ``x``; fail the check if the estimate has no value."""
    found = answer(estimator, x)
    require(found.value is not None, f"no value for {len(x)} points: {' '.join(found.notes)}")
    return float(found.value or math.nan)


def require_close(found: float, wanted: float, tolerance: float, when: str) -> None:
    """Fail the check unless two dimensions agree to a relative tolerance."""
    require(
        math.isfinite(found) and abs(found - wanted) <= tolerance * abs(wanted),
        f"{found:.9g} {when}, expected {wanted:.9g} to a relative {tolerance:g}",
    )


def require_sound(found: DimensionEstimate, n_rows: int) -> None:
    """Fail the check unless numbers are positive or None, and notes are sentences."""
    for name in ("value", "stderr", "scale"):
        number = getattr(found, name)
        require(
            number is None or (math.isfinite(number) and number > 0),
            f"{name} is {number}: what is unknown must be None, all else a finite number above 0",
        )
    require(found.value is not None or bool(found.notes), "no value, and no note that says why")
    if found.interval is not None:
        low, high = found.interval
        known = found.value is not None and low <= found.value <= high
        require(known, f"the interval {found.interval} does not hold the value {found.value}")
    require(
        0 < found.n_samples <= n_rows, f"n_samples is {found.n_samples}, of {n_rows} rows given"
    )
    require(
        all(isinstance(note, str) and note.endswith(".") for note in found.notes),
        f"the notes {found.notes} must be sentences",
    )


def require_refused(estimator: Estimator, x: Any, what: str, mentions: str = "") -> None:
    """Fail the check unless ``fit`` raises an InputError of one line with the text ``mentions``."""
    try:
        found = estimator.fit(x)
    except InputError as error:
        text = str(error)
        require(mentions in text, f"{what}: the message {text!r} should mention {mentions!r}")
        require("\n" not in text and len(text) > 0, f"{what}: the message must be one line")
    else:
        raise AssertionError(f"{what} must raise an InputError, but gave {vars(found)}")
