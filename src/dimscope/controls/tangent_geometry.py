"""What the derivatives of a layer at one point say: stretches, and how the image bends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

_ROWS = 2048  # features at a time: a block with its factor stays in the cache
_ROUNDINGS = 10.0  # a singular value counts above this many times what rounding has added
_EPSILONS = 4.0  # and above this many times the relative rounding of the network's numbers


class Directions(NamedTuple):
    """The directions along which a point is looked at.

    Attributes
    ----------
    mixture
        Weights of a mixture of all coordinates. A derivative is linear, so that the one along the
        mixture differs from the mixture of the others by rounding alone.
    bends
        Unit directions along which second derivatives are taken; there may be none.
    """

    mixture: Float[Tensor, " dimension"]
    bends: Float[Tensor, "n_bends dimension"]

    @classmethod
    def drawn(cls, dimension: int, n_bends: int, rng: np.random.Generator) -> Directions:
        """Draw a mixture in which no coordinate is missing, and unit directions."""
        mixture = rng.uniform(0.5, 1.0, dimension) / dimension**0.5
        bends = rng.standard_normal((n_bends, dimension))
        bends /= np.linalg.norm(bends, axis=1, keepdims=True)
        return cls(torch.from_numpy(mixture), torch.from_numpy(bends))

    @property
    def first(self) -> Tensor:
        """The directions of first derivatives: the mixture, then each coordinate."""
        return torch.cat([self.mixture[None], torch.eye(len(self.mixture)).double()])


class Geometry(NamedTuple):
    """The geometry of a layer's image of a family at one point.

    Attributes
    ----------
    values
        Singular values of the derivative, one for each coordinate, the largest first; where there
        are fewer features, the rest are 0. All are nan if a derivative is not finite.
    threshold
        The share of the largest that others must exceed to count as not zero.
    curvature
        For each bend the normal curvature along it: the length of the second derivative normal to
        the image, over the square of that of the first.
    turning
        For each bend the angle by which the image turns, per unit of the coordinates: the same
        length over that of the first derivative.
    """

    values: Float[np.ndarray, " dimension"]
    threshold: float
    curvature: Float[np.ndarray, " n_bends"]
    turning: Float[np.ndarray, " n_bends"]

    @classmethod
    def of(
        cls,
        first: Sequence[Float[Tensor, "_ n_features"]],
        second: Sequence[Float[Tensor, "_ n_features"]],
        directions: Directions,
        eps: float,
    ) -> Geometry:
        """Find the geometry.

        Parameters
        ----------
        first
            Derivatives along `Directions.first`, some in each tensor.
        second
            Second derivatives along the bends.
        directions
            The directions.
        eps
            The relative rounding of the network's numbers.

        Examples
        --------
        >>> directions = Directions.drawn(2, 0, np.random.default_rng(0))
        >>> columns = directions.first @ torch.tensor([[3.0, 0.0], [0.0, 4.0]]).double()
        >>> Geometry.of([columns], [], directions, 1e-16).values
        array([4., 3.])
        """
        factor = compressed([*first, *second])
        dimension, n_bends = len(directions.mixture), len(directions.bends)
        if not bool(factor.isfinite().all()):
            unknown = np.full(max(dimension, n_bends), np.nan)
            return cls(unknown[:dimension], np.nan, unknown[:n_bends], unknown[:n_bends])
        mixed, tangents = factor[:, 0], factor[:, 1 : dimension + 1]
        basis, values, _ = torch.linalg.svd(tangents, full_matrices=False)
        largest = float(values[0])
        noise = float((mixed - tangents @ directions.mixture).norm()) / largest if largest else 0.0
        threshold = max(_ROUNDINGS * noise, _EPSILONS * eps)
        basis = basis[:, values > threshold * largest]
        accelerations = factor[:, dimension + 1 :]
        normal = (accelerations - basis @ (basis.T @ accelerations)).norm(dim=0)
        speeds = (tangents @ directions.bends.T).norm(dim=0)
        known = torch.where(speeds > threshold * largest, speeds, torch.nan)
        return cls(
            np.pad(values.numpy(), (0, dimension - len(values))),
            threshold,
            (normal / known**2).numpy(),
            (normal / known).numpy(),
        )


def compressed(columns: Sequence[Float[Tensor, "_ n_features"]]) -> Float[Tensor, "_ n_columns"]:
    """Few rows with the lengths of the columns and the angles between them, in float64.

    They are the factor R of a QR decomposition, block by block of features. Products of columns,
    whose rounding hides what is small, are never made.
    """
    n_columns, n_features = sum(map(len, columns)), columns[0].shape[1]
    factor = torch.zeros(0, n_columns, dtype=torch.float64)
    for start in range(0, n_features, _ROWS):
        rows = [part[:, start : start + _ROWS].cpu().double() for part in columns]
        factor = torch.linalg.qr(torch.cat([factor, torch.cat(rows).T]), mode="r")[1]
    return factor
