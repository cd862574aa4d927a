"""MiND-MLk: maximum likelihood from the ratio of the nearest to a far neighbour's distance.

Rozza, Lombardi, Ceruti, Casiraghi and Campadelli, "Novel high intrinsic dimensionality
estimators", Machine Learning 89 (2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.likelihood import maximum_likelihood
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind


@final
@dataclass(kw_only=True)
class MiNDMLk(KNeighborEstimator):
    """MiND_MLk: the most likely dimension, given rho = r_1 / r_(k+1) of each point.

    At constant density rho has density k d rho^(d-1) (1 - rho^d)^(k-1). It is the likelihood of
    `Gride` at the ranks 1 and k + 1, with one maximum: no largest dimension bounds the search.
    k = 1 is TwoNN by maximum likelihood.

    Made for high dimensions at small N, but assumes constant density over k + 1 neighbours and is
    biased low there, as all that do. r_1 makes it sensitive to noise. Cost: a root of a sum over N
    ratios.

    Parameters
    ----------
    n_neighbors
        k + 1, at least 2.

    Notes
    -----
    The standard error is that of the likelihood, from its observed information, times the
    `dependence` of points that share neighbours. scikit-dimension never answers more than its
    ``D``, 10 by default.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.random.default_rng(0).random((1000, 1))
    >>> round(MiNDMLk().fit(line).dimension_, 1)
    1.0
    """

    name: ClassVar[str] = "mind_mlk"
    title: ClassVar[str] = "MiND-MLk"
    error_kind: ClassVar[ErrorKind] = "theory"
    n_neighbors: int = 11

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If k is below 1, the graph has fewer than k + 1 neighbours, or too few ratios remain.
        """
        check_at_least("n_neighbors", self.n_neighbors, 2)
        self._check(graph)
        k = self.n_neighbors
        ratios = log_ratios(graph, 1, k)
        n = len(ratios.values)
        value, independent = maximum_likelihood(ratios.values, 1, k)
        stderr = independent * dependence(self.name, k, value)
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=ratios.scale,
            n_samples=n,
            notes=ratios.notes + bias_notes(graph, value, stderr, n, k),
            ranks=(1, k),
        )
