"""The sign-flip test: whether paired differences have a mean of 0, with no normal law assumed.

Fisher, "The Design of Experiments" (1935); Pitman, "Significance tests which may be applied to
samples from any populations", JRSS Supplement 4 (1937).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike

from dimscope._rng import Rng
from dimscope.errors import InputError

#: Up to so many differences all sign flips are made; beyond, `RANDOM_DRAWS` random ones.
MOST_EXACT = 16
RANDOM_DRAWS = 20_000
_ROUNDING = 1e-12  # share by which two sums of the same numbers may differ


def sign_flip_p(differences: ArrayLike, *, rng: Rng = 0) -> float:
    """Return the p-value of a positive mean: the share of sign flips with no smaller a sum.

    Under the null hypothesis each difference is as likely to have the other sign. All 2^n flips are
    made for at most 16 differences, so that p is exact and at least 2^-n: fewer than 7 seeds cannot
    reach 0.01, whatever they show. For more, 20,000 random flips and the one observed are counted.
    The test is one-sided; for a two-sided one, take twice the smaller p of the differences and of
    their negatives.

    Parameters
    ----------
    differences
        Shape (n,): one paired difference for each seed.
    rng
        Seed or generator of the random flips; not used for at most 16 differences.

    Raises
    ------
    InputError
        If there are fewer than two differences, or one is not finite.

    Examples
    --------
    >>> sign_flip_p([0.3, 0.1, 0.4, 0.2, 0.5, 0.1, 0.2, 0.6]) * 2**8
    1.0
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise InputError(
            f"differences of shape {values.shape}: give one for each of at least two seeds"
        )
    if not np.isfinite(values).all():
        raise InputError(
            f"{int((~np.isfinite(values)).sum())} of {len(values)} differences are not finite: "
            "leave these seeds out, or say that the test cannot be made"
        )
    exact = len(values) <= MOST_EXACT
    sums = _all_sums(values) if exact else _random_sums(values, rng)
    observed = float(values.sum())
    reached = int((sums >= observed - _ROUNDING * float(np.abs(values).sum())).sum())
    return reached / len(sums) if exact else (reached + 1) / (len(sums) + 1)


def _all_sums(values: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " flips"]:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _random_sums(values: Float64[np.ndarray, " n"], rng: Rng) -> Float64[np.ndarray, " flips"]:
    flips = np.random.default_rng(rng).integers(
        0, 2, size=(RANDOM_DRAWS, len(values)), dtype=np.int8
    )
    return np.asarray((2.0 * flips - 1.0) @ values)
