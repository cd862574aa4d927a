"""`DimensionLoss`: the dimension of a batch, minimised, maximised or led to a target.

Recanatesi et al. (2019) suggest training objectives made of measurable geometry, above all of
intrinsic dimension. docs/training.md reports what such an objective does to accuracy.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dimscope._parameters import checked_parameters
from dimscope.errors import InputError
from dimscope.estimators import Method
from dimscope.estimators.registry import make_estimator
from dimscope.losses.differentiable import as_rows, measure_of

Goal = Literal["minimize", "maximize"]


class DimensionLoss(nn.Module):
    """The dimension of a batch of features as a loss.

    With d the estimate on the batch, the loss is d to minimise it, -d to maximise it, and
    (d / target - 1)^2 to lead it to a target.

    The values are those of our NumPy estimators (to 1e-6; to rounding in float64). Neighbours are
    the nearest rows of the batch by float64 differences. Rows that repeat an earlier one exactly
    are set aside and get no gradient. Nor do pairs nearer than 1e-6 of the mean distance, where the
    gradient would explode. Everything inside is float64, also under autocast; the result is float32
    (float64 for float64 features).

    Assumes what the estimator assumes. Beyond that:

    - A batch sees a coarser scale than the data set does, and an estimate from few points is a
      lower bound if the dimension is high. A target means the estimate *at this batch size*.
    - The loss has kinks, because the nearest neighbours change in steps.
    - A neighbour estimate does not see how much variance a direction has beyond the nearest points,
      so tight clusters can lower it; `participation_ratio` sees variance only.
    - Rows that nearly repeat another count, as with ``near_copies="keep"``: descent may lower the
      value by making such pairs. `dimscope.estimate` sets them aside and says how many there are.
    - The weight of the loss must be chosen by hand: compare its size with that of the task's loss,
      and its range too if the dimension is to be maximised.
    - No dimension depends on scale, so the gradient grows as the features shrink. Add the loss once
      the network has learned something; otherwise it drowns the task in the small features of an
      untrained network (docs/training.md).

    Cost, in float64 on the device of the features, for n rows of d features and k neighbours: a
    product n x d x n, n k d differences, and n^2 numbers of memory; for the participation ratio one
    product of the smaller side.

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

    @checked_parameters
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
            If the features are not finite, or too few or too alike for the estimator.
        """
        rows = as_rows(features)
        with torch.autocast(rows.device.type, enabled=False):
            value = self._measure(rows)
        return value if features.dtype == torch.float64 else value.to(torch.float32)

    def forward(self, features: Float[Tensor, "n ..."]) -> Float[Tensor, ""]:
        """The loss of a batch of features, shape (n_samples, ...).

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
        """The estimator and target, which torch prints."""
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
