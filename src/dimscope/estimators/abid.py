"""ABID: dimension from the angles between the neighbours of a point.

Thordsen and Schubert, "ABID: angle based intrinsic dimensionality - theory and analysis",
Information Systems 108 (2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from dimscope.estimators._shared.neighborhoods import (
    NeighborhoodEstimator,
    PerPoint,
    inverses,
)
from dimscope.measurement import Products


@final
@dataclass(kw_only=True)
class ABID(NeighborhoodEstimator):
    """1 / mean of cos^2 over the angles at which a point sees pairs of its k neighbours.

    Two random directions of R^d have E cos^2 = 1/d, whatever the distances; the mean is over all
    pairs of different neighbours of a point, and for the dimension of the whole over all points
    too. The paper's form counts each neighbour as a pair with itself too, which adds (1 - 1/d) / k
    to the mean, and its "raw" form divides the same sum by k^2 in place of k (k - 1).

    Assumes that the directions of the k neighbours are isotropic, and nothing about their
    distances. Edges and slopes of the density, where directions are missing, lower it: in many
    dimensions nearly every point is at an edge, and 2,000 points of a Gaussian in 20 dimensions
    give 6. Noise and curvature on the scale of the neighbours raise it. Cost: N k^2 D products.

    Parameters
    ----------
    n_neighbors
        k, at least 3.

    Notes
    -----
    The standard error comes from disjoint blocks, because neighbourhoods overlap. The scatter is
    1.3 times what their spread says at 5 neighbours and 3 times at 50. Weighting by shared points
    (`overlap_stderr`) gives 0.5 to 5 times the scatter, depending on the set.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(2000, 2)) @ rng.normal(size=(2, 5))
    >>> round(ABID().fit(plane).dimension_, 1)
    2.0
    """

    name: ClassVar[str] = "abid"
    title: ClassVar[str] = "ABID"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.7, 2.2)
    least_neighbors: ClassVar[int] = 3
    n_neighbors: int = 50

    def numbers_of(self, products: Products, n_features: int) -> PerPoint:  # noqa: ARG002
        """The mean cos^2 of the angles between neighbours, nan where there are none."""
        norms = np.einsum("njj->nj", products)
        apart = norms > 0
        inverse = np.zeros_like(norms)
        np.divide(1, norms, out=inverse, where=apart)
        squares = np.einsum("nj,njl,nl->n", inverse, np.square(products), inverse)
        n_apart = apart.sum(axis=1)
        mean = np.full(len(products), np.nan)
        np.divide(squares - n_apart, n_apart * (n_apart - 1), out=mean, where=n_apart > 1)
        return mean

    def _dimensions(self, numbers: PerPoint) -> PerPoint:
        return inverses(numbers)
