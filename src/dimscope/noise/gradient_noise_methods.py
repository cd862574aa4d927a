"""The three methods of `gradient_noise`: gradients of samples, of batches, or norms of two sizes.

Each computes its gradients for a `Plan`, and from them an estimate for each layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dimscope._progress import Advance
from dimscope.errors import InputError
from dimscope.noise.gradient_moments import Moments, centred_gram, jackknife, moments
from dimscope.noise.gradients import (
    Groups,
    by_layer,
    drawn_gradients,
    grams,
    per_sample_gradients,
    squared_norms,
)
from dimscope.noise.objective import Objective
from dimscope.noise.results import WHOLE, NoiseEstimate, noise_scale
from dimscope.noise.two_batch_noise import two_batch_noise


@dataclass(frozen=True, eq=False)
class Plan:
    """What to measure: the loss, its layers, the batch size, and how many samples there are.

    Attributes
    ----------
    loss
        The loss as a function of the parameters.
    groups
        The names of the parameters of each layer.
    batch_size
        B, the size of the minibatch whose noise is measured.
    population
        Samples that training draws from.
    n_draws
        Batches to draw.
    rng
        Draws the batches and the groups of the jackknife.
    """

    loss: Objective
    groups: Groups
    batch_size: int
    population: float
    n_draws: int
    rng: np.random.Generator

    def size(self, layer: str) -> int:
        """The number of parameters of a layer."""
        names = self.loss.chosen if layer == WHOLE else self.groups[layer]
        return sum(self.loss.chosen[name].numel() for name in names)


class Measured(NamedTuple):
    """What a method found for each layer, the number of gradients, and the cost in samples."""

    method: str
    estimates: dict[str, NoiseEstimate]
    n_draws: int
    n_sample_gradients: int


def by_samples(plan: Plan, advance: Advance) -> Measured:
    """Estimate the noise from the gradients of all samples.

    Raises
    ------
    NoPerSampleError
        If torch.func cannot compute them.
    """
    products = grams(per_sample_gradients(plan.loss, plan.groups, advance))
    n = len(plan.loss.samples)
    return Measured("samples", _of_grams(plan, products, "samples"), n, n)


def by_batches(plan: Plan, advance: Advance) -> Measured:
    """Estimate the noise from the gradients of independent batches."""
    drawn = drawn_gradients(plan.loss, plan.batch_size, plan.n_draws, plan.rng, advance)
    products = grams(by_layer(drawn, plan.groups))
    estimates = _of_grams(plan, products, "batches")
    return Measured("batches", estimates, plan.n_draws, plan.n_draws * plan.batch_size)


def by_two_batches(plan: Plan, big: int, advance: Advance) -> Measured:
    """Estimate the noise from the norms of the gradients of small and big batches.

    Raises
    ------
    InputError
        If the big batches are not larger than the small ones, or larger than the data.
    """
    n, small = len(plan.loss.samples), plan.batch_size
    if not small < big <= n:
        raise InputError(
            f"big_batch_size={big} must lie above batch_size={small} and not above the {n} samples"
        )
    ones, twos = (
        squared_norms(
            drawn_gradients(plan.loss, size, plan.n_draws, plan.rng, advance), plan.groups
        )
        for size in (small, big)
    )
    ones[WHOLE], twos[WHOLE] = (np.sum(list(x.values()), axis=0) for x in (ones, twos))
    found = {}
    for layer in ones:
        one = two_batch_noise(
            ones[layer], twos[layer], small=small, big=big, population=n, layer=layer
        )
        spread = one.trace * small / (1 - small / n)
        share = (1 - small / plan.population) / (1 - small / n)
        signal = one.signal - spread * (1 / n - 1 / plan.population)
        found[layer] = NoiseEstimate(
            layer=layer,
            n_parameters=plan.size(layer),
            trace=one.trace * share,
            trace_stderr=None if one.trace_stderr is None else one.trace_stderr * share,
            signal=signal,
            signal_stderr=one.signal_stderr,
            noise_scale=noise_scale(spread, signal),
            noise_scale_stderr=one.noise_scale_stderr if signal > 0 else None,
        )
    return Measured("two_batch", found, plan.n_draws, plan.n_draws * (small + big))


def _of_grams(
    plan: Plan, products: Mapping[str, Float64[np.ndarray, "n n"]], method: str
) -> dict[str, NoiseEstimate]:
    everything = {WHOLE: np.sum(list(products.values()), axis=0), **products}
    return {layer: _of_gram(plan, layer, gram, method) for layer, gram in everything.items()}


def _of_gram(
    plan: Plan, layer: str, gram: Float64[np.ndarray, "n n"], method: str
) -> NoiseEstimate:
    """Estimate the noise from the Gram matrix of gradients.

    The gradients are those of all N samples, or of batches of B of them, as ``method`` says.
    """
    n, b, total = len(plan.loss.samples), plan.batch_size, plan.population
    if method == "samples":
        spread_per_draw, known = 1.0, 1 - n / total  # share of the variance left by having all
    else:
        spread_per_draw, known = b * n / (n - b) if b < n else math.nan, 1.0
    share = (1 - b / total) / b

    def shown(found: Moments) -> tuple[float, float, float | None, float | None]:
        if method == "samples":
            spread = found.trace
            mean = found.signal + spread / total  # |g|^2 of M samples: |g_n|^2 - S (1/n - 1/M)
        else:
            spread = found.trace * spread_per_draw if b < n else 0.0
            mean = found.signal - spread * (1 / n - 1 / total)
        exact = method == "samples" and total == n
        ratio = found.naive_ratio if exact else found.ratio
        return share * spread, mean, noise_scale(spread, mean), ratio

    found = moments(gram)
    values = shown(found)
    correction = math.sqrt(max(known, 0.0))

    errors: list[float | None]
    if correction > 0:
        wide = jackknife(len(gram), lambda rows: shown(moments(gram[np.ix_(rows, rows)])), plan.rng)
        errors = [None if error is None else correction * error for error in wide]
    else:
        errors = [None if value is None else 0.0 for value in values]
    centred = centred_gram(gram)
    spread = float(np.trace(centred))
    return NoiseEstimate(
        layer=layer,
        n_parameters=plan.size(layer),
        trace=values[0],
        trace_stderr=errors[0],
        signal=values[1],
        signal_stderr=errors[1],
        noise_scale=values[2],
        noise_scale_stderr=errors[2],
        participation_ratio=values[3],
        participation_ratio_stderr=errors[3],
        naive_participation_ratio=found.naive_ratio,
        gram=centred * (values[0] / spread) if found.trace > 0 else np.zeros_like(centred),
    )
