"""Closed forms of the effective regulariser 1/2 Tr(H Sigma) for readouts and dense layers.

The derivation is this software's own. Only the claim that SGD's noise acts as a regularisation term
is that of Recanatesi et al. (2019). Each form says where it is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dimscope.errors import InputError
from dimscope.noise.objective import half_squared_error


def linear_readout_penalty(
    features: Float[Tensor, "n d"], sigma: float, n_outputs: int, *, bias: bool = True
) -> Float[Tensor, ""]:
    """1/2 C sigma^2 E|h|^2: isotropic noise of a linear readout under 1/2 E|W h - y|^2.

    Exact. With a bias, h has a 1 appended. Under torch's `mse_loss`, which also takes a mean over
    the C outputs, the penalty is 2/C of this. Differentiable: as a loss it shrinks h in every
    direction. Cost: n d.

    Examples
    --------
    >>> float(linear_readout_penalty(torch.tensor([[3.0, 4.0]]), 0.1, n_outputs=2, bias=False))
    0.25
    """
    return 0.5 * n_outputs * sigma**2 * _squares(features, bias).mean()


def sgd_readout_penalty(  # noqa: PLR0913 - the numbers of the formula
    features: Float[Tensor, "n d"],
    *,
    learning_rate: float,
    batch_size: int,
    residual_variance: float,
    n_outputs: int,
    bias: bool = True,
) -> Float[Tensor, ""]:
    """(eta s^2 C / 4 B) E|h|^2: the penalty of SGD's own noise of a linear readout.

    To first order in the learning rate eta, 1/2 Tr(H Sigma) = eta Tr C_B / 4. This assumes the
    minimum of 1/2 E|W h - y|^2, residuals of variance s^2 in each of C outputs, independent of h,
    and plain SGD on fresh batches of B samples, far fewer than the data. Cost: n d.
    """
    rate = learning_rate * residual_variance * n_outputs / (4 * batch_size)
    return rate * _squares(features, bias).mean()


def softmax_readout_penalty(
    features: Float[Tensor, "n d"],
    logits: Float[Tensor, "n c"],
    sigma: float,
    *,
    bias: bool = True,
) -> Float[Tensor, ""]:
    """1/2 sigma^2 E[|h|^2 (1 - sum_c p_c^2)]: isotropic noise of a softmax readout.

    Exact for 1/2 Tr(H Sigma) under cross-entropy, and so to second order in sigma for the loss.
    Differentiable in features and logits. Cost: n (d + C).

    Examples
    --------
    >>> features, logits = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
    >>> float(softmax_readout_penalty(features, logits, 0.1, bias=False))
    0.0625
    """
    unsure = 1 - logits.softmax(dim=1).square().sum(dim=1)
    return 0.5 * sigma**2 * (_squares(features, bias) * unsure).mean()


def _squares(features: Float[Tensor, "n d"], bias: bool) -> Float[Tensor, " n"]:
    return features.flatten(1).square().sum(dim=1) + float(bias)


@dataclass(frozen=True)
class OutputCurvature:
    """The Hessian H_z of a loss with respect to the outputs z of one sample.

    Attributes
    ----------
    kind
        ``"softmax"``: diag(p) - p p', p the probabilities; ``"squared"``: a multiple of the
        identity.
    factor
        That multiple. For `mse_loss` over C outputs it is 2 / C: 2 with ``per_output``.
    per_output
        Whether the loss also takes a mean over outputs.
    """

    kind: Literal["softmax", "squared"]
    factor: float = 1.0
    per_output: bool = False

    def form(
        self, moved: Float[Tensor, "... n c"], outputs: Float[Tensor, "n c"]
    ) -> Float[Tensor, "... n"]:
        """u' H_z u of every sample, for changes u of its outputs."""
        if self.kind == "softmax":
            p = outputs.softmax(dim=1)
            return (p * moved.square()).sum(dim=-1) - (p * moved).sum(dim=-1).square()
        factor = self.factor / outputs.shape[1] if self.per_output else self.factor
        return factor * moved.square().sum(dim=-1)


def curvature_of(loss_fn: Callable[..., Any]) -> OutputCurvature | None:
    """The curvature of a known loss; None for any other.

    Known are cross-entropy (with or without label smoothing, which is linear in the logits),
    `mse_loss` and `half_squared_error`, as functions or modules that take a plain mean.
    """
    plain = getattr(loss_fn, "reduction", "mean") == "mean"
    weighted = getattr(loss_fn, "weight", None) is not None
    if not plain or weighted:
        return None
    if loss_fn is nn.functional.cross_entropy or isinstance(loss_fn, nn.CrossEntropyLoss):
        return OutputCurvature("softmax")
    if loss_fn is nn.functional.mse_loss or isinstance(loss_fn, nn.MSELoss):
        return OutputCurvature("squared", 2.0, per_output=True)
    return OutputCurvature("squared") if loss_fn is half_squared_error else None


class ReadoutPenalty(nn.Module):
    """The effective regulariser of a readout as an explicit penalty on its features.

    ``penalty(features, logits)`` is `softmax_readout_penalty` or `linear_readout_penalty`, in
    float32 or better, also under autocast. It is our own model of what SGD's noise does. It
    penalises norms and not the dimension: report Tr C_h, the participation ratio and the orthogonal
    ratio together (`readout_geometry`).

    Parameters
    ----------
    sigma
        Standard deviation of the readout's weights, positive.
    form
        ``"softmax"`` or ``"linear"`` (for 1/2 E|W h - y|^2).
    bias
        Whether the readout has a bias.

    Raises
    ------
    InputError
        If sigma is not positive or the form unknown.

    Examples
    --------
    >>> penalty = ReadoutPenalty(0.1, bias=False)
    >>> round(float(penalty(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2))), 6)
    0.0625
    """

    def __init__(
        self, sigma: float, form: Literal["softmax", "linear"] = "softmax", *, bias: bool = True
    ) -> None:
        super().__init__()
        if not sigma > 0:
            raise InputError(f"sigma={sigma} must be positive")
        if form not in ("softmax", "linear"):
            raise InputError(f"form={form!r} is not known: choose softmax or linear")
        self.sigma, self.form, self.bias = sigma, form, bias

    def forward(
        self, features: Float[Tensor, "n ..."], logits: Float[Tensor, "n c"]
    ) -> Float[Tensor, ""]:
        """The penalty of a batch, a scalar in the units of the loss."""
        with torch.autocast(features.device.type, enabled=False):
            h, z = _at_least_single(features).flatten(1), _at_least_single(logits)
            if self.form == "softmax":
                return softmax_readout_penalty(h, z, self.sigma, bias=self.bias)
            return linear_readout_penalty(h, self.sigma, z.shape[1], bias=self.bias)


def _at_least_single(x: Tensor) -> Tensor:
    return x if x.dtype == torch.float64 else x.float()
