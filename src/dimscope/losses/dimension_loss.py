"""Losses made of geometry: the dimension of a batch, minimised, maximised or led to a target.

Recanatesi et al. (2019) invite training objectives built on measurable geometry, intrinsic
dimension first of all. What such an objective does to accuracy is for the experiment to say.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dimscope.errors import InputError
from dimscope.estimators import Method
from dimscope.estimators.registry import make_estimator
from dimscope.losses.differentiable import as_rows, measure_of

Goal = Literal["minimize", "maximize"]


class DimensionLoss(nn.Module):
    """The dimension of a batch of features as a loss.

    With d the estimate on the batch: d to minimise it, -d to maximise it, (d / target - 1)^2 to
    lead it to a target.

    The values are those of our NumPy estimators (to 1e-6; in float64 to rounding): neighbours are
    the nearest in the batch by float64 differences, rows that repeat an earlier one exactly are
    set aside and get no gradient, nor do pairs nearer than 1e-6 of the mean distance, where it
    would explode. Everything inside is float64, under autocast too, and the result float32 (float64
    for float64 features).

    Assumes what the estimator assumes. A batch sees a coarser scale than the data set does, and an
    estimate from few points is a lower bound where the dimension is high: a target means the
    estimate *at this batch size*. Which neighbours are nearest changes by steps, so the loss has
    kinks. A neighbour estimate is blind to how much variance a direction has beyond the nearest
    points, so that it can be lowered by tight clusters; `participation_ratio` sees variance only.
    It has no gradient for the weight of the loss to be chosen by: compare its size with the task's,
    and its range, if it is to be maximised. No dimension depends on scale, so that the gradient
    grows as the features shrink: add the loss once the network has learned something, or it drowns
    the task in the small features of an untrained one (docs/training.md).

    Cost, on the device of the features and in float64: for n rows a product n x d x n and n k d
    differences, n^2 numbers of memory; for the participation ratio a product of its smaller side.

    Parameters
    ----------
    estimator
        ``"two_nn"``, ``"two_nn_mle"``, ``"levina_bickel"``, ``"participation_ratio"``, or one of
        these with parameters of its own, such as ``ds.LevinaBickel(n_neighbors=10)``.
    target
        ``"minimize"``, ``"maximize"``, or the dimension to reach, positive.

    Raises
    ------
    InputError
        If the estimator has no gradient, or the target is neither a goal nor positive.

    Examples
    --------
    >>> features = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    >>> loss = DimensionLoss("participation_ratio", target=2.0)
    >>> round(float(loss.dimension(features)), 1), round(float(loss(features)), 1)
    (5.1, 2.3)
    """

    def __init__(self, estimator: Method = "two_nn", target: float | Goal = "minimize") -> None:
        super().__init__()
        self.estimator = make_estimator(estimator)
        self.target = _checked_target(target)
        self._measure = measure_of(self.estimator)

    def dimension(self, features: Float[Tensor, "n ..."]) -> Float[Tensor, ""]:
        """The dimension of the rows of ``features``, with its gradient.

        Raises
        ------
        InputError
            If they are not finite, or too few or too alike for the estimator.
        """
        rows = as_rows(features)
        with torch.autocast(rows.device.type, enabled=False):
            value = self._measure(rows)
        return value if features.dtype == torch.float64 else value.to(torch.float32)

    def forward(self, features: Float[Tensor, "n ..."]) -> Float[Tensor, ""]:
        """The loss of a batch of features of shape (n_samples, ...).

        Raises
        ------
        InputError
            As `dimension`.
        """
        value = self.dimension(features)
        if self.target == "minimize":
            return value
        if self.target == "maximize":
            return -value
        return torch.square(value / self.target - 1)

    def extra_repr(self) -> str:
        """What the loss was made of, as torch prints it."""
        return f"{self.estimator.name}, target={self.target!r}"


def _checked_target(target: float | Goal) -> float | Goal:
    if isinstance(target, str):
        if target not in get_args(Goal):
            raise InputError(
                f"target={target!r} is not known: choose 'minimize', 'maximize' or a number"
            )
        return target
    if not (isinstance(target, int | float) and math.isfinite(target) and target > 0):
        raise InputError(f"target={target!r} must be a positive dimension")
    return float(target)
