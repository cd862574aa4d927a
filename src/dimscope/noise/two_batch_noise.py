"""Gradient noise from the gradient norms of two batch sizes: arithmetic, without a network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

from dimscope._parameters import checked_parameters
from dimscope.errors import InputError
from dimscope.noise.gradient_moments import jackknife
from dimscope.noise.results import WHOLE, NoiseEstimate, noise_scale


@checked_parameters
def two_batch_noise(  # noqa: PLR0913 - two norms, two sizes
    small_squares: Sequence[float] | Float64[np.ndarray, " n"],
    big_squares: Sequence[float] | Float64[np.ndarray, " n"],
    *,
    small: int,
    big: int,
    population: float = math.inf,
    layer: str = WHOLE,
) -> NoiseEstimate:
    """Estimate gradient noise from the squared norms of gradients of two batch sizes.

    S = (|G_s|^2 - |G_b|^2) / (1/B_s - 1/B_b) and |g|^2 = (B_b |G_b|^2 - B_s |G_s|^2) / (B_b - B_s)
    (McCandlish et al. 2018, appendix A). Both are averaged over the draws *before* they are
    divided; the noise scale is None if |g|^2 <= 0. Drawing without replacement from M samples does
    not change S, but lowers |g|^2 by S / M, which is added again. Tr C_B is that of the small
    batch.

    Cost: nothing. Data-parallel training has the norms: each worker's gradient and their mean.

    Parameters
    ----------
    small_squares, big_squares
        |G|^2 of one small and one big batch at each draw, at the same weights.
    small, big
        The two batch sizes.
    population
        M, the number of samples that batches are drawn from; infinite by default.
    layer
        Name of the layer that the norms belong to.

    Raises
    ------
    InputError
        If the sizes are not 1 <= small < big <= population, or the norms do not match.

    Examples
    --------
    >>> estimate = two_batch_noise([5.0, 7.0], [2.0, 2.0], small=1, big=5)
    >>> estimate.trace, estimate.signal, estimate.noise_scale
    (5.0, 1.0, 5.0)
    """
    one, two = np.asarray(small_squares, np.float64), np.asarray(big_squares, np.float64)
    if not 1 <= small < big <= population:
        raise InputError(
            f"batch sizes {small} and {big} of {population:g} samples: they must be "
            "1 <= small < big <= population"
        )
    if one.shape != two.shape or one.ndim != 1 or not len(one):
        raise InputError(
            f"{one.shape} small and {two.shape} big norms: give one of each for every draw"
        )
    scatter = (one - two) / (1 / small - 1 / big)
    signal = (big * two - small * one) / (big - small) + scatter / population
    value, mean = float(scatter.mean()), float(signal.mean())
    share = (1 - small / population) / small

    def scale(rows: Int64[np.ndarray, " m"]) -> list[float | None]:
        return [noise_scale(float(scatter[rows].mean()), float(signal[rows].mean()))]

    n = len(one)
    return NoiseEstimate(
        layer=layer,
        n_parameters=None,
        trace=share * value,
        trace_stderr=share * float(scatter.std(ddof=1)) / math.sqrt(n) if n > 1 else None,
        signal=mean,
        signal_stderr=float(signal.std(ddof=1)) / math.sqrt(n) if n > 1 else None,
        noise_scale=noise_scale(value, mean),
        noise_scale_stderr=jackknife(n, scale, np.random.default_rng(0))[0],
    )
