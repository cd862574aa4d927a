"""The effective regulariser 1/2 Tr(H Sigma): what fluctuating weights add to the loss.

L_eff(w) = E L(w + xi) = L(w) + 1/2 Tr(H Sigma) to second order in xi. The derivation is this
software's own model of the claim of Recanatesi et al. (2019) that the noise of SGD acts as an
effective regularisation term; the claim alone is theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from dimscope._format import with_error
from dimscope.errors import InputError
from dimscope.profiling.progress import progress_bars
from dimscope.results import plain
from dimscope.training._gauss_newton import (
    directed_gauss_newton,
    isotropic_gauss_newton,
    readout_features,
)
from dimscope.training._objective import LossFunction, Objective, objective
from dimscope.training.closed_forms import OutputCurvature, curvature_of
from dimscope.training.weight_noise import WeightNoise, isotropic_noise

FORMS = ("monte_carlo", "hessian", "gauss_newton", "readout")

_KINKED = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish,
    nn.Threshold, nn.Hardshrink, nn.Softshrink, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
    nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
)  # fmt: skip
_APART = 0.05


@dataclass(frozen=True, kw_only=True)
class RegulariserEstimate:
    """One way's value of 1/2 Tr(H Sigma). Unknown is None; an error of 0 means no draws.

    Attributes
    ----------
    form
        ``"monte_carlo"``: E L(w + xi) - L(w) itself, all orders; ``"hessian"``: 1/2 E[xi' H xi];
        ``"gauss_newton"``: the same without the curvature of the network, of outputs only;
        ``"readout"``: the closed form of a last layer, where the two before coincide.
    value, stderr
        The value, in the units of the loss, and the standard error over draws.
    n_draws
        Draws (antithetic pairs) of xi; 0 for an exact trace.
    """

    form: str
    value: float
    stderr: float | None
    n_draws: int

    def __str__(self) -> str:
        return f"{self.form}: {with_error(self.value, self.stderr)}"


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


def effective_regulariser(  # noqa: PLR0913 - all but the first four have defaults
    model: nn.Module,
    loss_fn: LossFunction,
    data: Any,
    noise: WeightNoise,
    *,
    forms: Sequence[str] = FORMS,
    n_draws: int = 100,
    seed: int = 0,
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
    seed
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
        pairs = _drawn(loss, noise, forms, n_draws, seed, open_bar("draws"))
        found |= {form: _mean(form, values) for form, values in pairs.items()}
        if "hessian" in forms and noise.rank <= n_draws:
            exact = sum(_hessian_form(loss, _step(loss, v)) for v in noise.directions())
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
                found["gauss_newton"] = _gauss_newton(loss, curvature, noise, n_draws, seed)
            if "readout" in forms:
                closed = _readout(loss, curvature, noise)
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


@dataclass(frozen=True, eq=False, kw_only=True)
class SigmaScan:
    """Monte Carlo against sigma, in units of sigma^2.

    Attributes
    ----------
    sigmas
        Standard deviations of the injected noise, descending.
    values, stderrs
        [E L(w + xi) - L(w)] / sigma^2, which tends to 1/2 Tr H on a smooth network.
    hessian, hessian_stderr
        1/2 Tr H by Hessian-vector products over the same draws.
    grows
        Whether the smallest sigma gives more than the Hessian by 5 % and three standard errors of
        their difference: derivatives then miss the kinks, and no value of sigma is the true one.
    notes
        What a careful reader must know, a sentence each.
    """

    sigmas: np.ndarray
    values: np.ndarray
    stderrs: np.ndarray
    hessian: float
    hessian_stderr: float
    grows: bool
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row for each sigma."""
        return pd.DataFrame({"sigma": self.sigmas, "value": self.values, "stderr": self.stderrs})


def scan_sigma(  # noqa: PLR0913 - all but the first four have defaults
    model: nn.Module,
    loss_fn: LossFunction,
    data: Any,
    sigmas: Sequence[float],
    *,
    layers: str | Sequence[str] | None = None,
    n_draws: int = 30,
    seed: int = 0,
    chunk_size: int = 256,
    progress: bool = True,
) -> SigmaScan:
    """Monte Carlo of isotropic noise at several sigma, over the same directions.

    On a smooth network the values settle at 1/2 Tr H as sigma shrinks. On a ReLU network they may
    grow without bound: a kink of slope change s at distance d adds about s (sigma - d) to a loss
    where it is crossed, which is of first order in sigma. Cost: for each draw 2 passes forward for
    every sigma and about 4 for the Hessian.

    Parameters
    ----------
    model, loss_fn, data, n_draws, seed, chunk_size, progress
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
        isotropic_noise(model, sigma, layers=layers)  # refuses what is not positive
    generator = torch.Generator().manual_seed(seed)
    grown, curved = np.empty((n_draws, len(ordered))), np.empty(n_draws)
    with (
        objective(
            model, loss_fn, data, layers=unit.layers, dtype=torch.float64, part=chunk_size
        ) as loss,
        progress_bars(progress) as open_bar,
    ):
        advance, base = open_bar("draws"), loss.mean_loss(loss.chosen)
        for draw in range(n_draws):
            step = _step(loss, unit.draw(generator))
            curved[draw] = _hessian_form(loss, step)
            for index, sigma in enumerate(ordered):
                grown[draw, index] = _pair(loss, step, base, sigma) / sigma**2
            advance(draw + 1, n_draws)
    excess = grown[:, -1] - curved
    grows = _is_apart(excess, curved) and excess.mean() > 0
    notes: tuple[str, ...] = ()
    if grows:
        notes = (
            "Monte Carlo exceeds the Hessian's value, more so as sigma shrinks where the network "
            "has kinks (ReLU, max-pooling): Hessian-vector products and Gauss-Newton do not see "
            "them, and each value of sigma has its own regulariser.",
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


def _drawn(  # noqa: PLR0913, PLR0917 - what is drawn
    loss: Objective,
    noise: WeightNoise,
    forms: Sequence[str],
    n_draws: int,
    seed: int,
    advance: Any,
) -> dict[str, np.ndarray]:
    """Monte Carlo and, where the trace is not taken exactly, the Hessian, over the same draws."""
    by_draw = [f for f in ("monte_carlo", "hessian") if f in forms]
    if noise.rank <= n_draws and "monte_carlo" not in forms:
        return {}
    found = {form: np.empty(n_draws) for form in by_draw}
    generator = torch.Generator().manual_seed(seed)
    base = loss.mean_loss(loss.chosen)
    for draw in range(n_draws) if by_draw else ():
        step = _step(loss, noise.draw(generator))
        if "monte_carlo" in found:
            found["monte_carlo"][draw] = _pair(loss, step, base)
        if "hessian" in found:
            found["hessian"][draw] = _hessian_form(loss, step)
        advance(draw + 1, n_draws)
    return found


def _step(loss: Objective, vector: Tensor) -> dict[str, Tensor]:
    device = next(iter(loss.chosen.values())).device
    return loss.unflat(vector.to(device))


def _pair(loss: Objective, step: Mapping[str, Tensor], base: float, size: float = 1.0) -> float:
    up, down = (loss.mean_loss(loss.moved(step, sign * size)) for sign in (1, -1))
    return (up + down) / 2 - base


def _hessian_form(loss: Objective, step: Mapping[str, Tensor]) -> float:
    """1/2 xi' H xi, by differentiating the gradient's product with xi once more."""
    total = 0.0
    for samples in loss.samples.parts(loss.part):
        weights = loss.differentiable()
        with torch.enable_grad():
            gradient = torch.autograd.grad(
                loss.loss(weights, samples),
                list(weights.values()),
                create_graph=True,
                materialize_grads=True,
            )
            along = torch.stack(
                [(g * step[n]).sum() for n, g in zip(weights, gradient, strict=True)]
            ).sum()
            second = torch.autograd.grad(along, list(weights.values()), materialize_grads=True)
        form = sum(float((s * step[n]).sum()) for n, s in zip(weights, second, strict=True))
        total += len(samples) * form
    return 0.5 * total / len(loss.samples)


def _mean(form: str, values: np.ndarray) -> RegulariserEstimate:
    return RegulariserEstimate(
        form=form,
        value=float(values.mean()),
        stderr=float(values.std(ddof=1)) / math.sqrt(len(values)),
        n_draws=len(values),
    )


def _gauss_newton(
    loss: Objective, curvature: OutputCurvature, noise: WeightNoise, n_draws: int, seed: int
) -> RegulariserEstimate:
    if noise.factor is None:
        groups = _groups(loss)
        value = float(noise.sigma or 0.0) ** 2 * isotropic_gauss_newton(loss, curvature, groups)
        return RegulariserEstimate(form="gauss_newton", value=value, stderr=0.0, n_draws=0)
    if noise.rank <= n_draws:
        value = sum(
            directed_gauss_newton(loss, curvature, _step(loss, v)) for v in noise.directions()
        )
        return RegulariserEstimate(form="gauss_newton", value=value, stderr=0.0, n_draws=0)
    generator = torch.Generator().manual_seed(seed)
    draws = (_step(loss, noise.draw(generator)) for _ in range(n_draws))
    values = [directed_gauss_newton(loss, curvature, draw) for draw in draws]
    return _mean("gauss_newton", np.array(values))


def _groups(loss: Objective) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for name in loss.chosen:
        layer = name.rpartition(".")[0]
        groups[layer] = (*groups.get(layer, ()), name)
    return groups


def _readout(
    loss: Objective, curvature: OutputCurvature, noise: WeightNoise
) -> RegulariserEstimate | None:
    """1/2 E[(Xi h)' H_z (Xi h)] over the noise Xi of a last dense layer, in closed form."""
    groups = _groups(loss)
    if len(groups) != 1:
        return None
    (layer,) = groups
    features = readout_features(loss, layer)
    if features is None:
        return None
    names = {name.rpartition(".")[2]: name for name in loss.chosen}
    outputs = torch.cat(
        [loss.outputs(loss.chosen, part.inputs) for part in loss.samples.parts(loss.part)]
    )
    if noise.factor is None:
        squares = torch.zeros_like(outputs[:, 0])
        if "weight" in names:
            squares += features.square().sum(dim=1)
        if "bias" in names:
            squares += 1
        # Tr H_z is the form summed over the unit movements of the outputs
        units = torch.eye(outputs.shape[1], dtype=outputs.dtype, device=outputs.device)
        trace = curvature.form(units[:, None, :], outputs).sum(dim=0)
        value = 0.5 * float(noise.sigma or 0.0) ** 2 * float((squares * trace).mean())
    else:
        value = 0.0
        for vector in noise.directions():
            step = _step(loss, vector)
            moved = torch.zeros_like(outputs)
            if "weight" in names:
                moved += features @ step[names["weight"]].T
            if "bias" in names:
                moved += step[names["bias"]]
            value += 0.5 * float(curvature.form(moved, outputs).mean())
    return RegulariserEstimate(form="readout", value=value, stderr=0.0, n_draws=0)


def _is_apart(excess: np.ndarray, of: np.ndarray) -> bool:
    """Whether differences draw by draw are beyond 5 % of the values and three standard errors."""
    error = float(excess.std(ddof=1)) / math.sqrt(len(excess))
    return abs(float(excess.mean())) > _APART * abs(float(of.mean())) + 3 * error


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
        if _is_apart(excess, pairs["hessian"]):
            notes.append(
                "Monte Carlo and Hessian-vector products differ by more than 5 % on the same draws:"
                " the noise is too large for the second order, or the network has kinks."
            )
    return notes
