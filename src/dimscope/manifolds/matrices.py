"""Sets of matrices: projective spaces, rank one, orthonormal frames, rotations."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64

from dimscope.manifolds.manifold import (
    Coordinates,
    Manifold,
    PointArray,
    at_least,
    normal,
    on_sphere,
)


def veronese(dimension: int = 2) -> Manifold:
    """The projective space of lines through the origin: v v^T for v uniform on a sphere.

    The entries above the diagonal are multiplied by sqrt(2), so that distances are those of
    matrices; the trace is 1, so that one linear dimension is lost.

    Parameters
    ----------
    dimension
        d, at least 1; samples have (d + 1)(d + 2) / 2 features.

    Raises
    ------
    InputError
        If the dimension is below 1.
    """
    at_least("dimension", dimension, 1)
    rows, columns = np.triu_indices(dimension + 1)
    weights = np.where(rows == columns, 1.0, math.sqrt(2))

    def embed(t: Coordinates) -> PointArray:
        v = on_sphere(t)
        entries: PointArray = weights * v[:, rows] * v[:, columns]
        return entries

    return Manifold(
        name="veronese",
        dimension=dimension,
        ambient_dimension=len(rows),
        linear_dimension=len(rows) - 1,
        description="projections onto random lines (Veronese embedding)",
        draw=normal(dimension + 1),
        embed=embed,
    )


def segre(first: int = 1, second: int = 2) -> Manifold:
    """Matrices u v^T of rank one, u and v uniform on spheres.

    Parameters
    ----------
    first, second
        Dimensions of the two spheres, at least 1; their sum is the dimension, and samples have
        (first + 1)(second + 1) features.

    Raises
    ------
    InputError
        If a dimension is below 1.
    """
    at_least("first", first, 1)
    at_least("second", second, 1)
    n_features = (first + 1) * (second + 1)

    def embed(t: Coordinates) -> PointArray:
        u, v = on_sphere(t[:, : first + 1]), on_sphere(t[:, first + 1 :])
        products: PointArray = u[:, :, None] * v[:, None, :]
        return products.reshape(len(t), n_features)

    return Manifold(
        name="segre",
        dimension=first + second,
        ambient_dimension=n_features,
        linear_dimension=n_features,
        description="matrices of rank one (Segre embedding)",
        draw=normal(first + second + 2),
        embed=embed,
    )


def stiefel(n_rows: int = 4, n_columns: int = 2) -> Manifold:
    """Matrices of n rows and k orthonormal columns, uniform: Q of a normal matrix's Q R.

    The diagonal of R is made positive, without which Q is not uniform (Mezzadri 2007). The
    dimension is n k - k (k + 1) / 2.

    Parameters
    ----------
    n_rows, n_columns
        n and k, with 1 <= k < n; samples have n k features.

    Raises
    ------
    InputError
        If k is below 1, or n not above it.
    """
    at_least("n_columns", n_columns, 1)
    at_least("n_rows", n_rows, n_columns + 1)
    return Manifold(
        name="stiefel",
        dimension=n_rows * n_columns - n_columns * (n_columns + 1) // 2,
        ambient_dimension=n_rows * n_columns,
        linear_dimension=n_rows * n_columns,
        description=f"{n_columns} orthonormal vectors of {n_rows} features (Mezzadri 2007)",
        draw=normal(n_rows * n_columns),
        embed=lambda t: _orthonormal(t, n_rows, n_columns).reshape(len(t), n_rows * n_columns),
    )


def rotations(size: int = 3) -> Manifold:
    """Rotation matrices, SO(n), uniform; the dimension is n (n - 1) / 2.

    Parameters
    ----------
    size
        n, at least 2; samples have n^2 features.

    Raises
    ------
    InputError
        If the size is below 2.
    """
    at_least("size", size, 2)

    def embed(t: Coordinates) -> PointArray:
        q = _orthonormal(t, size, size)
        q[:, :, -1] *= np.linalg.det(q)[:, None]
        return q.reshape(len(t), size**2)

    return Manifold(
        name="rotations",
        dimension=size * (size - 1) // 2,
        ambient_dimension=size**2,
        # the four entries of a plane rotation lie in a plane
        linear_dimension=2 if size == 2 else size**2,
        description=f"rotations of {size} axes (Mezzadri 2007)",
        draw=normal(size**2),
        embed=embed,
    )


def _orthonormal(
    z: Coordinates, n_rows: int, n_columns: int
) -> Float64[np.ndarray, "n rows columns"]:
    q, r = np.linalg.qr(z.reshape(len(z), n_rows, n_columns))
    q *= np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]
    return q
