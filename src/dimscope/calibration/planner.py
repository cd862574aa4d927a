"""How many points a dimension needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dimscope._format import number
from dimscope._parameters import checked_parameters
from dimscope.calibration.curves import shipped_curve
from dimscope.calibration.families import ANY, check_family
from dimscope.errors import InputError
from dimscope.estimators import Method, make_estimator
from dimscope.estimators.responses import shipped_methods, shipped_range
from dimscope.results import ResponseCurve

_N_TRIED = 60  # numbers of points: steps of 8 per cent


@dataclass(frozen=True, kw_only=True)
class SamplesNeeded:
    """How many points determine a dimension to a precision.

    Attributes
    ----------
    n_samples
        The least number of points; None where none that was simulated is enough.
    dimension, precision
        What was asked for: the dimension, and half the width of the calibrated interval over it.
    method, family
        By which method, for which family.
    reached
        The precision at ``n_samples``, or at the most points simulated; infinite where the interval
        has no upper end.
    most
        The most points simulated.
    """

    n_samples: int | None
    dimension: float
    precision: float
    method: str
    family: str
    reached: float
    most: int

    def __str__(self) -> str:
        wanted = f"{number(self.dimension)} dimensions to {self.precision:.0%} by {self.method}"
        said = f"{wanted}, family {self.family}"
        if self.n_samples is not None:
            return f"{said}: {self.n_samples:,} points"
        at_most = f"reach {self.reached:.0%}" if math.isfinite(self.reached) else "set no upper end"
        return f"{said}: more than {self.most:,} points, the most simulated, which {at_most}"


@checked_parameters
def samples_needed(
    dimension: float, precision: float, method: Method = "two_nn", family: str = ANY
) -> SamplesNeeded:
    """The number of points that a dimension needs, to be told to a precision.

    Parameters
    ----------
    dimension
        The true dimension, 1 to 300.
    precision
        Half the width of the calibrated 95 % interval, as a share of the dimension, such as 0.1.
    method
        One whose response curves ship.
    family
        As in `response_curve`. With ``"any"`` the interval holds the answers of all families, which
        more points hardly bring together: many precisions are out of reach.

    Raises
    ------
    InputError
        If the dimension is outside 1 to 300, the precision not positive, the family not known, or
        the method has no curves that ship.

    Examples
    --------
    >>> few = samples_needed(10, 0.2, family="gaussian").n_samples
    >>> more = samples_needed(10, 0.1, family="gaussian").n_samples
    >>> few < more
    True
    """
    check_family(family)
    if not precision > 0:
        raise InputError(f"precision={precision} must be positive, such as 0.1 for 10 %")
    name = make_estimator(method).quantity.key
    if name not in shipped_methods():
        raise InputError(
            f"{name} has no response curves at many numbers of points: choose from "
            f"{', '.join(shipped_methods())}"
        )
    least, most = shipped_range()
    reached = math.inf
    for n_samples in np.unique(np.geomspace(least, most, _N_TRIED).round().astype(int)):
        curve = shipped_curve(name, int(n_samples), family)
        reached = math.inf if curve is None else _precision(curve, dimension)
        if reached <= precision:
            break
    return SamplesNeeded(
        n_samples=int(n_samples) if reached <= precision else None,
        dimension=dimension,
        precision=precision,
        method=name,
        family=family,
        reached=reached,
        most=most,
    )


def _precision(curve: ResponseCurve, dimension: float) -> float:
    """Half the width of the interval of the mean reading, over the dimension."""
    found = curve.invert(curve.at(dimension).mean)
    return math.inf if found.high is None else (found.high - found.low) / (2 * dimension)
