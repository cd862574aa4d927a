"""Self-similar sets, whose dimension is no integer.

Take the union of m copies of a set, shrunk by the factor r and disjoint but for their borders. A
set that equals this union has the dimension ln m / ln(1 / r), by box counting and, for the measure
that gives every copy the same share, by correlation too (Hutchinson 1981). A point is drawn as an
address: in which copy it is, in which copy of that copy, and so on until the copies are smaller
than rounding.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from jaxtyping import Float64
from numpy.typing import ArrayLike

from dimscope.manifolds.manifold import Coordinates, Manifold, PointArray, at_least


def cantor_dust(ambient_dimension: int = 2) -> Manifold:
    """A product of middle-third Cantor sets; the dimension is D ln 2 / ln 3.

    Parameters
    ----------
    ambient_dimension
        D, at least 1.

    Raises
    ------
    InputError
        If it is below 1.
    """
    at_least("ambient_dimension", ambient_dimension, 1)
    corners = [np.multiply(corner, 2 / 3) for corner in product((0, 1), repeat=ambient_dimension)]
    return _self_similar("cantor_dust", 1 / 3, corners)


def sierpinski(ambient_dimension: int = 2) -> Manifold:
    """The Sierpinski triangle, tetrahedron, ...; the dimension is ln(D + 1) / ln 2.

    Its corners are the origin and the unit vectors.

    Parameters
    ----------
    ambient_dimension
        D, at least 2.

    Raises
    ------
    InputError
        If it is below 2.
    """
    at_least("ambient_dimension", ambient_dimension, 2)
    corners = np.vstack([np.zeros(ambient_dimension), np.eye(ambient_dimension)])
    return _self_similar("sierpinski", 1 / 2, corners / 2)


def menger(ambient_dimension: int = 3) -> Manifold:
    """The Sierpinski carpet (D = 2), the Menger sponge (D = 3), ...

    Of the 3^D thirds of a cube those stay that are in the middle along one axis at most:
    2^D + D 2^(D - 1), which is 8 for the carpet and 20 for the sponge.

    Parameters
    ----------
    ambient_dimension
        D, at least 2.

    Raises
    ------
    InputError
        If it is below 2.
    """
    at_least("ambient_dimension", ambient_dimension, 2)
    thirds = product((0, 1, 2), repeat=ambient_dimension)
    kept = [np.divide(third, 3) for third in thirds if third.count(1) <= 1]
    return _self_similar("menger", 1 / 3, kept)


def koch() -> Manifold:
    """The Koch curve between (0, 0) and (1, 0); the dimension is ln 4 / ln 3."""
    height = math.sqrt(3) / 6
    starts = [(0, 0), (1 / 3, 0), (1 / 2, height), (2 / 3, 0)]
    turns = [_turn(angle) for angle in (0, math.pi / 3, -math.pi / 3, 0)]
    return _self_similar("koch", 1 / 3, starts, turns)


def _turn(angle: float) -> Float64[np.ndarray, "2 2"]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def _self_similar(
    name: str, ratio: float, shifts: ArrayLike, turns: ArrayLike | None = None
) -> Manifold:
    """The set made of its images under x -> ratio turns[i] x + shifts[i]."""
    offsets = np.asarray(shifts, dtype=np.float64)
    n_copies, ambient_dimension = offsets.shape
    unturned = np.repeat(np.eye(ambient_dimension)[None], n_copies, axis=0)
    maps = ratio * np.asarray(unturned if turns is None else turns)
    n_levels = math.ceil(np.finfo(np.float64).nmant * math.log(2) / math.log(1 / ratio))

    def draw(rng: np.random.Generator, n: int) -> Coordinates:
        return rng.integers(n_copies, size=(n, n_levels)).astype(np.float64)

    def embed(address: Coordinates) -> PointArray:
        x = np.zeros((len(address), ambient_dimension))
        for copy in address.T[::-1].astype(int):
            x = np.einsum("nij,nj->ni", maps[copy], x) + offsets[copy]
        return x

    return Manifold(
        name=name,
        dimension=math.log(n_copies) / math.log(1 / ratio),
        ambient_dimension=ambient_dimension,
        linear_dimension=ambient_dimension,
        description=f"{n_copies} copies of itself at {ratio:.3g} of its size (Hutchinson 1981)",
        draw=draw,
        embed=embed,
        smooth=False,
    )
