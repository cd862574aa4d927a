"""Images with a few continuous parameters.

Every image is a sum of round bumps, a exp(-|p - c|^2 / (2 w^2)) at the pixels p of a square grid
on [-1, 1]^2, so that it depends smoothly on where the bumps are and how wide.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.manifolds.manifold import Coordinates, Manifold, PointArray, at_least, uniform

#: The bumps of the moving pattern: no turn or change of size maps them to themselves.
_CENTRES = np.array([[0.0, 0.35], [0.3, -0.2], [-0.25, -0.1], [0.05, -0.4]])
_WIDTHS = np.array([0.25, 0.2, 0.16, 0.15])
_HEIGHTS = np.array([1.0, 0.8, 1.0, -0.7])


def bumps(n_bumps: int = 2, image_size: int = 16) -> Manifold:
    """Equal bumps at random places, each of its own width: 3 dimensions each.

    Parameters
    ----------
    n_bumps
        At least 1. Centres are uniform in [-0.7, 0.7]^2 and widths in [0.15, 0.35], where the
        image is 2 wide.
    image_size
        Pixels along each side, at least 12; samples have its square as features.

    Raises
    ------
    InputError
        If there is no bump, or the image is smaller than 12.
    """
    at_least("n_bumps", n_bumps, 1)
    at_least("image_size", image_size, 12)

    def embed(t: Coordinates) -> PointArray:
        parts = t.reshape(len(t), n_bumps, 3)
        return _render(parts[:, :, :2], parts[:, :, 2], np.ones(n_bumps), image_size)

    return Manifold(
        name="bumps",
        dimension=3 * n_bumps,
        ambient_dimension=image_size**2,
        linear_dimension=None,
        description=f"images of {n_bumps} bumps of any place and width",
        draw=uniform(3 * n_bumps, [-0.7, -0.7, 0.15] * n_bumps, [0.7, 0.7, 0.35] * n_bumps),
        embed=embed,
    )


def moving_pattern(dimension: int = 4, image_size: int = 16) -> Manifold:
    """One pattern that is shifted along x, along y, turned, and scaled.

    Parameters
    ----------
    dimension
        From 1 to 4: how many of these four motions there are. Shifts are uniform in [-0.4, 0.4],
        where the image is 2 wide, the angle in a full turn, and the logarithm of the scale in
        [-0.3, 0.3].
    image_size
        Pixels along each side, at least 12; samples have its square as features.

    Raises
    ------
    InputError
        If the dimension is not 1 to 4, or the image is smaller than 12.
    """
    low, high = np.array([(-0.4, 0.4), (-0.4, 0.4), (0, 2 * np.pi), (-0.3, 0.3)]).T
    if not 1 <= dimension <= len(low):
        raise InputError(f"dimension={dimension} must be 1 to {len(low)}: there are four motions")
    at_least("image_size", image_size, 12)

    def embed(t: Coordinates) -> PointArray:
        x, y, angle, log_scale = np.pad(t, ((0, 0), (0, len(low) - dimension))).T[:, :, None]
        scale = np.exp(log_scale)
        from_x, from_y = _CENTRES.T
        centres = np.stack(
            [
                x + scale * (np.cos(angle) * from_x - np.sin(angle) * from_y),
                y + scale * (np.sin(angle) * from_x + np.cos(angle) * from_y),
            ],
            axis=2,
        )
        return _render(centres, scale * _WIDTHS, _HEIGHTS, image_size)

    return Manifold(
        name="moving_pattern",
        dimension=dimension,
        ambient_dimension=image_size**2,
        linear_dimension=None,
        description=f"images of one pattern under {dimension} motions",
        draw=uniform(dimension, low[:dimension], high[:dimension]),
        embed=embed,
    )


def _render(
    centres: Float64[np.ndarray, "n bumps 2"],
    widths: Float64[np.ndarray, "n bumps"],
    heights: Float64[np.ndarray, " bumps"],
    image_size: int,
) -> PointArray:
    """Images as rows; a bump is the product of its profiles along the two axes."""
    pixels = np.linspace(-1, 1, image_size)
    profiles = np.exp(-(((centres[..., None] - pixels) / widths[:, :, None, None]) ** 2) / 2)
    columns, rows = profiles[:, :, 0], profiles[:, :, 1]
    images: PointArray = np.einsum("b,nby,nbx->nyx", heights, rows, columns, optimize=True)
    return images.reshape(len(images), image_size**2)
