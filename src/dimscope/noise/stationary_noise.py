"""The stationary fluctuations of the weights under plain SGD: a matrix equation at a minimum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float64
from torch import Tensor, nn

from dimscope._format import number
from dimscope._parameters import checked_parameters
from dimscope.errors import InputError
from dimscope.noise.gradients import NoPerSampleError, per_sample_gradients
from dimscope.noise.objective import LossFunction, Objective, objective, parameters_of
from dimscope.noise.weight_noise import WeightNoise
from dimscope.results import Note

_MAX_SIDE = 5000


@checked_parameters
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
    """Solve H Sigma + Sigma H - eta H Sigma H = eta C_B for Sigma, the stationary noise of SGD.

    H is the Hessian and C_B the minibatch gradient covariance at the present weights, with the data
    as the whole training set. In H's eigenbasis Sigma_ij = eta C_ij / (l_i + l_j - eta l_i l_j).
    Directions without curvature have no stationary state: they are left out, and a note says how
    much noise they carry.

    Assumes weights near a minimum, all other layers at rest, no momentum, and fresh batches: the
    batches of a shuffled epoch are anticorrelated, which makes Sigma smaller along weak curvature.
    Cost: P^2 numbers of memory and P Hessian-vector products for P parameters, which suits a
    readout and not a whole network.

    Parameters
    ----------
    model, loss_fn, data
        As in `gradient_noise`.
    learning_rate, batch_size
        Those of SGD: eta and B.
    layers
        Names or globs of modules whose weights fluctuate; at most 5,000 parameters in all.
    chunk_size
        Samples that go through the network together.
    curvature_floor
        Eigenvalues of H below this share of the largest count as no curvature.

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
    notes = [
        Note(
            "assumption", "From the stationary equation for fresh batches, at the present weights."
        )
    ]
    if share > 0.01:
        notes.append(
            Note(
                "not_included",
                f"{number(100 * share)} % of the gradient noise lies in directions without "
                "positive curvature, which have no stationary state and are left out.",
            )
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
    """Solve H S + S H - eta H S H = eta C for S.

    Returns
    -------
    covariance
        S, without the directions that have no curvature.
    share
        The share of Tr C in these directions.

    Raises
    ------
    InputError
        If no curvature is positive, or eta times the largest is 2 or more.
    """
    curvature, basis = torch.linalg.eigh(hessian)
    largest = float(curvature[-1])
    if largest <= 0:
        raise InputError(
            f"the largest curvature is {largest:.3g}, so SGD has no stationary state here: train "
            "the weights to a minimum first"
        )
    if learning_rate * largest >= 2:
        raise InputError(
            f"learning_rate={learning_rate} times the largest curvature {largest:.4g} is at least "
            "2, where SGD diverges: lower the learning rate"
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
    """The Hessian of the mean loss with respect to the chosen parameters, made symmetric."""
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
