"""TwoNN by maximum likelihood: d = (N - 1) / sum ln(r_2 / r_1).

Facco, d'Errico, Rodriguez and Laio, "Estimating the intrinsic dimension of datasets by a minimal
neighborhood information", Scientific Reports 7 (2017); its error is from Denti, Doimo, Laio and
Mira, "The generalized ratios intrinsic dimension estimator", Scientific Reports 12 (2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind


@final
@dataclass(kw_only=True)
class TwoNNMLE(NeighborEstimator):
    """TwoNN by maximum likelihood, without its bias: d = (N - 1) / sum ln mu.

    The likelihood itself is largest at N / sum ln mu, which is ``Gride(n1=1)``: too high by the
    factor N / (N - 1) on average, as sum ln mu of independent ratios has a Gamma law.

    Assumes what `TwoNN` does, and fails where it does. Uses every ratio, so it is tighter than the
    linear fit and more easily pulled by a few points in sparse regions. Standard error d / sqrt(N)
    (Denti et al. 2022) times the `dependence` of points that share neighbours. Cost: one pass over
    N ratios.
    """

    name: ClassVar[str] = "two_nn_mle"
    title: ClassVar[str] = "TwoNN (ML)"
    error_kind: ClassVar[ErrorKind] = "theory"

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: 2."""
        return 2

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If the graph has fewer than 2 neighbours, or too few ratios remain.
        """
        self._check(graph)
        ratios = log_ratios(graph, 1, 2)
        n = len(ratios.values)
        value = float((n - 1) / ratios.values.sum())
        stderr = dependence("gride", 2, value) * value / math.sqrt(n)
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=ratios.scale,
            n_samples=n,
            notes=ratios.notes + bias_notes(graph, value, stderr, n, 2),
            ranks=(1, 2),
        )
