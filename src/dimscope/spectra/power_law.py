"""How fast the eigenvalues fall: an exponent, which says how smooth a code is, not a dimension.

Stringer, Pachitariu, Steinmetz, Carandini and Harris, "High-dimensional geometry of population
responses in visual cortex", Nature 571 (2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from dimscope._format import with_error
from dimscope.errors import InputError

#: Ranks that a fit needs.
LEAST_RANKS = 3
_FEW_SAMPLES = 10  # samples for each rank, below which the last eigenvalues are too small


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """The eigenvalues of some ranks as rank^-exponent.

    Attributes
    ----------
    exponent
        Positive where they fall.
    stderr
        Its standard error, if the data are normal and the eigenvalues well apart.
    r_squared
        Share of the variance of their logarithms that the line explains.
    first, last
        The ranks, from 1, both included.
    n_samples
        Samples behind them.
    notes
        What limits the result, a sentence each.
    """

    exponent: float
    stderr: float
    r_squared: float
    first: int
    last: int
    n_samples: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"rank^-{with_error(self.exponent, self.stderr)} for ranks {self.first} to {self.last} "
            f"(N = {self.n_samples})"
        )


def power_law(
    eigenvalues: Float64[np.ndarray, " rank"],
    n_samples: int,
    first: int,
    last: int | None,
    *,
    n_resolved: int,
) -> PowerLaw:
    """Fit a line to the logarithms of eigenvalues against those of their ranks.

    The fit is by least squares with weights 1 / rank, so that every octave of ranks counts alike.
    The sampling variance of ln l is 2 / (n_samples - 1) for normal data. Only the first
    ``n_resolved`` eigenvalues are above rounding; the others follow no law.

    Raises
    ------
    InputError
        If the ranks are out of range, or eigenvalues among them are rounding.
    """
    last = n_resolved if last is None else last
    if not (first >= 1 and first + LEAST_RANKS - 1 <= last <= n_resolved):
        raise InputError(
            f"ranks {first} to {last} are not at least {LEAST_RANKS} of the {n_resolved} "
            "eigenvalues above rounding: choose others"
        )
    ranks = np.arange(first, last + 1, dtype=np.float64)
    x, y, weights = np.log(ranks), np.log(eigenvalues[first - 1 : last]), 1 / ranks
    weights /= weights.sum()
    x -= weights @ x
    y = y - weights @ y
    leverage = weights * x / (weights @ np.square(x))
    slope = float(leverage @ y)
    left = float(weights @ np.square(y - slope * x))
    total = float(weights @ np.square(y))
    notes = (
        (
            f"{n_samples} samples for {last} ranks: the last eigenvalues are too small and the "
            f"exponent too large; take {_FEW_SAMPLES} samples for each rank, or fewer ranks.",
        )
        if n_samples < _FEW_SAMPLES * last
        else ()
    )
    return PowerLaw(
        exponent=-slope,
        stderr=math.sqrt(2 / (n_samples - 1) * float(np.square(leverage).sum())),
        r_squared=1.0 - left / total if total > 0 else 1.0,
        first=first,
        last=last,
        n_samples=n_samples,
        notes=notes,
    )
