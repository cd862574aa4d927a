"""The effective regulariser 1/2 Tr(H Sigma): what fluctuating weights add to the loss.

To second order in xi, L_eff(w) = E L(w + xi) = L(w) + 1/2 Tr(H Sigma). Recanatesi et al. (2019)
claim that the noise of SGD acts as an effective regularisation term. Only the claim is theirs; this
model of it is this software's own.
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
from dimscope._parameters import checked_parameters
from dimscope._progress import progress_bars
from dimscope._rng import Rng, seed_of
from dimscope.errors import InputError
from dimscope.noise.closed_forms import curvature_of
from dimscope.noise.objective import LossFunction, Objective, objective
from dimscope.noise.regulariser_forms import (
    RegulariserEstimate,
    exact_hessian_form,
    gauss_newton_form,
    is_apart,
    mean_over_draws,
    over_draws,
    readout_form,
)
from dimscope.noise.weight_noise import WeightNoise
from dimscope.results import Note, plain

FORMS = ("monte_carlo", "hessian", "gauss_newton", "readout")

_KINKED = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish,
    nn.Threshold, nn.Hardshrink, nn.Softshrink, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
    nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class EffectiveRegulariser:
    """What fluctuating weights add to the loss, by every form that applies.

    Attributes
    ----------
    loss
        L(w) on the data.
    estimates
        The estimates by the name of their form.
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
    notes: tuple[Note, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row for each form."""
        return pd.DataFrame([vars(estimate) for estimate in self.estimates.values()])

    def to_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON."""
        found = {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}
        return found | {"estimates": {k: plain(vars(e)) for k, e in self.estimates.items()}}


@renamed_parameters(seed="rng")
@checked_parameters
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
    """Measure 1/2 Tr(H Sigma) of a network at its present weights, by several forms.

    - ``"monte_carlo"``: the mean of [L(w + xi) + L(w - xi)] / 2 - L(w) over Gaussian draws. The
      pairs cancel all odd orders; the fourth order remains.
    - ``"hessian"``: 1/2 xi' H xi by Hessian-vector products over the same draws, so that the two
      can be compared draw by draw. If Sigma has at most ``n_draws`` directions, these replace the
      draws and the value is exact.
    - ``"gauss_newton"``: 1/2 E Tr(H_z J Sigma J'), H_z the curvature of the loss with respect to
      the outputs. Exact for isotropic noise: dense layers by |h|^2 Tr(J_l' H_z J_l); others, such
      as convolutions, by derivatives per sample, which include the products between positions. For
      cross-entropy, `mse_loss` and `half_squared_error`.
    - ``"readout"``: the closed form if only a last dense layer fluctuates; for the same losses.

    On smooth networks the first two agree if sigma is small; at a readout all four agree. For
    hidden layers Gauss-Newton is another approximation. Training leaves preactivations of ReLU
    networks at kinks, which derivatives do not see: there Monte Carlo grows, relative to sigma^2,
    as sigma shrinks (see `scan_sigma`).

    Everything is computed in float64, since the difference of losses is small, and in evaluation
    mode. Cost: for each draw 2 forward passes (Monte Carlo) and about 4 (Hessian) over the data;
    for Gauss-Newton C backward passes for C outputs, and for layers that are not dense 8 C P
    numbers of memory for P parameters.

    Parameters
    ----------
    model, loss_fn, data
        As in `gradient_noise`.
    noise
        Sigma: `isotropic_noise`, `checkpoint_noise` or `stationary_noise`.
    forms
        Which forms to compute; a note says why a form does not apply.
    n_draws
        Draws of xi, at least 2.
    rng
        Seed or generator of the draws.
    chunk_size
        Samples that go through the network together.
    progress
        Show progress on stderr when that is a terminal.

    Raises
    ------
    InputError
        If a form is unknown, the noise was made for another network, or the data are no samples
        with targets.
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
        _require_same_shapes(noise, loss)
        draws = over_draws(loss, noise, forms, n_draws, seed, open_bar("draws"))
        found = {form: mean_over_draws(form, values) for form, values in draws.items()}
        if "hessian" in forms and noise.rank <= n_draws:
            found["hessian"] = exact_hessian_form(loss, noise)
        closed, why_not = _by_curvature(loss, noise, forms, n_draws, seed)
        found |= closed
        base = loss.mean_loss(loss.chosen)
    return EffectiveRegulariser(
        loss=base,
        estimates={form: found[form] for form in FORMS if form in found},
        noise=noise.kind,
        noise_trace=noise.trace,
        notes=(*noise.notes, *why_not, *_kink_notes(model, draws)),
    )


def _require_same_shapes(noise: WeightNoise, loss: Objective) -> None:
    shapes = {name: tuple(weight.shape) for name, weight in loss.chosen.items()}
    if shapes != dict(noise.shapes):
        raise InputError(
            f"the noise is of parameters {dict(noise.shapes)}, the network has {shapes}: make the "
            "noise from this network"
        )


def _by_curvature(
    loss: Objective, noise: WeightNoise, forms: Sequence[str], n_draws: int, seed: int
) -> tuple[dict[str, RegulariserEstimate], list[Note]]:
    """The forms that need the curvature of the loss, and why one of them does not apply."""
    asked = {"gauss_newton", "readout"} & set(forms)
    curvature = curvature_of(loss.loss_fn)
    if curvature is None:
        why = Note(
            "inapplicable",
            "No Gauss-Newton or readout form: the curvature of this loss with respect to the "
            "outputs is not known. Known are cross_entropy, mse_loss and half_squared_error.",
        )
        return {}, [why] if asked else []
    found = {}
    if "gauss_newton" in asked:
        found["gauss_newton"] = gauss_newton_form(loss, curvature, noise, n_draws, seed)
    closed = readout_form(loss, curvature, noise) if "readout" in asked else None
    if closed is not None:
        found["readout"] = closed
    elif "readout" in asked:
        why = Note("inapplicable", "No readout form: the noise is not that of a last dense layer.")
        return found, [why]
    return found, []


def _kink_notes(model: nn.Module, draws: Mapping[str, np.ndarray]) -> list[Note]:
    kinks = sorted({type(m).__name__ for m in model.modules() if isinstance(m, _KINKED)})
    notes = []
    if kinks:
        notes.append(
            Note(
                "kinks",
                f"The network has kinks ({', '.join(kinks)}): Hessian-vector products and "
                "Gauss-Newton do not see them, and Monte Carlo may grow, relative to sigma^2, as "
                "sigma shrinks; see scan_sigma.",
            )
        )
    if {"monte_carlo", "hessian"} <= set(draws):
        excess = draws["monte_carlo"] - draws["hessian"]
        if is_apart(excess, draws["hessian"]):
            notes.append(
                Note(
                    "disagreement",
                    "Monte Carlo and Hessian-vector products differ by more than 5 % on the same "
                    "draws: the noise is too large for the second order, or the network has "
                    "kinks.",
                )
            )
    return notes
