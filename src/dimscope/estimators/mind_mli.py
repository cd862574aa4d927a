"""MiND-MLi: the most likely integer from the ratio of the nearest to a far neighbour's distance.

Rozza, Lombardi, Ceruti, Casiraghi and Campadelli, "Novel high intrinsic dimensionality
estimators", Machine Learning 89 (2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.likelihood import log_likelihood, maximum_likelihood
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate


@final
@dataclass(kw_only=True)
class MiNDMLi(KNeighborEstimator):
    """MiND_MLi: the most likely integer dimension, given rho = r_1 / r_(k+1) of each point.

    The likelihood and what it is bad at are those of `MiNDMLk`. As its logarithm is concave, the
    integer is one of the two next to its maximum, and at least 1: no largest dimension bounds the
    search. Its standard error is that of disjoint blocks. Cost: as `MiNDMLk`.

    Parameters
    ----------
    n_neighbors
        k + 1, at least 2.

    Examples
    --------
    >>> import numpy as np
    >>> plane = np.random.default_rng(0).random((1000, 2))
    >>> MiNDMLi().fit(plane).dimension_
    2.0
    """

    name: ClassVar[str] = "mind_mli"
    title: ClassVar[str] = "MiND-MLi"
    n_neighbors: int = 11

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            As `MiNDMLk.estimate`.
        """
        check_at_least("n_neighbors", self.n_neighbors, 2)
        self._check(graph)
        k = self.n_neighbors
        ratios = log_ratios(graph, 1, k)
        top, _ = maximum_likelihood(ratios.values, 1, k)
        below = max(1.0, top // 1)
        value = max(below, below + 1, key=lambda d: log_likelihood(ratios.values, 1, k, d))
        return self._answer(
            graph,
            value=value,
            stderr=None,
            scale=ratios.scale,
            n_samples=len(ratios.values),
            notes=ratios.notes,
            ranks=(1, k),
        )
