"""Spheres, tori and other curved sheets."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from dimscope._deprecated import renamed_parameters
from dimscope._rng import Rng
from dimscope.errors import InputError
from dimscope.manifolds.manifold import (
    Coordinates,
    Manifold,
    PointArray,
    at_least,
    embed_linearly,
    normal,
    on_sphere,
    positive,
    uniform,
)


def sphere(dimension: int = 2, ambient_dimension: int | None = None) -> Manifold:
    """The unit sphere, uniform: z / |z|, z standard normal (Muller 1959).

    Parameters
    ----------
    dimension
        d, at least 1.
    ambient_dimension
        Features of a sample, d + 1 by default; in more of them it lies along a random frame.

    Raises
    ------
    InputError
        If the dimension is below 1, or the ambient one not above it.
    """
    at_least("dimension", dimension, 1)
    made = Manifold(
        name="sphere",
        dimension=dimension,
        ambient_dimension=dimension + 1,
        linear_dimension=dimension + 1,
        description="uniform on a sphere (Muller 1959)",
        draw=normal(dimension + 1),
        embed=on_sphere,
    )
    return embed_linearly(made, ambient_dimension)


def sphere_product(dimensions: Sequence[int] = (1, 2, 3)) -> Manifold:
    """A product of unit spheres, uniform; (1, 1, ..., 1) is a Clifford torus.

    Parameters
    ----------
    dimensions
        Of the spheres, each at least 1; their sum is the dimension.

    Raises
    ------
    InputError
        If there is no sphere, or one has a dimension below 1.
    """
    if not dimensions:
        raise InputError("dimensions is empty: give the dimension of each sphere")
    at_least("the smallest of dimensions", min(dimensions), 1)
    ends = np.cumsum([d + 1 for d in dimensions])

    def embed(t: Coordinates) -> PointArray:
        return np.hstack([on_sphere(part) for part in np.split(t, ends[:-1], axis=1)])

    return Manifold(
        name="sphere_product",
        dimension=sum(dimensions),
        ambient_dimension=int(ends[-1]),
        linear_dimension=int(ends[-1]),
        description=f"uniform on a product of spheres of dimensions {tuple(dimensions)}",
        draw=normal(int(ends[-1])),
        embed=embed,
    )


def flat_torus(dimension: int = 2) -> Manifold:
    """The cube whose opposite faces are glued: a Clifford torus of circumferences 1.

    x = (cos 2 pi t_1, sin 2 pi t_1, cos 2 pi t_2, ...) / (2 pi), t uniform in [0, 1)^d. It has
    neither edges nor intrinsic curvature nor an uneven density. Its own distances, of the
    coordinates that ``draw`` makes, are `periodic_distances`; those of the points are chords of
    its circles, shorter by less than a share (pi distance)^2 / 6.

    Parameters
    ----------
    dimension
        d, at least 1; samples have 2 d features.

    Raises
    ------
    InputError
        If the dimension is below 1.
    """
    at_least("dimension", dimension, 1)

    def embed(t: Coordinates) -> PointArray:
        angles = 2 * np.pi * t[:, :, None]
        circles = np.concatenate([np.cos(angles), np.sin(angles)], axis=2) / (2 * np.pi)
        return circles.reshape(len(t), 2 * dimension)

    return Manifold(
        name="flat_torus",
        dimension=dimension,
        ambient_dimension=2 * dimension,
        linear_dimension=2 * dimension,
        description="uniform on a product of circles of circumference 1",
        draw=uniform(dimension),
        embed=embed,
    )


def periodic_distances(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"] | None = None
) -> Float64[np.ndarray, "n m"]:
    """Geodesic distances on the flat torus of circumferences 1.

    |x - y|^2 = sum_i min_k (x_i - y_i - k)^2 over the integers k: the test bed on which
    nearest-neighbour estimators that assume a constant density have no bias of edge or curvature.

    Parameters
    ----------
    x, y
        Coordinates in units of the circumferences; ``y`` is ``x`` by default.

    Examples
    --------
    >>> periodic_distances(np.array([[0.1], [0.9]]))[0, 1].round(12)
    np.float64(0.2)
    """
    y = x if y is None else y
    squares = np.zeros((len(x), len(y)))
    for x_column, y_column in zip(x.T, y.T, strict=True):
        difference = x_column[:, None] - y_column
        squares += (difference - np.rint(difference)) ** 2
    return np.sqrt(squares)


def swiss_roll() -> Manifold:
    """The rolled sheet (t cos t, 21 v, t sin t), t uniform in [3 pi / 2, 9 pi / 2], v in [0, 1]."""
    return Manifold(
        name="swiss_roll",
        dimension=2,
        ambient_dimension=3,
        linear_dimension=3,
        description="Swiss roll (Tenenbaum, de Silva and Langford 2000)",
        draw=uniform(2, [1.5 * np.pi, 0], [4.5 * np.pi, 21]),
        embed=lambda t: np.column_stack(
            [t[:, 0] * np.cos(t[:, 0]), t[:, 1], t[:, 0] * np.sin(t[:, 0])]
        ),
    )


@renamed_parameters(seed="rng")
def random_waves(
    dimension: int = 3, ambient_dimension: int = 20, *, length_scale: float = 0.5, rng: Rng = 0
) -> Manifold:
    """A random smooth image of the unit cube: random Fourier features of its points.

    x_j = sqrt(2 / D) cos(w_j t + b_j), w_j normal of deviation 1 / l and b_j uniform in
    [0, 2 pi]. For large D the squared distance of two points approaches
    2 - 2 exp(-|t - t'|^2 / (2 l^2)).

    Parameters
    ----------
    dimension
        d, of the cube, at least 1.
    ambient_dimension
        D, more than 2 d: a generic image of so many features does not cross itself.
    length_scale
        l, positive: the smaller it is, the more curved is the image.
    rng
        Seed of the waves, which are the same for every sample.

    Raises
    ------
    InputError
        If the dimension is below 1, the ambient one not above twice it, or the length scale not
        positive.
    """
    at_least("dimension", dimension, 1)
    at_least("ambient_dimension", ambient_dimension, 2 * dimension + 1)
    positive("length_scale", length_scale)
    waves_rng = np.random.default_rng(rng)
    waves = waves_rng.standard_normal((dimension, ambient_dimension)) / length_scale
    phases = waves_rng.uniform(0, 2 * np.pi, ambient_dimension)
    return Manifold(
        name="random_waves",
        dimension=dimension,
        ambient_dimension=ambient_dimension,
        linear_dimension=ambient_dimension,
        description="random Fourier features of a cube (Rahimi and Recht 2007)",
        draw=uniform(dimension),
        embed=lambda t: math.sqrt(2 / ambient_dimension) * np.cos(t @ waves + phases),
    )
