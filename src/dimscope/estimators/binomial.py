"""Binomial counts: dimension from how many of a point's neighbours lie well inside the farthest.

The continuous form of Macocco, Glielmo, Grilli and Laio, "Intrinsic dimension estimation for
discrete metrics", Physical Review Letters 130 (2023), which is I3D on lattices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.checks import check_at_least, check_open_interval
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.notes import graph_notes
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, LocalEstimate


@final
@dataclass(kw_only=True)
class Binomial(KNeighborEstimator):
    """Dimension from the share of neighbours within the ratio q of the distance to the k-th.

    Of the k - 1 nearer neighbours, n lie within q r_k. At constant density n is binomial with
    probability q^d, so that d = ln p / ln q, with p the share over all points. A share does not
    depend on the exact values of the smallest distances, which noise and rounding change most; it
    uses less of the distances than Levina-Bickel and scatters more. Assumes constant density over k
    neighbours, is biased low at edges, and sees nothing where q^d leaves no neighbour inside. Most
    precise where q^d is about 0.2. Cost: N k comparisons.

    Local: ln(n / (k-1)) / ln q of each point alone, biased upwards by about
    (1 - p) / (2 p (k-1) |ln q|) and never above ln(k-1) / |ln q|, which is 13 by default; points
    that have all or none of the neighbours inside have no value.

    Parameters
    ----------
    n_neighbors
        k, at least 2.
    ratio
        q, between 0 and 1.

    Notes
    -----
    The standard error is sqrt((1 - p) / (p N (k-1))) / |ln q|, that of N (k-1) independent trials,
    times the `dependence` of points that share neighbours.
    """

    name: ClassVar[str] = "binomial"
    title: ClassVar[str] = "Binomial"
    error_kind: ClassVar[ErrorKind] = "theory"
    n_neighbors: int = 20
    ratio: float = 0.8

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If k is below 2, ``ratio`` is outside (0, 1), the graph has fewer neighbours, or none
            or all of them lie inside.
        """
        radii, inside = self._inside(graph)
        n, k = int((radii > 0).sum()), self.n_neighbors
        value, independent = dimension_of_share(int(inside.sum()), n * (k - 1), self.ratio)
        stderr = dependence(self.name, k, value) * independent
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=float(radii[radii > 0].mean()),
            n_samples=n,
            notes=graph_notes(graph) + bias_notes(graph, value, stderr, n, k),
            ranks=(1, k),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """A dimension for every point of ``graph``; nan where none or all neighbours lie inside.

        Raises
        ------
        InputError
            If k is below 2, ``ratio`` is outside (0, 1), or the graph has fewer neighbours.
        """
        _, inside = self._inside(graph)
        shares = inside / (self.n_neighbors - 1)
        known = (shares > 0) & (shares < 1)
        values = np.full(len(shares), np.nan)
        values[known] = np.log(shares[known]) / math.log(self.ratio)
        return self._local_answer(values)

    def _inside(
        self, graph: NeighborGraph
    ) -> tuple[Float64[np.ndarray, " n_samples"], Int64[np.ndarray, " n_samples"]]:
        """r_k of each point, and its neighbours within the ratio of that; none where r_k is 0."""
        k = self.n_neighbors
        check_at_least("n_neighbors", k, 2)
        check_open_interval("ratio", self.ratio, 0, 1)
        self._check(graph)
        radii = graph.distances[:, k - 1]
        inside = graph.distances[:, : k - 1] <= self.ratio * radii[:, None]
        return radii, np.where(radii > 0, inside.sum(axis=1), 0)


def dimension_of_share(inside: int, n_trials: int, ratio: float) -> tuple[float, float]:
    """Return the dimension at which this share of points lies inside, and its standard error.

    ``inside`` of the ``n_trials`` points in balls lie within ``ratio`` times the radius. The error
    is that of independent trials.

    Raises
    ------
    InputError
        If none or all of them lie inside.
    """
    if inside in (0, n_trials):
        raise InputError(
            f"{inside} of {n_trials} neighbours lie within {ratio:.3g} times the distance of the "
            "farthest: there is no dimension to see at this scale; use another ratio or more "
            "neighbours"
        )
    share, log_ratio = inside / n_trials, math.log(ratio)
    return math.log(share) / log_ratio, math.sqrt((1 - share) / (share * n_trials)) / -log_ratio
