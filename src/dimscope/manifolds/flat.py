"""Pieces of a flat space: uniform, of uneven density, heavy-tailed, discrete.

``dimension`` is at least 1, and ``ambient_dimension`` the number of features of a sample:
``dimension`` by default; in more of them the set lies along a random orthonormal frame.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dimscope.manifolds.manifold import (
    Coordinates,
    Draw,
    Embed,
    Manifold,
    at_least,
    embed_linearly,
    normal,
    on_sphere,
    positive,
    uniform,
)


def cube(dimension: int = 3, ambient_dimension: int | None = None) -> Manifold:
    """Uniform in the unit cube, whose edges lower every estimate.

    Raises
    ------
    InputError
        If the dimension is below 1, or above the ambient one.
    """
    return _flat(
        "cube",
        dimension,
        ambient_dimension,
        description="uniform in a cube",
        draw=uniform(dimension),
    )


def ball(
    dimension: int = 3, ambient_dimension: int | None = None, *, concentration: float = 1.0
) -> Manifold:
    """Points at distance u^(c/d) from the origin, u uniform in [0, 1], in a uniform direction.

    The density is proportional to r^(d/c - d): uniform in the unit ball for c = 1, with a pole at
    the origin for c > 1.

    Parameters
    ----------
    dimension, ambient_dimension
        d, and the number of features.
    concentration
        c, positive.

    Raises
    ------
    InputError
        If the dimension is below 1 or above the ambient one, or the concentration not positive.
    """
    positive("concentration", concentration)

    def draw(rng: np.random.Generator, n: int) -> Coordinates:
        return np.hstack([rng.standard_normal((n, dimension)), rng.random((n, 1))])

    def embed(t: Coordinates) -> Coordinates:
        return on_sphere(t[:, :-1]) * t[:, -1:] ** (concentration / dimension)

    return _flat(
        "ball",
        dimension,
        ambient_dimension,
        description=f"in a ball, concentration {concentration:g}",
        draw=draw,
        embed=embed,
    )


def peaked_ball(dimension: int = 3, ambient_dimension: int | None = None) -> Manifold:
    """A `ball` of concentration 4: its density, r^(-3d/4), has a pole at the centre.

    Raises
    ------
    InputError
        If the dimension is below 1, or above the ambient one.
    """
    return replace(ball(dimension, ambient_dimension, concentration=4.0), name="peaked_ball")


def gaussian(dimension: int = 3, ambient_dimension: int | None = None) -> Manifold:
    """Independent standard normal coordinates.

    Raises
    ------
    InputError
        If the dimension is below 1, or above the ambient one.
    """
    return _flat(
        "gaussian",
        dimension,
        ambient_dimension,
        description="isotropic Gaussian",
        draw=normal(dimension),
    )


def student_t(
    dimension: int = 3, ambient_dimension: int | None = None, *, degrees_of_freedom: float = 3.0
) -> Manifold:
    """Multivariate Student t: z / sqrt(w / nu), z standard normal and w chi-squared of nu.

    The density falls as r^-(nu + d): outliers are far from everything.

    Parameters
    ----------
    dimension, ambient_dimension
        d, and the number of features.
    degrees_of_freedom
        nu, positive; moments of order nu and more do not exist.

    Raises
    ------
    InputError
        If the dimension is below 1 or above the ambient one, or nu is not positive.
    """
    positive("degrees_of_freedom", degrees_of_freedom)

    def draw(rng: np.random.Generator, n: int) -> Coordinates:
        mixing = rng.chisquare(degrees_of_freedom, (n, 1)) / degrees_of_freedom
        return rng.standard_normal((n, dimension)) / np.sqrt(mixing)

    return _flat(
        "student_t",
        dimension,
        ambient_dimension,
        description=f"Student t on a plane, {degrees_of_freedom:g} degrees of freedom",
        draw=draw,
    )


def log_normal(
    dimension: int = 3, ambient_dimension: int | None = None, *, spread: float = 1.0
) -> Manifold:
    """Independent coordinates exp(s z), z standard normal: a long tail along every axis.

    Parameters
    ----------
    dimension, ambient_dimension
        Of the plane, and the number of features.
    spread
        s, positive.

    Raises
    ------
    InputError
        If the dimension is below 1 or above the ambient one, or the spread is not positive.
    """
    positive("spread", spread)
    return _flat(
        "log_normal",
        dimension,
        ambient_dimension,
        description=f"log-normal on a plane, spread {spread:g}",
        draw=normal(dimension),
        embed=lambda t: np.exp(spread * t),
    )


def lattice(dimension: int = 2, *, size: int = 30) -> Manifold:
    """Uniform on the integer points 0 ... m - 1 of each axis; points coincide and distances tie.

    For estimators of discrete spaces, such as I3D.

    Parameters
    ----------
    dimension
        At least 1.
    size
        m, at least 2.

    Raises
    ------
    InputError
        If the dimension is below 1, or the size below 2.
    """
    at_least("size", size, 2)

    def draw(rng: np.random.Generator, n: int) -> Coordinates:
        return rng.integers(size, size=(n, dimension)).astype(np.float64)

    made = _flat(
        "lattice",
        dimension,
        None,
        description=f"integer points, {size} along each axis (Macocco et al. 2023)",
        draw=draw,
    )
    return replace(made, smooth=False)


def _flat(  # noqa: PLR0913 - the parts of a set
    name: str,
    dimension: int,
    ambient_dimension: int | None,
    *,
    description: str,
    draw: Draw,
    embed: Embed = lambda t: t,
) -> Manifold:
    at_least("dimension", dimension, 1)
    made = Manifold(
        name=name,
        dimension=dimension,
        ambient_dimension=dimension,
        linear_dimension=dimension,
        description=description,
        draw=draw,
        embed=embed,
    )
    return embed_linearly(made, ambient_dimension)
