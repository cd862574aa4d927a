"""A picture as a smooth function of the plane: a cubic B-spline that can be read anywhere.

The pixels themselves are the coefficients of the spline (Unser, "Splines: a perfect fit for signal
and image processing", 1999), after a Gaussian blur. Without the usual prefilter the spline blurs by
sqrt(1/3) pixels more, rings nowhere, and stays between the least and the largest pixel. It is twice
continuously differentiable. Beyond its borders the picture is mirrored, without end.

Written with plain tensor operations, since torch's own ``grid_sample`` has no forward-mode
derivative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class SplinePicture:
    """A picture that can be read between its pixels.

    Attributes
    ----------
    coefficients
        Shape (channels, height, width), float64: the blurred pixels.
    """

    coefficients: Float64[Tensor, "channels height width"]

    def read(
        self, y: Float[Tensor, "n pixels"], x: Float[Tensor, "n pixels"]
    ) -> Float[Tensor, "n channels pixels"]:
        """The values at places counted in pixels, 0 being the centre of the first."""
        channels, height, width = self.coefficients.shape
        table = self.coefficients.reshape(channels, -1).to(y)
        (rows, down), (columns, across) = _taps(y, height), _taps(x, width)
        total = torch.zeros(channels, *y.shape).to(y)
        for row, weight_down in zip(rows, down, strict=True):
            line = torch.zeros_like(total)
            for column, weight_across in zip(columns, across, strict=True):
                place = (row * width + column).flatten()  # index_select is the quick way to gather
                values = table.index_select(1, place).reshape(-1, *y.shape)
                line = torch.addcmul(line, values, weight_across)
            total = torch.addcmul(total, line, weight_down)
        return total.movedim(0, 1)


def spline_picture(picture: Tensor, blur: float) -> SplinePicture:
    """Blur a picture (channels, height, width) by a Gaussian of ``blur`` pixels."""
    down, across = (_blurring(size, blur) for size in picture.shape[1:])
    return SplinePicture(coefficients=down @ picture.detach().cpu().double() @ across.T)


def _taps(at: Tensor, size: int) -> tuple[list[Tensor], list[Tensor]]:
    """The four coefficients around each place along one axis, and their weights."""
    first = at.detach().floor()
    t = at - first
    first = first.long()
    s = 1 - t
    weights = [
        s**3 / 6,
        (4 - 6 * t**2 + 3 * t**3) / 6,
        (4 - 6 * s**2 + 3 * s**3) / 6,
        t**3 / 6,
    ]
    return [_mirrored(first + j, size) for j in (-1, 0, 1, 2)], weights


def _mirrored(index: Tensor, size: int) -> Tensor:
    """Fold positions beyond the borders back: ... 1 0 | 0 1 2 ... n-1 | n-1 n-2 ..."""
    folded = index.remainder(2 * size)
    return torch.minimum(folded, 2 * size - 1 - folded)


def _blurring(size: int, blur: float) -> Tensor:
    """The matrix (size, size) of a Gaussian blur along one axis, mirrored at the borders."""
    matrix = torch.zeros(size, size, dtype=torch.float64)
    reach = int(np.ceil(5 * blur))
    offsets = torch.arange(-reach, reach + 1)
    weights = torch.exp(-0.5 * (offsets / max(blur, 1e-9)).double().square())
    here = torch.arange(size)
    for offset, weight in zip(offsets, weights / weights.sum(), strict=True):
        matrix.index_put_((here, _mirrored(here + offset, size)), weight, accumulate=True)
    return matrix
