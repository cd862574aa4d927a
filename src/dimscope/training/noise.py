"""The noise of SGD: how minibatch gradients scatter around the gradient of the whole loss.

The minibatch of B of N samples, drawn without replacement, has gradient covariance
C_B = (Sigma_g / B) (N - B)/(N - 1), Sigma_g that of per-sample gradients with divisor N. The noise
scale is McCandlish et al., "An empirical model of large-batch training", arXiv 1812.06162 (2018).
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64
from torch import nn

from dimscope._format import number, with_error
from dimscope.errors import InputError
from dimscope.profiling.progress import progress_bars
from dimscope.results import plain
from dimscope.store import parse_size
from dimscope.training._gradients import (
    NoPerSampleError,
    by_layer,
    drawn_gradients,
    grams,
    per_sample_gradients,
    squared_norms,
)
from dimscope.training._gram import Moments, centred_gram, jackknife, moments
from dimscope.training._objective import LossFunction, Objective, objective, parameters_of

Method = Literal["auto", "samples", "batches", "two_batch"]

#: The row for all chosen parameters together.
WHOLE = "(all)"


@dataclass(frozen=True, eq=False, kw_only=True)
class NoiseEstimate:
    """The gradient noise of some parameters. Unknown is None; an error of 0 means exact.

    Attributes
    ----------
    layer
        Whose parameters; ``"(all)"`` for all that were chosen.
    n_parameters
        How many numbers they are; None where only norms were given.
    trace
        Tr C_B, the variance of the minibatch gradient summed over the parameters.
    signal
        |g|^2, the squared norm of the mean gradient, without what the noise adds to it. Its
        estimate can be negative where there is hardly any.
    noise_scale
        B_simple = S / |g|^2, S the trace of the per-sample covariance (divisor N - 1): the batch
        size at which noise and signal are equal. None where the signal is not positive.
    participation_ratio
        Of the eigenvalues of C_B, corrected for the number of gradients; None where they do not
        bound it, and where only norms were measured.
    naive_participation_ratio
        Without that correction: never above one less than the number of gradients.
    trace_stderr, signal_stderr, noise_scale_stderr, participation_ratio_stderr
        By the jackknife over draws.
    gram
        Products of the gradients less their mean, scaled so that their trace is Tr C_B.
    """

    layer: str
    n_parameters: int | None
    trace: float
    trace_stderr: float | None
    signal: float
    signal_stderr: float | None
    noise_scale: float | None
    noise_scale_stderr: float | None
    participation_ratio: float | None = None
    participation_ratio_stderr: float | None = None
    naive_participation_ratio: float | None = None
    gram: Float64[np.ndarray, "n n"] | None = field(default=None, repr=False)

    @cached_property
    def eigenvalues(self) -> Float64[np.ndarray, " rank"] | None:
        """Of C_B, descending: one fewer than there are gradients; None where only norms were."""
        if self.gram is None:
            return None
        return np.asarray(np.maximum(np.linalg.eigvalsh(self.gram)[:0:-1], 0.0))

    def to_dict(self) -> dict[str, Any]:
        """Every number, ready for JSON, without `gram`."""
        return {n: plain(getattr(self, n)) for n in self.__dataclass_fields__ if n != "gram"}


@dataclass(frozen=True, eq=False, kw_only=True)
class GradientNoise:
    """The gradient noise of a network, whole and by layer.

    Attributes
    ----------
    whole, layers
        All chosen parameters together, and those of each layer.
    method
        ``"samples"``, ``"batches"`` or ``"two_batch"``.
    batch_size
        B, of the minibatch whose noise it is.
    n_samples
        Samples given.
    population
        Samples that training draws its batches from, `math.inf` for fresh ones.
    n_draws
        Gradients (pairs of them) measured.
    n_sample_gradients
        The cost: forward and backward passes, counted in samples.
    seconds
        Wall time that it took.
    notes
        What a careful reader must know, a sentence each.
    """

    whole: NoiseEstimate
    layers: Mapping[str, NoiseEstimate]
    method: str
    batch_size: int
    n_samples: int
    population: float
    n_draws: int
    n_sample_gradients: int
    seconds: float
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row for each layer, and first one for all parameters."""
        return pd.DataFrame([e.to_dict() for e in (self.whole, *self.layers.values())])

    def to_dict(self) -> dict[str, Any]:
        """Everything but the Gram matrices, ready for JSON."""
        found = {n: plain(getattr(self, n)) for n in self.__dataclass_fields__ if n != "layers"}
        found["layers"] = {name: layer.to_dict() for name, layer in self.layers.items()}
        return found | {"whole": self.whole.to_dict()}

    def __str__(self) -> str:
        w = self.whole
        scale = (
            "unknown" if w.noise_scale is None else with_error(w.noise_scale, w.noise_scale_stderr)
        )
        return (
            f"Tr C_B {with_error(w.trace, w.trace_stderr)}, |g|^2 "
            f"{with_error(w.signal, w.signal_stderr)}, noise scale {scale} "
            f"(B = {self.batch_size}, N = {self.n_samples}, {self.method})"
        )


def gradient_noise(  # noqa: PLR0913 - all but the first three and the batch size have defaults
    model: nn.Module,
    loss_fn: LossFunction,
    data: Any,
    *,
    batch_size: int,
    method: Method = "auto",
    n_draws: int = 64,
    big_batch_size: int | None = None,
    population: float | None = None,
    layers: str | Sequence[str] | None = None,
    rng: int | np.random.Generator = 0,
    chunk_size: int = 32,
    memory_budget: int | str = "1GiB",
    progress: bool = True,
) -> GradientNoise:
    """Measure how the gradients of minibatches scatter at the present weights of a network.

    Three ways:

    ``"samples"``: the gradient of every sample, by torch.func. Sigma_g follows for these samples
    without sampling error, C_B from it. Cost: one pass over the data, and N x P numbers of memory
    for N samples and P parameters.

    ``"batches"``: K minibatches drawn without replacement within a batch and independently between
    batches. Tr C_B = sum |g_k - g_mean|^2 / (K - 1), |g|^2 = |g_mean|^2 - Tr C_B / K. The disjoint
    batches of one epoch would not do: they are anticorrelated, which makes Tr C_B too large by
    N / (N - B) and the signal too small. Cost: K batches, and K x P numbers of memory.

    ``"two_batch"``: the norms of the gradients of a small and a big batch, as a run in parallel
    has them anyway: see `two_batch_noise`. No spectrum. Cost: K of both, and no memory.

    ``"auto"`` takes the first where torch can and the memory allows, else the second.

    Assumes that training draws fresh batches; an epoch that is shuffled once anticorrelates its
    batches. Evaluation mode: the noise of dropout and of batch statistics is not in it. Bad at
    signals far below Tr C_B / K: the noise scale then has a wide error or is None.

    Parameters
    ----------
    model
        The network; it leaves as it came.
    loss_fn
        ``loss_fn(outputs, targets)``, the mean over the samples of a batch.
    data
        Samples with targets: two tensors, a Dataset or a DataLoader. They are held in memory.
    batch_size
        B, of the minibatch whose noise is asked for.
    method
        As above.
    n_draws
        K, of the last two ways.
    big_batch_size
        Of ``"two_batch"``; by default 8 times ``batch_size``, at most all samples.
    population
        How many samples training draws from. By default the data are all of them; give the size
        of the training set if they are a random part of it, `math.inf` if samples never repeat.
    layers
        Names or globs of modules whose parameters count; None for all that are trainable.
    rng
        Seed or generator of the batches and of the jackknife's groups.
    chunk_size
        Samples whose gradients are taken at once.
    memory_budget
        Bytes that gradients may take.
    progress
        Show progress on stderr when that is a terminal.

    Raises
    ------
    InputError
        If the data are no samples with targets, a size is out of range, gradients per sample are
        asked for and impossible, or the gradients exceed the memory budget.
    CaptureError
        If the network fails.

    Examples
    --------
    >>> import torch
    >>> x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    >>> model = nn.Linear(5, 1, bias=False)
    >>> _ = nn.init.zeros_(model.weight)
    >>> noise = gradient_noise(model, nn.functional.mse_loss, (x, x @ torch.ones(5, 1)),
    ...                        batch_size=10)
    >>> noise.method, round(noise.whole.trace, 1), round(noise.whole.signal, 1)
    ('samples', 14.7, 23.2)
    """
    started = time.perf_counter()
    rng = np.random.default_rng(rng)
    if method not in get_args(Method):
        raise InputError(f"method={method!r} is not known: choose {', '.join(get_args(Method))}")
    budget = parse_size(memory_budget) if isinstance(memory_budget, str) else memory_budget
    with (
        objective(model, loss_fn, data, layers=layers, dtype=None, part=chunk_size) as loss,
        progress_bars(progress) as open_bar,
    ):
        groups = parameters_of(model, layers)
        n = len(loss.samples)
        total = float(n) if population is None else float(population)
        _check_sizes(n, batch_size, n_draws, total)
        plan = _Plan(loss, groups, batch_size, total, n_draws, rng)
        advance = open_bar("gradients")
        notes = _mode_notes(model)
        if method == "two_batch":
            big = min(8 * batch_size, n) if big_batch_size is None else big_batch_size
            estimates, cost = _by_two_batches(plan, big, advance)
            done = n_draws
        else:
            way, why = _choose(method, plan, budget)
            rows = None
            if way == "samples":
                try:
                    rows = per_sample_gradients(loss, groups, advance)
                except NoPerSampleError as error:
                    if method == "samples":
                        raise InputError(
                            f"torch cannot take gradients per sample of this network ({error}): "
                            "use method='batches'"
                        ) from error
                    way, why = "batches", (f"No gradients per sample: {error}.",)
            if rows is None:
                _check_budget(plan, n_draws, budget)
                drawn = drawn_gradients(loss, batch_size, n_draws, rng, advance)
                rows = by_layer(drawn, groups)
            estimates = _by_gram(plan, grams(rows), way)
            done, cost = (n, n) if way == "samples" else (n_draws, n_draws * batch_size)
            method, notes = way, notes + why
    whole = estimates.pop(WHOLE)
    return GradientNoise(
        whole=whole,
        layers=estimates,
        method=method,
        batch_size=batch_size,
        n_samples=n,
        population=total,
        n_draws=done,
        n_sample_gradients=cost,
        seconds=time.perf_counter() - started,
        notes=notes + _signal_notes(whole) + _part_notes(method, n, total, whole, done),
    )


def two_batch_noise(  # noqa: PLR0913 - two norms, two sizes
    small_squares: Sequence[float] | Float64[np.ndarray, " n"],
    big_squares: Sequence[float] | Float64[np.ndarray, " n"],
    *,
    small: int,
    big: int,
    population: float = math.inf,
    layer: str = WHOLE,
) -> NoiseEstimate:
    """Gradient noise from the squared norms of gradients of two batch sizes.

    S = (|G_s|^2 - |G_b|^2) / (1/B_s - 1/B_b) and |g|^2 = (B_b |G_b|^2 - B_s |G_s|^2) / (B_b - B_s)
    (McCandlish et al. 2018, appendix A), each averaged over the draws *before* they are divided;
    the scale is None where |g|^2 <= 0. Drawing without replacement from M samples leaves S as it
    is and takes S / M from |g|^2, which is given back. Tr C_B is that of the small batch.

    Cost: nothing. The norms of data-parallel training serve: each worker's gradient and the mean.

    Parameters
    ----------
    small_squares, big_squares
        |G|^2 of one small and one big batch at each draw, at the same weights.
    small, big
        The two batch sizes.
    population
        M; infinite by default.
    layer
        What to call the result.

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
            f"batch sizes {small} and {big} of {population:g} samples: need 1 <= small < big <= "
            "population"
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
        return [_ratio(float(scatter[rows].mean()), float(signal[rows].mean()))]

    n = len(one)
    return NoiseEstimate(
        layer=layer,
        n_parameters=None,
        trace=share * value,
        trace_stderr=share * float(scatter.std(ddof=1)) / math.sqrt(n) if n > 1 else None,
        signal=mean,
        signal_stderr=float(signal.std(ddof=1)) / math.sqrt(n) if n > 1 else None,
        noise_scale=_ratio(value, mean),
        noise_scale_stderr=jackknife(n, scale, np.random.default_rng(0))[0],
    )


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is measured: the loss, its layers, and batches of which size from how many."""

    loss: Objective
    groups: Mapping[str, tuple[str, ...]]
    batch_size: int
    population: float
    n_draws: int
    rng: np.random.Generator

    def size(self, layer: str) -> int:
        """How many numbers the parameters of a layer are."""
        names = self.loss.chosen if layer == WHOLE else self.groups[layer]
        return sum(self.loss.chosen[name].numel() for name in names)


def _by_gram(
    plan: _Plan, products: Mapping[str, Float64[np.ndarray, "n n"]], way: str
) -> dict[str, NoiseEstimate]:
    everything = {WHOLE: np.sum(list(products.values()), axis=0), **products}
    return {layer: _of_gram(plan, layer, gram, way) for layer, gram in everything.items()}


def _of_gram(plan: _Plan, layer: str, gram: Float64[np.ndarray, "n n"], way: str) -> NoiseEstimate:
    """The noise from the products of gradients of samples, or of batches of B of the N samples."""
    n, b, total = len(plan.loss.samples), plan.batch_size, plan.population
    if way == "samples":
        spread_per_draw, known = 1.0, 1 - n / total  # share of the variance left by having all
    else:
        spread_per_draw, known = b * n / (n - b) if b < n else math.nan, 1.0
    share = (1 - b / total) / b

    def shown(found: Moments) -> tuple[float, float, float | None, float | None]:
        if way == "samples":
            spread = found.trace
            mean = found.signal + spread / total  # |g|^2 of M samples: |g_n|^2 - S (1/n - 1/M)
        else:
            spread = found.trace * spread_per_draw if b < n else 0.0
            mean = found.signal - spread * (1 / n - 1 / total)
        exact = way == "samples" and total == n
        ratio = found.naive_ratio if exact else found.ratio
        return share * spread, mean, _ratio(spread, mean), ratio

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


def _by_two_batches(plan: _Plan, big: int, advance: Any) -> tuple[dict[str, NoiseEstimate], int]:
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
            noise_scale=_ratio(spread, signal),
            noise_scale_stderr=one.noise_scale_stderr if signal > 0 else None,
        )
    return found, plan.n_draws * (small + big)


def _ratio(spread: float, signal: float) -> float | None:
    return spread / signal if signal > 0 else None


def _choose(method: Method, plan: _Plan, budget: int) -> tuple[Method, tuple[str, ...]]:
    n = len(plan.loss.samples)
    needed = n * plan.loss.n_parameters * 4
    if method == "samples":
        _check_budget(plan, n, budget)
    if method == "auto" and needed > budget:
        return "batches", (
            f"Gradients of {n} samples would take {number(needed / 2**30)} GiB, more than "
            "memory_budget: measured by batches.",
        )
    return ("samples" if method == "auto" else method), ()


def _check_budget(plan: _Plan, n_rows: int, budget: int) -> None:
    needed = n_rows * plan.loss.n_parameters * 4
    if needed > budget:
        raise InputError(
            f"{n_rows} gradients of {plan.loss.n_parameters} parameters take "
            f"{number(needed / 2**30)} GiB, memory_budget allows {number(budget / 2**30)}: take "
            "fewer, choose layers, use method='two_batch', or allow more"
        )


def _check_sizes(n: int, batch_size: int, n_draws: int, population: float) -> None:
    if not 1 <= batch_size <= n or n < 2:
        raise InputError(f"batch_size={batch_size} must lie between 1 and the {n} samples given")
    if n_draws < 2:
        raise InputError(f"n_draws={n_draws} must be at least 2")
    if not population >= n:
        raise InputError(
            f"population={population:g} is less than the {n} samples given: it is the number that "
            "training draws from"
        )


def _mode_notes(model: nn.Module) -> tuple[str, ...]:
    kinds = {
        type(module).__name__
        for module in model.modules()
        if isinstance(module, nn.modules.batchnorm._NormBase | nn.modules.dropout._DropoutNd)
    }
    if not kinds:
        return ()
    return (
        f"Measured in evaluation mode: what {' and '.join(sorted(kinds))} add to the noise in "
        "training is not in it.",
    )


def _signal_notes(whole: NoiseEstimate) -> tuple[str, ...]:
    if whole.signal <= 0:
        return (
            "The signal |g|^2 is not positive at this many gradients: there is no noise scale.",
        )
    if whole.signal_stderr is not None and whole.signal < 2 * whole.signal_stderr:
        return (
            "The signal |g|^2 is within two standard errors of 0, so the noise scale is not known.",
        )
    return ()


def _part_notes(
    method: str, n: int, population: float, whole: NoiseEstimate, n_draws: int
) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if population > n and method != "samples":
        notes += (
            f"Errors are those of drawing batches from the {n} samples given; that these are a "
            "part of what training draws from is not in them.",
        )
    naive = whole.naive_participation_ratio
    if naive is not None and method == "batches" and naive > 0.5 * (n_draws - 1):
        notes += (
            f"The naive participation ratio is near its cap of {n_draws - 1}, the number of "
            "batches less one: only the corrected one means anything, and more batches would "
            "sharpen it.",
        )
    return notes
