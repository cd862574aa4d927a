"""ESS: dimension from the expected skewness of simplices among the neighbours of a point.

Johnsson, Soneson and Fontes, "Low bias local intrinsic dimension estimation from expected simplex
skewness", IEEE Transactions on Pattern Analysis and Machine Intelligence 37 (2015).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from dimscope.estimators._shared.neighborhoods import (
    NeighborhoodEstimator,
    PerPoint,
    centred_products,
)
from dimscope.measurement import Products


@final
@dataclass(kw_only=True)
class ESS(NeighborhoodEstimator):
    """Areas spanned by pairs of neighbours, compared with those of random directions of R^d.

    With v_j the vectors from the mean of the k neighbours, the skewness of a neighbourhood is
    sum |v_j x v_l| / sum |v_j| |v_l| over all pairs, the mean of |sin| weighted by the lengths
    (the paper's form "a" with simplices of one edge beside the centre, d = 1). For random
    directions of R^n its expectation is G(n/2)^2 / (G((n+1)/2) G((n-1)/2)), G the gamma function:
    0, 2/pi, pi/4, ... for n = 1, 2, 3, ...; between integers it is interpolated. The dimension at a
    point is that of its skewness, the dimension of the whole that of the mean skewness.

    Needs only that directions from the mean are isotropic, which they are at edges too, nearly:
    its bias stays low up to dimensions near k, where it falls short. Noise and curvature on the
    scale of the neighbours raise it. Cost: N k^2 D products, N k^2 square roots.

    Parameters
    ----------
    n_neighbors
        k, at least 3.

    Notes
    -----
    The standard error comes from disjoint blocks, because neighbourhoods overlap. The scatter is
    1.3 times what their spread says at 5 neighbours and 3 times at 50. Weighting by shared points
    (`overlap_stderr`) gives 0.5 to 4 times the scatter, depending on the set.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(2000, 2)) @ rng.normal(size=(2, 5))
    >>> round(ESS().fit(plane).dimension_, 1)
    2.0
    """

    name: ClassVar[str] = "ess"
    title: ClassVar[str] = "ESS"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.5, 1.5)
    least_neighbors: ClassVar[int] = 3
    n_neighbors: int = 50

    def numbers_of(self, products: Products, n_features: int) -> PerPoint:  # noqa: ARG002
        """The skewness of each neighbourhood, nan where all neighbours are at one place."""
        centred = centred_products(products)
        squares = np.maximum(np.einsum("njj->nj", centred), 0.0)
        areas = squares[:, :, None] * squares[:, None, :] - np.square(centred)
        total = np.sqrt(np.maximum(areas, 0.0)).sum(axis=(1, 2))
        lengths = np.sqrt(squares)
        pairs = np.square(lengths.sum(axis=1)) - squares.sum(axis=1)
        skewness = np.full(len(products), np.nan)
        np.divide(total, pairs, out=skewness, where=pairs > 0)
        return skewness

    def _dimensions(self, numbers: PerPoint) -> PerPoint:
        expected = expected_skewness(self.n_neighbors**2)
        return np.asarray(np.interp(numbers, expected, np.arange(1.0, len(expected) + 1)))


@cache
def expected_skewness(n_dimensions: int) -> Float64[np.ndarray, " n"]:
    """The mean |sin| of the angle of two random directions of R^1, R^2, ..., in this order.

    By f(n + 2) = f(n) n^2 / (n^2 - 1), from f(2) = 2/pi and f(3) = pi/4.
    """
    growth = [1.0, 1.0, *(n**2 / (n**2 - 1) for n in range(2, n_dimensions - 1))]
    mean_sine = np.zeros(n_dimensions)
    mean_sine[1::2] = 2 / math.pi * np.cumprod(growth[0 : n_dimensions - 1 : 2])
    mean_sine[2::2] = math.pi / 4 * np.cumprod(growth[1 : n_dimensions - 1 : 2])
    return mean_sine
