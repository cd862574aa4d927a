"""Exact families of one picture: shifts, rotation, scale, shear, brightness, contrast and colour.

Tangent directions of this kind are those of Simard, Victorri, LeCun and Denker, "Tangent prop"
(NIPS 1991); Zhang et al. (arXiv 1711.01573) took them through the layers of a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from dimscope.controls.family import InputFamily
from dimscope.controls.spline import SplinePicture, spline_picture
from dimscope.errors import InputError

#: The coordinates in their order, each with its value at the end of its range, amplitude 1. Shifts
#: are in sides of the picture, the rotation in radians, the scale and the shear as they stand;
#: brightness in the range of the picture's values; contrast and colour multiply by e to this power.
RANGES: Mapping[str, float] = MappingProxyType(
    {
        "shift x": 0.1,
        "shift y": 0.1,
        "rotation": 0.35,
        "scale": 0.2,
        "shear": 0.2,
        "brightness": 0.15,
        "contrast": 0.3,
        "colour": 0.2,
    }
)

#: Channels that a picture may have: grey ones have no colour to change.
CHANNELS = (1, 3)

_BLUR = 0.8  # pixels; 1.0 with the spline's own


@dataclass(frozen=True, kw_only=True, eq=False)
class Motions:
    """Pictures made of one by coordinates in [-1, 1]; 0 is the picture itself, blurred.

    Attributes
    ----------
    spline
        The picture.
    ranges
        Shape (dimension,): what a coordinate of 1 does, in the order and the units of `RANGES`.
    """

    spline: SplinePicture
    ranges: Float[Tensor, " dimension"]

    def __call__(self, u: Float[Tensor, "n dimension"]) -> Float[Tensor, "n channels height width"]:
        """The pictures at coordinates, in the precision of these."""
        _, height, width = self.spline.coefficients.shape
        pixels = torch.cartesian_prod(torch.arange(height), torch.arange(width))
        return self.at(u, pixels).reshape(len(u), -1, height, width)

    def at(
        self, u: Float[Tensor, "n dimension"], pixels: Tensor
    ) -> Float[Tensor, "n channels pixels"]:
        """Their values at some pixels, given by row and column."""
        moved = u * self.ranges.to(u)
        missing = torch.zeros_like(u[:, :1]).expand(-1, len(RANGES) - u.shape[1])
        x, y, angle, scale, shear, *light = torch.split(
            torch.cat([moved, missing], dim=1), 1, dim=1
        )
        _, height, width = self.spline.coefficients.shape
        down, across = (pixels.to(u) - torch.tensor([height - 1, width - 1]).to(u) / 2).T
        across = across + shear * down
        turned_down = angle.cos() * down - angle.sin() * across
        turned_across = angle.sin() * down + angle.cos() * across
        zoom, side = torch.exp(-scale), min(height, width)
        return self._lit(
            self.spline.read(
                (height - 1) / 2 + zoom * turned_down - y * side,
                (width - 1) / 2 + zoom * turned_across - x * side,
            ),
            *light,
        )

    def _lit(self, values: Tensor, brightness: Tensor, contrast: Tensor, colour: Tensor) -> Tensor:
        """Warmer by colour, then with more contrast about the picture's mean, then brighter."""
        known = self.spline.coefficients
        low, high = known.min(), known.max()
        if len(known) == 3:
            gains = torch.cat([colour.exp(), torch.ones_like(colour), (-colour).exp()], dim=1)
            values = low + gains[:, :, None] * (values - low)
        contrasted = known.mean() + contrast.exp()[:, :, None] * (values - known.mean())
        return contrasted + brightness[:, :, None] * (high - low)


def picture_family(
    picture: Tensor, dimension: int, *, amplitude: float = 1.0, blur: float = _BLUR
) -> InputFamily:
    """All that one picture becomes by the first ``dimension`` of eight changes.

    They are, in this order: shift x, shift y, rotation, scale, shear, brightness, contrast, colour
    (red rises as blue falls). So the family of 4 lies in that of 8. The picture is a cubic B-spline
    of its blurred pixels, twice continuously differentiable, mirrored beyond its borders. It may
    leave the range of the data's values, where it is made brighter or stronger.

    Parameters
    ----------
    picture
        Shape (channels, height, width), with 1 or 3 channels, of a floating-point type: as the
        network receives it.
    dimension
        From 1 to 8; to 7 for a picture of one channel, which has no colour.
    amplitude
        Multiplies every range. At 1, shifts go to 0.1 of the shorter side either way, the rotation
        to 0.35 radians, the scale to a factor e^0.2, the shear to 0.2, the brightness to 0.15 of
        the range of the picture's values, the contrast to a factor e^0.3, and the colour to factors
        e^0.2 of red and e^-0.2 of blue.
    blur
        Standard deviation in pixels of the Gaussian that the picture is blurred by; the spline adds
        sqrt(1/3) pixels of its own.

    Returns
    -------
    InputFamily
        Named ``"affine_d8"`` for dimension 8. Coordinates run from -1 to 1, and 0 is the picture
        itself, blurred. ``embed`` computes in the precision of ``u`` and has forward-mode
        derivatives.

    Raises
    ------
    InputError
        If it is no such picture, or all of one value, or a number is out of range.

    Examples
    --------
    >>> picture = torch.linspace(0, 1, 3 * 16 * 16).reshape(3, 16, 16)
    >>> family = picture_family(picture, 4)
    >>> family.name, tuple(family.sample(5).shape)
    ('affine_d4', (5, 3, 16, 16))
    """
    motions = motions_of(picture, dimension, amplitude, blur)
    return InputFamily(
        name=f"affine_d{dimension}",
        dimension=dimension,
        embed=motions,
        low=-1.0,
        high=1.0,
        facts=_facts(motions, amplitude, blur),
    )


def picture_directions(
    pictures: Tensor, dimension: int, *, amplitude: float = 1.0, blur: float = _BLUR
) -> list[InputFamily]:
    """The family of each of several pictures: u = 0 is the picture itself, blurred.

    Parameters
    ----------
    pictures
        Shape (n_pictures, channels, height, width).
    dimension, amplitude, blur
        As in `picture_family`.

    Raises
    ------
    InputError
        As `picture_family`.
    """
    return [picture_family(p, dimension, amplitude=amplitude, blur=blur) for p in pictures]


def motions_of(picture: Tensor, dimension: int, amplitude: float, blur: float = _BLUR) -> Motions:
    """The function behind `picture_family`, with its checks."""
    _check(picture, dimension, amplitude, blur)
    ranges = torch.tensor(list(RANGES.values()), dtype=torch.float64)
    return Motions(spline=spline_picture(picture, blur), ranges=amplitude * ranges[:dimension])


def n_directions(channels: int) -> int:
    """How many changes a picture with so many channels has."""
    return len(RANGES) if channels == 3 else len(RANGES) - 1


def _facts(motions: Motions, amplitude: float, blur: float) -> dict[str, Any]:
    return {
        "amplitude": float(amplitude),
        "ranges": dict(zip(RANGES, [round(r, 6) for r in motions.ranges.tolist()], strict=False)),
        "blur_pixels": round((blur**2 + 1 / 3) ** 0.5, 3),
        "borders": "mirrored",
    }


def _check(picture: Tensor, dimension: int, amplitude: float, blur: float) -> None:
    if not isinstance(picture, Tensor) or not picture.is_floating_point():
        kind = picture.dtype if isinstance(picture, Tensor) else type(picture).__name__
        raise InputError(
            f"the picture is of type {kind}: it must be a floating-point tensor, as the network "
            "receives it"
        )
    if picture.ndim != 3 or picture.shape[0] not in CHANNELS or min(picture.shape[1:]) < 4:
        raise InputError(
            f"the picture has shape {tuple(picture.shape)}: it must be (channels, height, width), "
            "with 1 or 3 channels and at least 4 x 4 pixels"
        )
    if not bool(torch.isfinite(picture).all()) or bool((picture == picture[0, 0, 0]).all()):
        raise InputError(
            "the picture is all of one value, or holds values that are not finite: take another"
        )
    most = n_directions(picture.shape[0])
    if not 1 <= dimension <= most:
        grey = ", since a picture of one channel has no colour" if most < len(RANGES) else ""
        raise InputError(f"dimension={dimension} must be 1 to {most}{grey}")
    if not amplitude > 0 or not blur >= 0:
        raise InputError(f"amplitude={amplitude} must be above 0, and blur={blur} not below 0")
