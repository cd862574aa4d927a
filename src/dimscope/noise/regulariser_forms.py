"""The forms of 1/2 Tr(H Sigma): over draws, by the curvature of the loss, and in closed form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dimscope._format import with_error
from dimscope._progress import Advance
from dimscope.noise.closed_forms import OutputCurvature
from dimscope.noise.gauss_newton import (
    directed_gauss_newton,
    isotropic_gauss_newton,
    readout_features,
)
from dimscope.noise.objective import Objective
from dimscope.noise.weight_noise import WeightNoise

_APART = 0.05


@dataclass(frozen=True, kw_only=True)
class RegulariserEstimate:
    """One form's value of 1/2 Tr(H Sigma).

    Attributes
    ----------
    form
        ``"monte_carlo"``: E L(w + xi) - L(w) itself, with all orders; ``"hessian"``:
        1/2 E[xi' H xi]; ``"gauss_newton"``: the same with the curvature of the loss only, without
        that of the network; ``"readout"``: the closed form of a last layer, at which "hessian" and
        "gauss_newton" coincide.
    value, stderr
        The value, in the units of the loss, and its standard error over draws; an error of 0 if
        there are no draws, None if it is unknown.
    n_draws
        Draws (antithetic pairs) of xi; 0 for an exact trace.
    """

    form: str
    value: float
    stderr: float | None
    n_draws: int

    def __str__(self) -> str:
        return f"{self.form}: {with_error(self.value, self.stderr)}"


def over_draws(  # noqa: PLR0913, PLR0917 - what is drawn
    loss: Objective,
    noise: WeightNoise,
    forms: Sequence[str],
    n_draws: int,
    seed: int,
    advance: Advance,
) -> dict[str, np.ndarray]:
    """Monte Carlo and Hessian values of the same draws, shape (n_draws,) each, by form.

    Nothing is drawn if only the Hessian is asked for and `exact_hessian_form` applies: if the noise
    has at most ``n_draws`` directions.
    """
    by_draw = [f for f in ("monte_carlo", "hessian") if f in forms]
    if noise.rank <= n_draws and "monte_carlo" not in forms:
        return {}
    found = {form: np.empty(n_draws) for form in by_draw}
    generator = torch.Generator().manual_seed(seed)
    base = loss.mean_loss(loss.chosen)
    for draw in range(n_draws) if by_draw else ():
        step = step_along(loss, noise.draw(generator))
        if "monte_carlo" in found:
            found["monte_carlo"][draw] = pair_excess(loss, step, base)
        if "hessian" in found:
            found["hessian"][draw] = hessian_form(loss, step)
        advance(draw + 1, n_draws)
    return found


def gauss_newton_form(
    loss: Objective, curvature: OutputCurvature, noise: WeightNoise, n_draws: int, seed: int
) -> RegulariserEstimate:
    """1/2 E Tr(H_z J Sigma J'), exact for isotropic noise and for at most n_draws directions."""
    if noise.factor is None:
        groups = _groups(loss)
        value = float(noise.sigma or 0.0) ** 2 * isotropic_gauss_newton(loss, curvature, groups)
        return RegulariserEstimate(form="gauss_newton", value=value, stderr=0.0, n_draws=0)
    if noise.rank <= n_draws:
        value = sum(
            directed_gauss_newton(loss, curvature, step_along(loss, v)) for v in noise.directions()
        )
        return RegulariserEstimate(form="gauss_newton", value=value, stderr=0.0, n_draws=0)
    generator = torch.Generator().manual_seed(seed)
    draws = (step_along(loss, noise.draw(generator)) for _ in range(n_draws))
    values = [directed_gauss_newton(loss, curvature, draw) for draw in draws]
    return mean_over_draws("gauss_newton", np.array(values))


def readout_form(
    loss: Objective, curvature: OutputCurvature, noise: WeightNoise
) -> RegulariserEstimate | None:
    """1/2 E[(Xi h)' H_z (Xi h)] over the noise Xi of a last dense layer, in closed form.

    None if the noise is not that of a last dense layer.
    """
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
        # Tr H_z is the sum of u' H_z u over the unit vectors u
        units = torch.eye(outputs.shape[1], dtype=outputs.dtype, device=outputs.device)
        trace = curvature.form(units[:, None, :], outputs).sum(dim=0)
        value = 0.5 * float(noise.sigma or 0.0) ** 2 * float((squares * trace).mean())
    else:
        value = 0.0
        for vector in noise.directions():
            step = step_along(loss, vector)
            moved = torch.zeros_like(outputs)
            if "weight" in names:
                moved += features @ step[names["weight"]].T
            if "bias" in names:
                moved += step[names["bias"]]
            value += 0.5 * float(curvature.form(moved, outputs).mean())
    return RegulariserEstimate(form="readout", value=value, stderr=0.0, n_draws=0)


def mean_over_draws(form: str, values: np.ndarray) -> RegulariserEstimate:
    """The mean of a form's values over independent draws, with its standard error."""
    return RegulariserEstimate(
        form=form,
        value=float(values.mean()),
        stderr=float(values.std(ddof=1)) / math.sqrt(len(values)),
        n_draws=len(values),
    )


def step_along(loss: Objective, vector: Tensor) -> dict[str, Tensor]:
    """A step of the weights, by parameter name, from one vector of all of them."""
    device = next(iter(loss.chosen.values())).device
    return loss.unflat(vector.to(device))


def pair_excess(
    loss: Objective, step: Mapping[str, Tensor], base: float, size: float = 1.0
) -> float:
    """[L(w + xi) + L(w - xi)] / 2 - L(w) for xi, ``size`` times the step, and ``base``, L(w)."""
    up, down = (loss.mean_loss(loss.moved(step, sign * size)) for sign in (1, -1))
    return (up + down) / 2 - base


def hessian_form(loss: Objective, step: Mapping[str, Tensor]) -> float:
    """1/2 xi' H xi for a step xi, by differentiating the product of the gradient with xi."""
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


def exact_hessian_form(loss: Objective, noise: WeightNoise) -> RegulariserEstimate:
    """1/2 Tr(H Sigma) as the sum over the directions of Sigma."""
    value = sum(hessian_form(loss, step_along(loss, v)) for v in noise.directions())
    return RegulariserEstimate(form="hessian", value=value, stderr=0.0, n_draws=0)


def is_apart(excess: np.ndarray, of: np.ndarray) -> bool:
    """Whether the mean difference exceeds 5 % of the mean value plus three standard errors."""
    error = float(excess.std(ddof=1)) / math.sqrt(len(excess))
    return abs(float(excess.mean())) > _APART * abs(float(of.mean())) + 3 * error


def _groups(loss: Objective) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for name in loss.chosen:
        layer = name.rpartition(".")[0]
        groups[layer] = (*groups.get(layer, ()), name)
    return groups
