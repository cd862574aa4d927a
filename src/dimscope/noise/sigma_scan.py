"""The effective regulariser by Monte Carlo at several sigma: whether kinks make it grow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import checked_parameters
from dimscope._progress import progress_bars
from dimscope._rng import Rng, seed_of
from dimscope.errors import InputError
from dimscope.noise.objective import LossFunction, objective
from dimscope.noise.regulariser_forms import (
    hessian_form,
    is_apart,
    pair_excess,
    step_along,
)
from dimscope.noise.weight_noise import isotropic_noise
from dimscope.results import Note


@dataclass(frozen=True, eq=False, kw_only=True)
class SigmaScan:
    """The effective regulariser by Monte Carlo against sigma, in units of sigma^2.

    Attributes
    ----------
    sigmas
        Standard deviations of the injected noise, descending.
    values, stderrs
        [E L(w + xi) - L(w)] / sigma^2, which tends to 1/2 Tr H on a smooth network, and its
        standard errors.
    hessian, hessian_stderr
        1/2 Tr H by Hessian-vector products over the same draws, and its standard error.
    grows
        Whether the value at the smallest sigma exceeds that of the Hessian by more than 5 % plus
        three standard errors of the difference. Derivatives then miss kinks, and no sigma gives the
        true value.
    notes
        What a careful reader must know, a sentence each.
    """

    sigmas: np.ndarray
    values: np.ndarray
    stderrs: np.ndarray
    hessian: float
    hessian_stderr: float
    grows: bool
    notes: tuple[Note, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row for each sigma."""
        return pd.DataFrame({"sigma": self.sigmas, "value": self.values, "stderr": self.stderrs})


@renamed_parameters(seed="rng")
@checked_parameters
def scan_sigma(  # noqa: PLR0913 - all but the first four have defaults
    model: nn.Module,
    loss_fn: LossFunction,
    data: Any,
    sigmas: Sequence[float],
    *,
    layers: str | Sequence[str] | None = None,
    n_draws: int = 30,
    rng: Rng = 0,
    chunk_size: int = 256,
    progress: bool = True,
) -> SigmaScan:
    """Measure isotropic noise by Monte Carlo at several sigma, over the same directions.

    On a smooth network the values settle at 1/2 Tr H as sigma shrinks. On a ReLU network they may
    grow without bound: if the noise crosses a kink at distance d, where the slope changes by s, it
    adds about s (sigma - d) to the loss, which is of first order in sigma. Cost: for each draw 2
    forward passes for every sigma, and about 4 for the Hessian.

    Parameters
    ----------
    model, loss_fn, data, n_draws, rng, chunk_size, progress
        As in `effective_regulariser`.
    sigmas
        Standard deviations, positive.
    layers
        Names or globs of modules whose weights are moved; None for all.

    Raises
    ------
    InputError
        As `effective_regulariser`, or if no sigma is given.
    """
    ordered = sorted({float(sigma) for sigma in sigmas}, reverse=True)
    if not ordered:
        raise InputError("no sigma given: give some, such as [0.1, 0.03, 0.01]")
    if n_draws < 2:
        raise InputError(f"n_draws={n_draws} must be at least 2")
    unit = isotropic_noise(model, 1.0, layers=layers)
    for sigma in ordered:
        isotropic_noise(model, sigma, layers=layers)  # refuses a sigma that is not positive
    generator = torch.Generator().manual_seed(seed_of(rng))
    grown, curved = np.empty((n_draws, len(ordered))), np.empty(n_draws)
    with (
        objective(
            model, loss_fn, data, layers=unit.layers, dtype=torch.float64, part=chunk_size
        ) as loss,
        progress_bars(progress) as open_bar,
    ):
        advance, base = open_bar("draws"), loss.mean_loss(loss.chosen)
        for draw in range(n_draws):
            step = step_along(loss, unit.draw(generator))
            curved[draw] = hessian_form(loss, step)
            for index, sigma in enumerate(ordered):
                grown[draw, index] = pair_excess(loss, step, base, sigma) / sigma**2
            advance(draw + 1, n_draws)
    excess = grown[:, -1] - curved
    grows = is_apart(excess, curved) and excess.mean() > 0
    notes: tuple[Note, ...] = ()
    if grows:
        notes = (
            Note(
                "kinks",
                "Monte Carlo exceeds the value of the Hessian. If the network has kinks (ReLU, "
                "max-pooling), the excess grows as sigma shrinks: Hessian-vector products and "
                "Gauss-Newton do not see kinks, and every sigma has another regulariser.",
            ),
        )
    root = math.sqrt(n_draws)
    return SigmaScan(
        sigmas=np.array(ordered),
        values=grown.mean(axis=0),
        stderrs=grown.std(axis=0, ddof=1) / root,
        hessian=float(curved.mean()),
        hessian_stderr=float(curved.std(ddof=1)) / root,
        grows=bool(grows),
        notes=notes,
    )
