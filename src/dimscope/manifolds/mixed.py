"""Unions of pieces, of one dimension or of several, and a set with noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float64
from numpy.typing import ArrayLike

from dimscope._deprecated import renamed_parameters
from dimscope._rng import Rng, seed_of
from dimscope.errors import InputError
from dimscope.manifolds.curved import sphere
from dimscope.manifolds.flat import ball, cube, gaussian
from dimscope.manifolds.manifold import (
    Coordinates,
    Manifold,
    PointArray,
    affine_image,
    at_least,
    positive,
    random_frame,
)


def union(name: str, pieces: Sequence[Manifold], shares: ArrayLike | None = None) -> Manifold:
    """Points of several sets of one ambient space, each point from one of them at random.

    The first coordinate of a point is the number of its piece, the next are its coordinates there;
    zeros fill the rest.

    Parameters
    ----------
    name
        What the union is called.
    pieces
        The sets, without noise: add it to the union.
    shares
        Probability of each piece; all the same by default.

    Raises
    ------
    InputError
        If there is no piece, they differ in their ambient dimension, one has noise, or the shares
        are not one probability each.
    """
    p = _checked_shares(pieces, shares)
    # only a draw shows how many coordinates a piece has
    widths = [piece.draw(np.random.default_rng(0), 1).shape[1] for piece in pieces]

    def draw(rng: np.random.Generator, n: int) -> Coordinates:
        numbers = rng.choice(len(pieces), size=n, p=p)
        coordinates = np.zeros((n, 1 + max(widths)))
        coordinates[:, 0] = numbers
        for number, (piece, width) in enumerate(zip(pieces, widths, strict=True)):
            mine = numbers == number
            coordinates[mine, 1 : 1 + width] = piece.draw(rng, int(mine.sum()))
        return coordinates

    def parts(t: Coordinates) -> Iterator[tuple[Manifold, Bool[np.ndarray, " n"], Coordinates]]:
        numbers = np.rint(t[:, 0])  # a small step of any coordinate leaves the piece the same
        for number, (piece, width) in enumerate(zip(pieces, widths, strict=True)):
            yield piece, numbers == number, t[numbers == number, 1 : 1 + width]

    def embed(t: Coordinates) -> PointArray:
        points = np.empty((len(t), pieces[0].ambient_dimension))
        for piece, mine, coordinates in parts(t):
            points[mine] = piece.embed(coordinates)
        return points

    def local_dimension(t: Coordinates) -> Float64[np.ndarray, " n"]:
        dimensions = np.empty(len(t))
        for piece, mine, coordinates in parts(t):
            dimensions[mine] = piece.dimension_at(coordinates)
        return dimensions

    dimensions = {piece.dimension for piece in pieces}
    return Manifold(
        name=name,
        dimension=dimensions.pop() if len(dimensions) == 1 else None,
        ambient_dimension=pieces[0].ambient_dimension,
        linear_dimension=None,
        description=" + ".join(piece.description for piece in pieces),
        draw=draw,
        embed=embed,
        smooth=all(piece.smooth for piece in pieces),
        local_dimension=local_dimension,
    )


def _checked_shares(
    pieces: Sequence[Manifold], shares: ArrayLike | None
) -> Float64[np.ndarray, " pieces"]:
    if not pieces:
        raise InputError("a union needs at least one piece, got none")
    ambients = [piece.ambient_dimension for piece in pieces]
    if len(set(ambients)) > 1:
        raise InputError(
            f"the pieces have ambient dimensions {ambients}: bring them to one with embed_linearly "
            "or affine_image"
        )
    if any(piece.noise > 0 for piece in pieces):
        raise InputError("a piece has noise: take the union of sets without, and add noise to it")
    p = np.full(len(pieces), 1 / len(pieces)) if shares is None else np.asarray(shares, float)
    if p.shape != (len(pieces),) or not (p >= 0).all() or abs(p.sum() - 1) > 1e-9:
        raise InputError(f"shares={p.tolist()} must be {len(pieces)} probabilities, which sum to 1")
    return p


def line_disk_ball() -> Manifold:
    """A segment, a disk and a ball in a row, each touching the next: dimensions 1, 2 and 3.

    The segment lies along z from -1 to 0, the unit disk around (0, 0, 1) in the plane of x and z,
    and the unit ball around (0, 0, 3).
    """
    x, _, z = np.eye(3)
    pieces = [
        affine_image(cube(1), z[:, None], -z),
        affine_image(ball(2), np.stack([x, z], axis=1), z),
        affine_image(ball(3), np.eye(3), 3 * z),
    ]
    return replace(
        union("line_disk_ball", pieces),
        linear_dimension=3,
        description="a segment, a disk and a ball in a row (Hino 2017)",
    )


@renamed_parameters(seed="rng")
def gaussians(
    dimensions: Sequence[int] = (1, 2, 4, 5, 9), *, distance: float = 6.0, rng: Rng = 0
) -> Manifold:
    """Standard normal points on planes of several dimensions, in random directions.

    Parameters
    ----------
    dimensions
        Of the planes, each at least 1; samples have as many features as the largest, or as there
        are planes if that is more.
    distance
        Of the centre of plane i from the origin, along axis i; positive.
    rng
        Seed of the directions.

    Raises
    ------
    InputError
        If there is no plane, a dimension is below 1, or the distance is not positive.
    """
    if not dimensions:
        raise InputError("dimensions is empty: give the dimension of each plane")
    at_least("the smallest of dimensions", min(dimensions), 1)
    positive("distance", distance)
    n_features = max(*dimensions, len(dimensions))
    seed = seed_of(rng)
    centres = distance * np.eye(n_features)
    pieces = [
        affine_image(gaussian(d), random_frame(n_features, d, seed + i), centres[i])
        for i, d in enumerate(dimensions)
    ]
    return replace(
        union("gaussians", pieces),
        linear_dimension=n_features,
        description=f"Gaussians of dimensions {tuple(dimensions)} (after Allegra et al. 2020)",
    )


def two_spheres(dimension: int = 2, *, distance: float = 100.0) -> Manifold:
    """Two unit spheres of one dimension, far from each other.

    Parameters
    ----------
    dimension
        At least 1.
    distance
        Of their centres, more than 2.

    Raises
    ------
    InputError
        If the dimension is below 1, or the spheres overlap.
    """
    if not distance > 2:
        raise InputError(f"distance={distance} must be more than 2, or the spheres overlap")
    one = sphere(dimension)
    offset = distance * np.eye(dimension + 1)[0]
    pair = union("two_spheres", [one, affine_image(one, np.eye(dimension + 1), offset)])
    return replace(
        pair, linear_dimension=dimension + 1, description="two spheres far from each other"
    )


def noisy_sphere(
    dimension: int = 2, ambient_dimension: int = 10, *, standard_deviation: float = 0.05
) -> Manifold:
    """A unit sphere with isotropic normal noise: its dimension at distances above the noise.

    Parameters
    ----------
    dimension, ambient_dimension
        As of `sphere`.
    standard_deviation
        Of the noise of each feature.

    Raises
    ------
    InputError
        If the dimension is below 1, the ambient one not above it, or the deviation negative or
        not finite.
    """
    made = sphere(dimension, ambient_dimension).with_noise(standard_deviation)
    return replace(made, name="noisy_sphere", description="a sphere with isotropic noise")
