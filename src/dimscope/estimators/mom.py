"""MOM: dimension by the method of moments, from the mean distance to k neighbours.

Amsaleg, Chelly, Furon, Girard, Houle, Kawarabayashi and Nett, "Extreme-value-theoretic estimation
of local intrinsic dimensionality", Data Mining and Knowledge Discovery 32 (2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.ratios import Neighborhoods, neighborhoods
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, LocalEstimate


@final
@dataclass(kw_only=True)
class MOM(KNeighborEstimator):
    """Dimension from the mean share u of the distances r_1 ... r_(k-1) in r_k.

    In a neighbourhood of constant density these shares have the distribution u^d on [0, 1] and the
    mean d / (d + 1). Local: d = u / (1 - u) = -m / (m - r_k), m the mean distance of a point,
    biased upwards by about d (d + 1) / ((d + 2) (k - 1)). Global: u is averaged over the points
    before it is solved for d, which leaves no such bias. Shares are at most 1, so no single point
    can dominate the estimate, as it could a mean of local dimensions.

    Weighs the far neighbours more than maximum likelihood does, so rounding and noise on the
    shortest distances disturb it less; its standard error is (d + 1) / sqrt(d (d + 2)) times as
    large. Assumes constant density over k neighbours; biased low where the manifold has edges or
    is curved on that scale. Cost: one pass over N k distances.

    Parameters
    ----------
    n_neighbors
        k, at least 2.

    Notes
    -----
    r_k is given, and has no part in the mean: codes that take the mean of all k distances
    (scikit-dimension) find (d + 1) / (k - 1) more.

    The standard error is (d + 1) sqrt(d / ((d + 2) N (k-1))), that of N (k-1) independent shares,
    times the `dependence` of points that share neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.random.default_rng(0).random((1000, 1))
    >>> round(MOM().fit(line).dimension_, 1)
    1.0
    """

    name: ClassVar[str] = "mom"
    title: ClassVar[str] = "MOM"
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
        found = self._neighborhoods(graph)
        n, k = len(found.shares), self.n_neighbors
        value = float(found.shares.sum() / (1 - found.shares).sum())
        independent = (value + 1) * math.sqrt(value / ((value + 2) * n * (k - 1)))
        stderr = dependence(self.name, k, value) * independent
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
            As `estimate`.
        """
        found = self._neighborhoods(graph)
        gaps = (1 - found.shares).sum(axis=1)
        return self._local_answer(found.local(found.shares.sum(axis=1), gaps))

    def _neighborhoods(self, graph: NeighborGraph) -> Neighborhoods:
        check_at_least("n_neighbors", self.n_neighbors, 2)
        self._check(graph)
        return neighborhoods(graph, self.n_neighbors)
