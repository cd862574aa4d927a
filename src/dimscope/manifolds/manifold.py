"""What a set of known dimension is, and functions that make one set from another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import checked_parameters
from dimscope._rng import Rng, seed_of
from dimscope.errors import InputError

Coordinates = Float64[np.ndarray, "n p"]
PointArray = Float64[np.ndarray, "n d"]
Draw = Callable[[np.random.Generator, int], Coordinates]
Embed = Callable[[Coordinates], PointArray]
Bound = float | Sequence[float]


@dataclass(frozen=True, eq=False, kw_only=True)
class Manifold:
    """A point set whose intrinsic dimension is known, and how to draw points of it.

    A random point is a row of coordinates, drawn by ``draw`` and put in its place by ``embed``. All
    dimensions are those of the set without noise.

    Parameters
    ----------
    name
        What it is called.
    dimension
        Its intrinsic dimension, not an integer for a fractal; None where it changes from point to
        point, and then `sample_local` gives it.
    ambient_dimension
        Features of a sample.
    linear_dimension
        Dimension of the smallest affine subspace that holds it; None where that is not known.
    description
        What it is and where it is from, in one line.
    draw
        Makes the coordinates of n random points, (n, n_coordinates), from a generator and n.
    embed
        Makes the points (n, ambient_dimension) from their coordinates.
    smooth
        Whether the Jacobian of ``embed`` exists and has the rank of the dimension at almost every
        point.
    local_dimension
        Makes the dimension at each point from their coordinates; None where it is ``dimension``.
    noise
        Standard deviation of the normal noise added to every feature.

    Examples
    --------
    >>> from dimscope.manifolds import sphere
    >>> round_world = sphere(dimension=2)
    >>> round_world.sample(5, rng=0).shape
    (5, 3)
    """

    name: str
    dimension: float | None
    ambient_dimension: int
    linear_dimension: int | None
    description: str
    draw: Draw
    embed: Embed
    smooth: bool = True
    local_dimension: Callable[[Coordinates], Float64[np.ndarray, " n"]] | None = None
    noise: float = 0.0

    @checked_parameters
    def sample(self, n_samples: int, rng: int | np.random.Generator) -> PointArray:
        """Draw independent points.

        Parameters
        ----------
        n_samples
            How many, at least 1.
        rng
            A seed, which always gives the same points, or a generator, which moves on. The first
            points of a larger sample are not those of a smaller one.

        Raises
        ------
        InputError
            If ``n_samples`` is below 1.
        """
        return self.sample_local(n_samples, rng)[0]

    @checked_parameters
    def sample_local(
        self, n_samples: int, rng: int | np.random.Generator
    ) -> tuple[PointArray, Float64[np.ndarray, " n"]]:
        """Draw the points that `sample` draws, with the intrinsic dimension at each.

        Raises
        ------
        InputError
            If ``n_samples`` is below 1.
        """
        at_least("n_samples", n_samples, 1)
        rng = np.random.default_rng(rng)
        coordinates = self.draw(rng, n_samples)
        points = self.embed(coordinates)
        if self.noise > 0:
            points = points + self.noise * rng.standard_normal(points.shape)
        return np.ascontiguousarray(points), self.dimension_at(coordinates)

    def dimension_at(self, coordinates: Coordinates) -> Float64[np.ndarray, " n"]:
        """The intrinsic dimension at the points of these coordinates."""
        if self.local_dimension is not None:
            return self.local_dimension(coordinates)
        return np.full(len(coordinates), self.dimension, dtype=np.float64)

    @checked_parameters
    def with_noise(self, standard_deviation: float) -> Self:
        """Return the same set with isotropic normal noise, in place of any that it had.

        At distances below the noise the points fill the ambient space.

        Raises
        ------
        InputError
            If the standard deviation is negative or not finite.
        """
        if not 0 <= standard_deviation < math.inf:
            raise InputError(f"standard_deviation={standard_deviation} must be 0 or more, finite")
        return replace(self, noise=float(standard_deviation))


def affine_image(manifold: Manifold, matrix: ArrayLike, offset: ArrayLike = 0.0) -> Manifold:
    """Map a set by x -> A x + b; its noise is added afterwards.

    Parameters
    ----------
    manifold
        What to map.
    matrix
        A, of shape (new ambient dimension, ambient dimension) and with independent columns, so
        that no dimension is lost.
    offset
        b, one number for each new feature, or one for all.

    Raises
    ------
    InputError
        If the shape of the matrix does not fit, or its columns are not independent.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    offset = np.asarray(offset, dtype=np.float64)
    n_columns = manifold.ambient_dimension
    if matrix.ndim != 2 or matrix.shape[1] != n_columns:
        raise InputError(
            f"{manifold.name} has {n_columns} features and needs a matrix of {n_columns} columns, "
            f"got shape {matrix.shape}"
        )
    if np.linalg.matrix_rank(matrix) < n_columns:
        raise InputError(
            f"the {n_columns} columns of the matrix are not independent: its image has a lower "
            "dimension"
        )
    return replace(
        manifold,
        ambient_dimension=len(matrix),
        embed=lambda coordinates: manifold.embed(coordinates) @ matrix.T + offset,
    )


@renamed_parameters(seed="rng")
def embed_linearly(manifold: Manifold, ambient_dimension: int | None, rng: Rng = 0) -> Manifold:
    """Place a set in a larger space, without any change of distance.

    Parameters
    ----------
    manifold
        What to place there.
    ambient_dimension
        Features of the larger space; None leaves the set where it is.
    rng
        Seed of the random orthonormal frame along which its features lie.

    Raises
    ------
    InputError
        If the space is smaller than the one it comes from.
    """
    if ambient_dimension in (None, manifold.ambient_dimension):
        return manifold
    at_least("ambient_dimension", ambient_dimension, manifold.ambient_dimension)
    frame = random_frame(ambient_dimension, manifold.ambient_dimension, seed_of(rng))
    return affine_image(manifold, frame)


def random_frame(n_rows: int, n_columns: int, seed: int) -> Float64[np.ndarray, "rows columns"]:
    """Orthonormal columns in a random direction."""
    rng = np.random.default_rng(seed)
    return np.linalg.qr(rng.standard_normal((n_rows, n_columns)))[0]


def uniform(n_coordinates: int, low: Bound = 0.0, high: Bound = 1.0) -> Draw:
    """Coordinates that are uniform between ``low`` and ``high``, which may differ by column."""
    return lambda rng, n: rng.uniform(low, high, (n, n_coordinates))


def normal(n_coordinates: int) -> Draw:
    """Coordinates that are independent standard normal numbers."""
    return lambda rng, n: rng.standard_normal((n, n_coordinates))


def on_sphere(z: Coordinates) -> PointArray:
    """Every row divided by its length."""
    unit: PointArray = z / np.linalg.norm(z, axis=1, keepdims=True)
    return unit


def at_least(name: str, value: float, least: float) -> None:
    """Raise an InputError unless ``value`` is ``least`` or more."""
    if not value >= least:
        raise InputError(f"{name}={value} must be at least {least}")


def positive(name: str, value: float) -> None:
    """Raise an InputError unless ``value`` is positive and finite."""
    if not 0 < value < math.inf:
        raise InputError(f"{name}={value} must be positive and finite")
