"""Singular values of a Jacobian, and what rounding has added to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

_ROWS = 2048  # features at a time: a block with its factor stays in the cache


class Singular(NamedTuple):
    """Singular values of a Jacobian.

    Attributes
    ----------
    values
        One for each direction, the largest first; where there are fewer features than directions,
        the rest are 0. All are nan if a derivative is not finite.
    noise
        The norm of what rounding has added to the derivative along one direction.
    """

    values: Float[np.ndarray, " n_directions"]
    noise: float


def singular_values(
    tangents: Sequence[Float[Tensor, "_ n_features"]], mixture: Float[Tensor, " n_directions"]
) -> Singular:
    """Singular values in float64, block by block of features.

    The factor R of a QR decomposition has the singular values of the Jacobian. Squares of the
    Jacobian, whose rounding hides the small ones, are never made.

    Parameters
    ----------
    tangents
        Derivatives along a mixture of the directions, then along each of them; some in each tensor.
    mixture
        The weights of the mixture. A derivative is linear, so that the first row differs from the
        mixture of the others by rounding only.

    Examples
    --------
    >>> columns = torch.tensor([[3.0, 4.0], [3.0, 0.0], [0.0, 4.0]])
    >>> values, noise = singular_values([columns], torch.ones(2, dtype=torch.float64))
    >>> values.tolist(), noise
    ([4.0, 3.0], 0.0)
    """
    n_directions, n_features = len(mixture), tangents[0].shape[1]
    factor = torch.zeros(0, n_directions, dtype=torch.float64)
    squares = 0.0
    for start in range(0, n_features, _ROWS):
        parts = [part[:, start : start + _ROWS].cpu().double() for part in tangents]
        rows = torch.cat(parts)
        mixed, columns = rows[0], rows[1:]
        squares += float((mixed - mixture @ columns).square().sum())
        factor = torch.linalg.qr(torch.cat([factor, columns.T]), mode="r")[1]
    if not bool(factor.isfinite().all()):
        return Singular(np.full(n_directions, np.nan), np.nan)
    values = torch.linalg.svdvals(factor).numpy()
    return Singular(np.pad(values, (0, n_directions - len(values))), squares**0.5)
