"""The leading sentence of an estimate: what can be believed of it, with its figures."""

from __future__ import annotations

from dimscope._format import in_groups, number, with_error
from dimscope.calibration import FAMILIES, known_calibration
from dimscope.estimators import quantity_of
from dimscope.results import Calibrated, DimensionEstimate


def believed(estimate: DimensionEstimate) -> str | None:
    """Say between which dimensions the data lie, or why that cannot be told.

    The interval is calibrated over all families of sets of known dimension, where a response curve
    ships for the method at this number of points and applies to these points. A linear dimension
    is no statement about the manifold: None.
    """
    if quantity_of(estimate.method).family == "linear":
        return None
    if estimate.value is None:
        return f"cannot tell: {estimate.method} has no value"
    figures = (
        f"{estimate.method} {with_error(estimate.value, estimate.stderr)} at N = "
        f"{in_groups(estimate.n_samples, estimate.n_groups)}"
    )
    found = known_calibration(estimate)
    if found is None:
        return f"{figures}, not calibrated: no response curve that ships applies to it"
    return f"{_between(found)} ({figures}, calibrated over {len(FAMILIES)} families)"


def _between(found: Calibrated) -> str:
    if found.resolvable is False and found.ceiling is not None:
        return (
            f"cannot tell: N = {found.n_samples} does not resolve above {number(found.ceiling)}; "
            f"{_range(found)}"
        )
    return _range(found)


def _range(found: Calibrated) -> str:
    if found.high is None:
        return f"at least {number(found.low)}"
    return f"between {number(found.low)} and {number(found.high)}"
