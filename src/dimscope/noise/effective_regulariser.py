"""The effective regulariser 1/2 Tr(H Sigma): what fluctuating weights add to the loss.

L_eff(w) = E L(w + xi) = L(w) + 1/2 Tr(H Sigma) to second order in xi. The derivation is this
software's own model of the claim of Recanatesi et al. (2019) that the noise of SGD acts as an
effective regularisation term; the claim alone is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from dimscope._deprecated import renamed_parameters
from dimscope._progress import progress_bars
from dimscope._rng import Rng, seed_of
from dimscope.errors import InputError
from dimscope.noise.closed_forms import curvature_of
from dimscope.noise.objective import LossFunction, objective
from dimscope.noise.regulariser_forms import (
    RegulariserEstimate,
    gauss_newton_form,
    hessian_form,
    is_apart,
    mean_over_draws,
    over_draws,
    readout_form,
    step_along,
)
from dimscope.noise.weight_noise import WeightNoise
from dimscope.results import plain

FORMS = ("monte_carlo", "hessian", "gauss_newton", "readout")

_KINKED = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish,
    nn.Threshold, nn.Hardshrink, nn.Softshrink, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
    nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EffectiveRegulariser:
    """What fluctuating weights add to the loss, by every way that applies.

    Attributes
    ----------
    loss
        L(w) on the data.
    estimates
        By form, those that apply.
    noise
        Kind of Sigma.
    noise_trace
        Tr Sigma.
    notes
        What a careful reader must know, a sentence each.
    """

    loss: float
    estimates: Mapping[str, RegulariserEstimate]
    noise: str
    noise_trace: float
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row for each form."""
        return pd.DataFrame([vars(estimate) for estimate in self.estimates.values()])

    def to_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON."""
        found = {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}
        return found | {"estimates": {k: plain(vars(e)) for k, e in self.estimates.items()}}


@renamed_parameters(seed="rng")
def effective_regulariser(  # noqa: PLR0913 - all but the first four have defaults
    model: nn.Module,
    loss_fn: LossFunction,
    data: Any,
    noise: WeightNoise,
    *,
    forms: Sequence[str] = FORMS,
    n_draws: int = 100,
    rng: Rng = 0,
    chunk_size: int = 256,
    progress: bool = True,
) -> EffectiveRegulariser:
    """Measure 1/2 Tr(H Sigma) of a network at its present weights, by several ways.

    - ``"monte_carlo"``: the mean of [L(w + xi) + L(w - xi)] / 2 - L(w) over Gaussian draws; the
      pairs take out all odd orders, and the fourth remains.
    - ``"hessian"``: 1/2 xi' H xi by Hessian-vector products, over the same draws, so that the two
      can be compared draw by draw; over the directions of Sigma, exactly, if they are no more than
      ``n_draws``.
    - ``"gauss_newton"``: 1/2 E Tr(H_z J Sigma J'), with H_z the curvature of the loss by the
      outputs; exact for isotropic noise, dense layers by |h|^2 Tr(J_l' H_z J_l) and others, such as
      convolutions, by derivatives per sample that hold the products between positions. For
      cross-entropy, `mse_loss` and `half_squared_error`.
    - ``"readout"``: the closed form where only a last dense layer fluctuates; same losses.

    The first two agree on smooth networks where sigma is small, all four at a readout. Gauss-Newton
    is an approximation of its own for hidden layers. On ReLU networks training leaves
    preactivations at kinks, which derivatives do not see: Monte Carlo then grows, relative to
    sigma^2, as sigma shrinks. `scan_sigma` shows it.

    Everything is float64, since the difference of losses is small; evaluation mode. Cost: for each
    draw 2 passes forward (Monte Carlo) and about 4 (Hessian) over the data; for Gauss-Newton C
    backward passes, with C P numbers of memory for 8 samples at a time where layers are not dense.

    Parameters
    ----------
    model, loss_fn, data
        As in `gradient_noise`.
    noise
        Sigma: `isotropic_noise`, `checkpoint_noise` or `stationary_noise`.
    forms
        Which ways to take; those that do not apply are left out, and a note says why.
    n_draws
        Draws of xi, at least 2.
    rng
        Of the draws.
    chunk_size
        Samples that go through the network together.
    progress
        Show progress on stderr when that is a terminal.

    Raises
    ------
    InputError
        If a form is unknown, the noise is not of this network, or the data are no samples with
        targets.
    CaptureError
        If the network fails.

    Examples
    --------
    >>> from dimscope.noise import isotropic_noise
    >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
    <torch._C.Generator object at ...>
    >>> readout, x = nn.Linear(5, 3), torch.randn(100, 5)
    >>> found = effective_regulariser(readout, nn.functional.cross_entropy,
    ...     (x, torch.randint(3, (100,))), isotropic_noise(readout, 0.01))
    >>> exact = found.estimates["readout"].value
    >>> [round(e.value / exact, 1) for e in found.estimates.values()]
    [1.0, 1.0, 1.0, 1.0]
    """
    unknown = [form for form in forms if form not in FORMS]
    if unknown or not forms:
        raise InputError(f"forms={list(forms)}: choose some of {', '.join(FORMS)}")
    if n_draws < 2:
        raise InputError(f"n_draws={n_draws} must be at least 2")
    seed = seed_of(rng)
    with (
        objective(
            model, loss_fn, data, layers=noise.layers, dtype=torch.float64, part=chunk_size
        ) as loss,
        progress_bars(progress) as open_bar,
    ):
        shapes = {name: tuple(weight.shape) for name, weight in loss.chosen.items()}
        if shapes != dict(noise.shapes):
            raise InputError(
                f"the noise is of parameters {dict(noise.shapes)}, the network has {shapes}: make "
                "it from this network"
            )
        curvature = curvature_of(loss_fn)
        found: dict[str, RegulariserEstimate] = {}
        notes = list(noise.notes)
        pairs = over_draws(loss, noise, forms, n_draws, seed, open_bar("draws"))
        found |= {form: mean_over_draws(form, values) for form, values in pairs.items()}
        if "hessian" in forms and noise.rank <= n_draws:
            exact = sum(hessian_form(loss, step_along(loss, v)) for v in noise.directions())
            found["hessian"] = RegulariserEstimate(
                form="hessian", value=exact, stderr=0.0, n_draws=0
            )
        if curvature is None and {"gauss_newton", "readout"} & set(forms):
            notes.append(
                "The curvature of this loss by the outputs is not known: no Gauss-Newton or readout"
                " form. Known are cross_entropy, mse_loss and half_squared_error."
            )
        elif curvature is not None:
            if "gauss_newton" in forms:
                found["gauss_newton"] = gauss_newton_form(loss, curvature, noise, n_draws, seed)
            if "readout" in forms:
                closed = readout_form(loss, curvature, noise)
                if closed is None:
                    notes.append("No readout form: the noise is not that of a last dense layer.")
                else:
                    found["readout"] = closed
        base = loss.mean_loss(loss.chosen)
    notes += _kink_notes(model, pairs)
    return EffectiveRegulariser(
        loss=base,
        estimates={form: found[form] for form in FORMS if form in found},
        noise=noise.kind,
        noise_trace=noise.trace,
        notes=tuple(notes),
    )


def _kink_notes(model: nn.Module, pairs: Mapping[str, np.ndarray]) -> list[str]:
    kinds = sorted({type(m).__name__ for m in model.modules() if isinstance(m, _KINKED)})
    notes = []
    if kinds:
        notes.append(
            f"The network has kinks ({', '.join(kinds)}): Hessian-vector products and Gauss-Newton "
            "do not see them, and Monte Carlo may grow relative to sigma^2 as sigma shrinks; see "
            "scan_sigma."
        )
    if {"monte_carlo", "hessian"} <= set(pairs):
        excess = pairs["monte_carlo"] - pairs["hessian"]
        if is_apart(excess, pairs["hessian"]):
            notes.append(
                "Monte Carlo and Hessian-vector products differ by more than 5 % on the same draws:"
                " the noise is too large for the second order, or the network has kinks."
            )
    return notes
