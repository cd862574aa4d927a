"""The noise of SGD: how minibatch gradients scatter around the gradient of the whole loss.

A minibatch of B of N samples, drawn without replacement, has gradient covariance
C_B = (Sigma_g / B) (N - B)/(N - 1), Sigma_g the covariance of per-sample gradients with divisor N.
The noise scale is that of McCandlish et al., "An empirical model of large-batch training",
arXiv:1812.06162 (2018).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
from torch import nn

from dimscope._format import number
from dimscope._parameters import checked_parameters
from dimscope._progress import Advance, progress_bars
from dimscope.errors import InputError
from dimscope.noise.gradient_noise_methods import (
    Measured,
    Plan,
    by_batches,
    by_samples,
    by_two_batches,
)
from dimscope.noise.gradients import NoPerSampleError
from dimscope.noise.objective import LossFunction, objective, parameters_of
from dimscope.noise.results import WHOLE, GradientNoise, NoiseEstimate
from dimscope.results import Note
from dimscope.store import parse_size

Method = Literal["auto", "samples", "batches", "two_batch"]


@checked_parameters
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

    There are three methods:

    ``"samples"``: the gradient of every sample, by torch.func. This gives Sigma_g, and from it C_B,
    without sampling error for these samples. Cost: one pass over the data, and N x P numbers of
    memory for N samples and P parameters.

    ``"batches"``: K minibatches drawn without replacement within a batch and independently between
    batches. Tr C_B = sum |g_k - g_mean|^2 / (K - 1), |g|^2 = |g_mean|^2 - Tr C_B / K. The disjoint
    batches of one epoch must not be used: they are anticorrelated, which makes Tr C_B too large by
    N / (N - B) and the signal too small. Cost: K batches, and K x P numbers of memory.

    ``"two_batch"``: the norms of the gradients of a small and a big batch, which data-parallel
    training has anyway: see `two_batch_noise`. No spectrum. Cost: K batches of both sizes, and no
    memory.

    ``"auto"`` uses "samples" if torch can and the memory allows, and else "batches".

    Assumes that training draws fresh batches; the batches of an epoch that is shuffled once are
    anticorrelated. Measures in evaluation mode, so the noise of dropout and of batch statistics is
    not included. Bad at signals far below Tr C_B / K: the noise scale then has a large error or is
    None.

    Parameters
    ----------
    model
        The network; it is left as it was.
    loss_fn
        ``loss_fn(outputs, targets)``, the mean over the samples of a batch.
    data
        Samples with targets: two tensors, a Dataset or a DataLoader. They are held in memory.
    batch_size
        B, the size of the minibatch whose noise is measured.
    method
        ``"auto"``, ``"samples"``, ``"batches"`` or ``"two_batch"``, see above.
    n_draws
        K, the number of batches for "batches" and "two_batch".
    big_batch_size
        Size of the big batch for "two_batch"; by default 8 times ``batch_size``, at most all
        samples.
    population
        How many samples training draws from. By default the data are all of them. If they are a
        random part of the training set, give its size; if samples never repeat, `math.inf`.
    layers
        Names or globs of modules whose parameters are measured; None for all that are trainable.
    rng
        Seed or generator of the batches and of the jackknife's groups.
    chunk_size
        Samples whose gradients are computed at once.
    memory_budget
        Bytes that the gradients may take.
    progress
        Show progress on stderr when that is a terminal.

    Raises
    ------
    InputError
        If the data are no samples with targets, a size is out of range, ``"samples"`` is asked for
        and impossible, or the gradients exceed the memory budget.
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
        plan = Plan(loss, groups, batch_size, total, n_draws, rng)
        advance = open_bar("gradients")
        notes = _mode_notes(model)
        if method == "two_batch":
            big = min(8 * batch_size, n) if big_batch_size is None else big_batch_size
            found = by_two_batches(plan, big, advance)
        else:
            found, why = _by_gradients(plan, method, budget, advance)
            notes += why
    layer_by_layer = dict(found.estimates)
    whole = layer_by_layer.pop(WHOLE)
    return GradientNoise(
        whole=whole,
        layers=layer_by_layer,
        method=found.method,
        batch_size=batch_size,
        n_samples=n,
        population=total,
        n_draws=found.n_draws,
        n_sample_gradients=found.n_sample_gradients,
        seconds=time.perf_counter() - started,
        notes=notes + _signal_notes(whole) + _part_notes(found, n, total, whole),
    )


def _by_gradients(
    plan: Plan, method: Method, budget: int, advance: Advance
) -> tuple[Measured, tuple[Note, ...]]:
    """Measure by samples or by batches, and note why "auto" chose batches."""
    n = len(plan.loss.samples)
    needed = n * plan.loss.n_parameters * 4
    why: tuple[Note, ...] = ()
    if method == "samples":
        _check_budget(plan, n, budget)
    if method == "auto" and needed > budget:
        why = (
            Note(
                "fallback",
                f"The gradients of {n} samples would take {number(needed / 2**30)} GiB, more than "
                "memory_budget: measured by batches.",
            ),
        )
    elif method != "batches":
        try:
            return by_samples(plan, advance), ()
        except NoPerSampleError as error:
            if method == "samples":
                raise InputError(
                    f"torch cannot take gradients per sample of this network ({error}): "
                    "use method='batches'"
                ) from error
            why = (Note("fallback", f"No gradients per sample: {error}. Measured by batches."),)
    _check_budget(plan, plan.n_draws, budget)
    return by_batches(plan, advance), why


def _check_budget(plan: Plan, n_rows: int, budget: int) -> None:
    needed = n_rows * plan.loss.n_parameters * 4
    if needed > budget:
        raise InputError(
            f"{n_rows} gradients of {plan.loss.n_parameters} parameters take "
            f"{number(needed / 2**30)} GiB, memory_budget allows {number(budget / 2**30)}: use "
            "fewer samples or draws, choose layers, use method='two_batch', or allow more"
        )


def _check_sizes(n: int, batch_size: int, n_draws: int, population: float) -> None:
    if not 1 <= batch_size <= n or n < 2:
        raise InputError(f"batch_size={batch_size} must lie between 1 and the {n} samples given")
    if n_draws < 2:
        raise InputError(f"n_draws={n_draws} must be at least 2")
    if not population >= n:
        raise InputError(
            f"population={population:g} is less than the {n} samples given: give the number of "
            "samples that training draws from"
        )


def _mode_notes(model: nn.Module) -> tuple[Note, ...]:
    kinds = {
        type(module).__name__
        for module in model.modules()
        if isinstance(module, nn.modules.batchnorm._NormBase | nn.modules.dropout._DropoutNd)
    }
    if not kinds:
        return ()
    return (
        Note(
            "not_included",
            f"Measured in evaluation mode: the noise that {' and '.join(sorted(kinds))} add in "
            "training is not included.",
        ),
    )


def _signal_notes(whole: NoiseEstimate) -> tuple[Note, ...]:
    if whole.signal <= 0:
        return (
            Note(
                "undetermined",
                "The estimate of the signal |g|^2 is not positive at this many gradients: there "
                "is no noise scale.",
            ),
        )
    if whole.signal_stderr is not None and whole.signal < 2 * whole.signal_stderr:
        return (
            Note(
                "undetermined",
                "The signal |g|^2 is within two standard errors of 0, so the noise scale is not "
                "known.",
            ),
        )
    return ()


def _part_notes(
    found: Measured, n: int, population: float, whole: NoiseEstimate
) -> tuple[Note, ...]:
    notes: tuple[Note, ...] = ()
    if population > n and found.method != "samples":
        notes += (
            Note(
                "not_included",
                f"The errors are those of drawing batches from the {n} samples given. They do not "
                "include that these samples are only a part of what training draws from.",
            ),
        )
    naive = whole.naive_participation_ratio
    if naive is not None and found.method == "batches" and naive > 0.5 * (found.n_draws - 1):
        notes += (
            Note(
                "limit",
                f"The naive participation ratio is near its cap of {found.n_draws - 1}, the number "
                "of batches less one: use the corrected one. More batches give a smaller error.",
            ),
        )
    return notes
