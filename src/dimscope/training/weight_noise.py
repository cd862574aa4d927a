"""Fluctuations of the weights: injected, seen between checkpoints, or where SGD comes to rest.

What is done with them is our own model of the claim of Recanatesi et al. (2019) that the noise of
SGD regularises: w = mean + xi with E xi = 0 and covariance Sigma.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float64
from torch import Tensor, nn

from dimscope._format import number
from dimscope.capture.inference import require_module
from dimscope.errors import InputError
from dimscope.training._gradients import NoPerSampleError, per_sample_gradients
from dimscope.training._objective import LossFunction, Objective, objective, parameters_of

_MAX_SIDE = 5000


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightNoise:
    """The covariance Sigma of the weights of some layers: isotropic, or by a factor.

    Attributes
    ----------
    kind
        Where it comes from.
    layers
        The layers whose weights fluctuate; all others stand still.
    shapes
        Shapes of their parameters by name, in the order of the columns of `factor`.
    sigma
        Standard deviation of every weight, if isotropic.
    factor
        Shape (rank, n_parameters), float64: Sigma = factor' factor; None if isotropic.
    notes
        What a careful reader must know, a sentence each.
    """

    kind: Literal["isotropic", "checkpoints", "stationary"]
    layers: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]
    sigma: float | None = None
    factor: Float64[Tensor, "rank p"] | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_parameters(self) -> int:
        """How many weights fluctuate."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def trace(self) -> float:
        """Tr Sigma, the summed variance of the weights."""
        if self.factor is not None:
            return float(self.factor.square().sum())
        return float(self.sigma or 0.0) ** 2 * self.n_parameters

    @property
    def rank(self) -> int:
        """Directions that fluctuate."""
        return self.n_parameters if self.factor is None else len(self.factor)

    def draw(self, generator: torch.Generator) -> Float64[Tensor, " p"]:
        """A Gaussian vector of covariance Sigma."""
        normal = torch.randn(self.rank, generator=generator, dtype=torch.float64)
        if self.factor is None:
            return normal * float(self.sigma or 0.0)
        return normal @ self.factor

    def directions(self) -> Iterator[Float64[Tensor, " p"]]:
        """Vectors whose outer products sum to Sigma, `rank` of them."""
        for row in range(self.rank):
            if self.factor is not None:
                yield self.factor[row]
            else:
                unit = torch.zeros(self.n_parameters, dtype=torch.float64)
                unit[row] = float(self.sigma or 0.0)
                yield unit


def isotropic_noise(
    model: nn.Module, sigma: float, *, layers: str | Sequence[str] | None = None
) -> WeightNoise:
    """Injected noise: every weight of ``layers`` fluctuates by ``sigma``, independently.

    Assumes nothing, and describes no optimiser: SGD's own noise is not isotropic. Cost: nothing.

    Parameters
    ----------
    model
        The network.
    sigma
        Standard deviation, positive, in the units of the weights.
    layers
        Names or globs of modules; None for all that are trainable.

    Raises
    ------
    InputError
        If sigma is not positive or no layer fits.
    """
    if not (sigma > 0 and math.isfinite(sigma)):
        raise InputError(f"sigma={sigma} must be a positive number")
    groups = parameters_of(require_module(model), layers)
    return WeightNoise(
        kind="isotropic", layers=tuple(groups), shapes=_shapes(model, groups), sigma=float(sigma)
    )


def checkpoint_noise(
    model: nn.Module,
    checkpoints: Sequence[Mapping[str, Tensor]],
    *,
    layers: str | Sequence[str] | None = None,
    detrend: bool = True,
) -> WeightNoise:
    """The covariance of the weights over checkpoints: Sigma = sum xi_k xi_k' / (K - 1).

    Assumes that the weights fluctuate around one place, at checkpoints far enough apart to be
    independent. Training drifts: by default a straight line through each weight is taken out first
    (divisor K - 2). Bad at few checkpoints: its rank is less than K. Cost: K copies of the weights.

    Parameters
    ----------
    model
        The network.
    checkpoints
        State dicts, in the order and at the spacing of training.
    layers
        Names or globs of modules; None for all that are trainable.
    detrend
        Whether a linear drift is taken out.

    Raises
    ------
    InputError
        If there are too few checkpoints, or one lacks a parameter or has it in another shape.
    """
    groups = parameters_of(require_module(model), layers)
    shapes = _shapes(model, groups)
    k, lost = len(checkpoints), 2 if detrend else 1
    if k <= lost:
        raise InputError(f"{k} checkpoints given, at least {lost + 1} are needed")
    rows = []
    for index, state in enumerate(checkpoints):
        for name, shape in shapes.items():
            if name not in state or tuple(state[name].shape) != shape:
                raise InputError(
                    f"checkpoint {index} has no parameter {name} of shape {shape}: give state "
                    "dicts of this network"
                )
        flat = [state[name].detach().to("cpu", torch.float64).flatten() for name in shapes]
        rows.append(torch.cat(flat))
    weights = torch.stack(rows)
    weights -= weights.mean(dim=0)
    if detrend:
        time = torch.arange(k, dtype=torch.float64) - (k - 1) / 2
        time /= time.norm()
        weights -= time[:, None] * (time @ weights)
    return WeightNoise(
        kind="checkpoints",
        layers=tuple(groups),
        shapes=shapes,
        factor=weights / math.sqrt(k - lost),
        notes=(f"From {k} checkpoints: at most {k - lost} directions of fluctuation are seen.",),
    )


def stationary_noise(  # noqa: PLR0913 - the optimiser's numbers
    model: nn.Module,
    loss_fn: LossFunction,
    data: Any,
    *,
    learning_rate: float,
    batch_size: int,
    layers: str | Sequence[str] | None = None,
    chunk_size: int = 256,
    curvature_floor: float = 1e-6,
) -> WeightNoise:
    """Where plain SGD comes to rest: Sigma of H Sigma + Sigma H - eta H Sigma H = eta C_B.

    H is the Hessian and C_B the minibatch gradient covariance at the present weights, over the
    data given as the whole training set. In H's eigenbasis
    Sigma_ij = eta C_ij / (l_i + l_j - eta l_i l_j); directions without curvature have no resting
    place and are left out, and a note says how much noise they carry.

    Assumes the vicinity of a minimum, weights of all other layers at rest, no momentum, and fresh
    batches: an epoch that is shuffled anticorrelates the noise, and Sigma is then smaller along
    weak curvature. Cost: P^2 numbers and P Hessian-vector products for P parameters: for a
    readout, not for a network.

    Parameters
    ----------
    model, loss_fn, data
        As in `gradient_noise`.
    learning_rate, batch_size
        Of the SGD in question.
    layers
        Names or globs of modules whose weights fluctuate; at most 5,000 parameters in all.
    chunk_size
        Samples that go through the network together.
    curvature_floor
        Eigenvalues below this share of the largest count as no curvature.

    Raises
    ------
    InputError
        If a number is out of range, there are too many parameters, gradients per sample are
        impossible, or the largest curvature makes SGD diverge (eta l >= 2).
    """
    if not learning_rate > 0:
        raise InputError(f"learning_rate={learning_rate} must be positive")
    with objective(
        model, loss_fn, data, layers=layers, dtype=torch.float64, part=chunk_size
    ) as loss:
        groups = parameters_of(model, layers)
        n, p = len(loss.samples), loss.n_parameters
        if not 1 <= batch_size <= n:
            raise InputError(f"batch_size={batch_size} must lie between 1 and the {n} samples")
        if p > _MAX_SIDE:
            raise InputError(
                f"{p} parameters make a Hessian of {p} x {p}: choose layers of at most "
                f"{_MAX_SIDE}, such as the readout"
            )
        hessian = hessian_matrix(loss)
        try:
            rows = per_sample_gradients(loss, groups, lambda *_: None)
        except NoPerSampleError as error:
            raise InputError(f"torch cannot take gradients per sample: {error}") from error
    gradients = torch.cat(list(rows.values()), dim=1).cpu()
    gradients -= gradients.mean(dim=0)
    noise = gradients.T @ gradients / n / batch_size * (n - batch_size) / max(n - 1, 1)
    covariance, share = stationary_covariance(hessian, noise, learning_rate, curvature_floor)
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > 1e-14 * values.max()
    notes = ["From the stationary equation for fresh batches, at the present weights."]
    if share > 0.01:
        notes.append(
            f"{number(100 * share)} % of the gradient noise lies in directions without positive "
            "curvature, which have no stationary state and are left out."
        )
    return WeightNoise(
        kind="stationary",
        layers=tuple(groups),
        shapes={name: tuple(loss.chosen[name].shape) for name in loss.chosen},
        factor=(vectors[:, kept] * values[kept].sqrt()).T.contiguous(),
        notes=tuple(notes),
    )


def stationary_covariance(
    hessian: Float64[Tensor, "p p"],
    noise: Float64[Tensor, "p p"],
    learning_rate: float,
    curvature_floor: float = 1e-6,
) -> tuple[Float64[Tensor, "p p"], float]:
    """Solve H S + S H - eta H S H = eta C; also the share of Tr C left out for want of curvature.

    Raises
    ------
    InputError
        If no curvature is positive, or eta times the largest is 2 or more.
    """
    curvature, basis = torch.linalg.eigh(hessian)
    largest = float(curvature[-1])
    if largest <= 0:
        raise InputError(
            f"the largest curvature is {largest:.3g}: there is no minimum for SGD to rest in"
        )
    if learning_rate * largest >= 2:
        raise InputError(
            f"learning_rate={learning_rate} times the largest curvature {largest:.4g} is at least "
            "2, where SGD diverges: there is no stationary state"
        )
    kept = curvature > curvature_floor * largest
    within = basis[:, kept].T @ noise @ basis[:, kept]
    rate = curvature[kept]
    sums = rate[:, None] + rate - learning_rate * rate[:, None] * rate
    covariance = basis[:, kept] @ (learning_rate * within / sums) @ basis[:, kept].T
    total = float(noise.trace())
    share = 1 - float(within.trace()) / total if total > 0 else 0.0
    return covariance, max(share, 0.0)


def hessian_matrix(loss: Objective) -> Float64[Tensor, "p p"]:
    """The Hessian of the mean loss by the chosen parameters, symmetric."""
    p = loss.n_parameters
    found = torch.zeros(p, p, dtype=torch.float64)
    for samples in loss.samples.parts(loss.part):
        weights = loss.differentiable()
        with torch.enable_grad():
            value = loss.loss(weights, samples)
            gradient = torch.autograd.grad(value, list(weights.values()), create_graph=True)
            flat = torch.cat([part.flatten() for part in gradient])
            for row in range(p):
                second = torch.autograd.grad(
                    flat[row], list(weights.values()), retain_graph=True, materialize_grads=True
                )
                line = torch.cat([part.flatten() for part in second]).cpu()
                found[row] += line * (len(samples) / len(loss.samples))
    return (found + found.T) / 2


def _shapes(model: nn.Module, groups: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[int, ...]]:
    weights = dict(model.named_parameters())
    return {name: tuple(weights[name].shape) for names in groups.values() for name in names}
