"""Levina-Bickel: maximum likelihood from the distances to k neighbours.

Levina and Bickel, "Maximum likelihood estimation of intrinsic dimension", NIPS 17 (2004); the
global average is MacKay and Ghahramani's comment on it (2005).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.ratios import Neighborhoods, neighborhoods
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, LocalEstimate


@final
@dataclass(kw_only=True)
class LevinaBickel(KNeighborEstimator):
    """Maximum likelihood from the distances r_1 < ... < r_k of each point.

    Global: the inverses (1/(k-1)) sum_{j<k} ln(r_k / r_j) are averaged over the points, and the
    average inverted. Local: each point has (k-2) / sum_{j<k} ln(r_k / r_j), which is unbiased for
    one point. The two forms have their own divisors and are never mixed.

    Assumes constant density over k neighbours; biased low where the manifold has edges or is
    curved on that scale. Cost: N k logarithms.

    Parameters
    ----------
    n_neighbors
        k, at least 2 (3 for local estimates).

    Notes
    -----
    The standard error is d / sqrt(N (k-1)), that of N (k-1) independent log ratios, times
    the `dependence` of points that share neighbours.
    """

    name: ClassVar[str] = "levina_bickel"
    title: ClassVar[str] = "Levina–Bickel"
    error_kind: ClassVar[ErrorKind] = "theory"
    n_neighbors: int = 20

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``, over all of them.

        Raises
        ------
        InputError
            If k is below 2, the graph has fewer neighbours, or all distances of every point are
            equal.
        """
        found = self._neighborhoods(graph, least=2)
        n, k = len(found.shares), self.n_neighbors
        value = float((k - 1) / _log_sums(found).mean())
        stderr = dependence(self.name, k, value) * value / math.sqrt(n * (k - 1))
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=found.scale,
            n_samples=n,
            notes=found.notes + bias_notes(graph, value, stderr, n, k),
            ranks=(1, k),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """A dimension for every point of ``graph``; nan where all its distances are equal.

        Raises
        ------
        InputError
            If k is below 3, the graph has fewer neighbours, or all distances of every point are
            equal.
        """
        found = self._neighborhoods(graph, least=3)
        return self._local_answer(found.local(self.n_neighbors - 2, _log_sums(found)))

    def _neighborhoods(self, graph: NeighborGraph, *, least: int) -> Neighborhoods:
        check_at_least("n_neighbors", self.n_neighbors, least)
        self._check(graph)
        return neighborhoods(graph, self.n_neighbors)


def _log_sums(found: Neighborhoods) -> Float64[np.ndarray, " n"]:
    """sum_{j<k} ln(r_k / r_j) of each point."""
    return np.asarray(-np.log(found.shares).sum(axis=1))
