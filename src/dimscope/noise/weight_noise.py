"""Fluctuations of the weights: injected, or seen between checkpoints.

The weights are w = mean + xi with E xi = 0 and covariance Sigma. This is our own model of the claim
of Recanatesi et al. (2019) that the noise of SGD regularises.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float64
from torch import Tensor, nn

from dimscope._parameters import checked_parameters
from dimscope.capture.inference import require_module
from dimscope.errors import InputError
from dimscope.noise.objective import parameters_of
from dimscope.results import Note


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightNoise:
    """The covariance Sigma of the weights of some layers: isotropic, or by a factor.

    Attributes
    ----------
    kind
        Where it comes from.
    layers
        The layers whose weights fluctuate; all others are fixed.
    shapes
        Shapes of their parameters by name, in the order of the columns of `factor`.
    sigma
        Standard deviation of every weight, if the noise is isotropic.
    factor
        Shape (rank, n_parameters), float64: Sigma = factor' factor. None if the noise is isotropic.
    notes
        What a careful reader must know, a sentence each.
    """

    kind: Literal["isotropic", "checkpoints", "stationary"]
    layers: tuple[str, ...]
    shapes: Mapping[str, tuple[int, ...]]
    sigma: float | None = None
    factor: Float64[Tensor, "rank p"] | None = None
    notes: tuple[Note, ...] = ()

    @property
    def n_parameters(self) -> int:
        """Number of weights that fluctuate."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def trace(self) -> float:
        """Tr Sigma, the summed variance of the weights."""
        if self.factor is not None:
            return float(self.factor.square().sum())
        return float(self.sigma or 0.0) ** 2 * self.n_parameters

    @property
    def rank(self) -> int:
        """Number of directions that fluctuate."""
        return self.n_parameters if self.factor is None else len(self.factor)

    def draw(self, generator: torch.Generator) -> Float64[Tensor, " p"]:
        """Draw a Gaussian vector of covariance Sigma."""
        normal = torch.randn(self.rank, generator=generator, dtype=torch.float64)
        if self.factor is None:
            return normal * float(self.sigma or 0.0)
        return normal @ self.factor

    def directions(self) -> Iterator[Float64[Tensor, " p"]]:
        """Yield `rank` vectors whose outer products add up to Sigma."""
        for row in range(self.rank):
            if self.factor is not None:
                yield self.factor[row]
            else:
                unit = torch.zeros(self.n_parameters, dtype=torch.float64)
                unit[row] = float(self.sigma or 0.0)
                yield unit


@checked_parameters
def isotropic_noise(
    model: nn.Module, sigma: float, *, layers: str | Sequence[str] | None = None
) -> WeightNoise:
    """Make injected noise: every weight of ``layers`` fluctuates independently by ``sigma``.

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


@checked_parameters
def checkpoint_noise(
    model: nn.Module,
    checkpoints: Sequence[Mapping[str, Tensor]],
    *,
    layers: str | Sequence[str] | None = None,
    detrend: bool = True,
) -> WeightNoise:
    """Estimate the covariance of the weights over checkpoints: Sigma = sum xi_k xi_k' / (K - 1).

    Assumes that the weights fluctuate around one point, and that the checkpoints are far enough
    apart to be independent. Weights drift in training, so by default a linear trend of each weight
    is subtracted first (the divisor is then K - 2). Bad with few checkpoints: the rank is below K.
    Cost: K copies of the weights.

    Parameters
    ----------
    model
        The network.
    checkpoints
        State dicts, in the order and at the spacing of training.
    layers
        Names or globs of modules; None for all that are trainable.
    detrend
        Whether to subtract a linear trend.

    Raises
    ------
    InputError
        If there are too few checkpoints, or one lacks a parameter or has it in another shape.
    """
    groups = parameters_of(require_module(model), layers)
    shapes = _shapes(model, groups)
    k, lost = len(checkpoints), 2 if detrend else 1
    if k <= lost:
        raise InputError(f"{k} checkpoints given, at least {lost + 1} are needed: give more")
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
        notes=(
            Note(
                "limit", f"From {k} checkpoints: these show at most {k - lost} directions of noise."
            ),
        ),
    )


def _shapes(model: nn.Module, groups: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[int, ...]]:
    weights = dict(model.named_parameters())
    return {name: tuple(weights[name].shape) for names in groups.values() for name in names}
