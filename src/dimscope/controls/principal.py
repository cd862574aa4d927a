"""What a control must look like: the mean, the principal axes and the range of given inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dimscope.errors import InputError

#: Rows that the principal axes are found from; the Gram matrix has this side at most.
MAX_ROWS = 1_000

#: Below this, neither axes nor neighbours say anything of the data.
MIN_ROWS = 50

_COLUMNS = 16_384  # features whose rows are brought to another precision at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Principal:
    """Mean, principal axes and range of a set of inputs.

    The axes are never formed: sqrt(variance_j) times the j-th axis is a weighted sum of the rows,
    and so is every combination of them.

    Attributes
    ----------
    rows
        Shape (n_rows, n_features): inputs less their mean.
    mean
        Shape (n_features,), float64.
    weights
        Shape (n_axes, n_rows), float64: those of each axis times its standard deviation.
    variances
        Shape (n_axes,), along each axis, descending, float64.
    low, high
        Shape (n_features,), float64: the range of the channel (the second axis of the inputs) that
        a feature belongs to.
    shape
        Of one input.
    """

    rows: Float[Tensor, "n_rows n_features"]
    mean: Float[Tensor, " n_features"]
    weights: Float[Tensor, "n_axes n_rows"]
    variances: Float[Tensor, " n_axes"]
    low: Float[Tensor, " n_features"]
    high: Float[Tensor, " n_features"]
    shape: torch.Size

    @property
    def n_features(self) -> int:
        """Values of one input."""
        return len(self.mean)

    def at(self, features: Tensor) -> Principal:
        """The same of some features only, as inputs of one axis."""
        return replace(
            self,
            rows=self.rows[:, features],
            mean=self.mean[features],
            low=self.low[features],
            high=self.high[features],
            shape=torch.Size([len(features)]),
        )

    def combined(self, along: Float[Tensor, "n n_axes"]) -> Float[Tensor, "n n_features"]:
        """The mean plus a sum of axes; ``along`` counts in standard deviations of each axis."""
        weights = along @ self.weights.to(along)
        parts = [weights @ part.to(along) for part in torch.split(self.rows, _COLUMNS, dim=1)]
        return self.mean.to(along) + torch.cat(parts, dim=1)

    def clipped(self, x: Float[Tensor, "n n_features"]) -> Float[Tensor, "n n_features"]:
        """Led smoothly into the range.

        With t in [-1, 1] across the range, t becomes t / (1 + t^8)^(1/8): analytic, strictly
        growing, and off by less than 0.1 % in the middle half.
        """
        middle, half = (self.high + self.low) / 2, (self.high - self.low) / 2
        half = torch.where(half > 0, half, 1.0)
        t = (x - middle.to(x)) / half.to(x)
        eighth = t.square().square().square()
        return middle.to(x) + half.to(x) * t * (1 + eighth).sqrt().sqrt().rsqrt()


def principal(inputs: Tensor, rng: np.random.Generator) -> Principal:
    """Find mean, axes and range of inputs, from at most 1,000 of them drawn at random.

    Parameters
    ----------
    inputs
        Shape (n_samples, ...), of a floating-point type: what the network receives.

    Raises
    ------
    InputError
        If they are no such tensor, too few, not finite, or all equal.
    """
    check_inputs(inputs)
    if len(inputs) > MAX_ROWS:
        inputs = inputs[np.sort(rng.permutation(len(inputs))[:MAX_ROWS])]
    rows = inputs.detach().cpu().flatten(1).float()
    mean = rows.mean(dim=0, dtype=torch.float64)
    rows = rows - mean.float()
    variances, vectors = torch.linalg.eigh((rows @ rows.T).double() / (len(rows) - 1))
    kept = variances > variances[-1] * len(rows) * torch.finfo(rows.dtype).eps
    weights = vectors[:, kept].flip(1).T / (len(rows) - 1) ** 0.5
    low, high = _range(inputs.detach().cpu())
    return Principal(
        rows=rows,
        mean=mean,
        weights=weights,
        variances=variances[kept].flip(0),
        low=low,
        high=high,
        shape=inputs.shape[1:],
    )


def check_inputs(inputs: Any) -> None:
    """Refuse what no family of inputs can imitate.

    Raises
    ------
    InputError
        If it is no tensor of a floating-point type, has fewer than 50 samples, is not finite, or
        all samples are equal.
    """
    own = (
        "make families of your own with dimscope.controls.InputFamily (for tokens, of embeddings) "
        "and give these as controls"
    )
    if not isinstance(inputs, Tensor):
        raise InputError(
            f"the inputs are a {type(inputs).__name__}: controls imitate one tensor; {own}"
        )
    if not inputs.is_floating_point():
        raise InputError(
            f"the inputs are of type {inputs.dtype}: whole numbers, such as tokens, have no smooth "
            f"families; {own}"
        )
    if inputs.ndim < 2 or len(inputs) < MIN_ROWS:
        raise InputError(
            f"the inputs have shape {tuple(inputs.shape)}: controls imitate at least {MIN_ROWS} "
            f"samples of shape (n_samples, ...); give more, or {own}"
        )
    if not bool(torch.isfinite(inputs).all()):
        raise InputError("the inputs hold values that are not finite: mend or drop these samples")
    if bool((inputs == inputs[:1]).all()):
        raise InputError(f"all inputs are equal: there is nothing to imitate; {own}")


def _range(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """The least and largest value of each channel, for every feature."""
    over = [axis for axis in range(inputs.ndim) if axis != 1]
    low, high = (found(inputs, dim=over, keepdim=True) for found in (torch.amin, torch.amax))
    whole = (1, *inputs.shape[1:])
    return low.double().expand(whole).flatten(), high.double().expand(whole).flatten()
