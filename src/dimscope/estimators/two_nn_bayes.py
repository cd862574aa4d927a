"""TwoNN with a Gamma prior on the dimension.

Facco, d'Errico, Rodriguez and Laio, "Estimating the intrinsic dimension of datasets by a minimal
neighborhood information", Scientific Reports 7 (2017).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import scipy.stats

from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.checks import check_open_interval
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, Note


@final
@dataclass(kw_only=True)
class TwoNNBayes(NeighborEstimator):
    """TwoNN with a Gamma prior on the dimension: the posterior is Gamma too.

    Posterior Gamma(shape + N, rate + sum ln mu); the value is its mean, the error its standard
    deviation, the interval the central credible interval. Assumes what `TwoNN` does, and fails
    where it does. The model takes points as independent, so the interval is narrower than the
    sampling error by the `dependence` of points that share neighbours, which a note says. Cost: one
    pass over N ratios.

    Parameters
    ----------
    prior_shape, prior_rate
        Parameters of the Gamma prior, both positive.
    credibility
        Probability that the interval holds, in (0, 1).
    """

    name: ClassVar[str] = "two_nn_bayes"
    title: ClassVar[str] = "TwoNN (Bayes)"
    error_kind: ClassVar[ErrorKind] = "posterior"
    prior_shape: float = 0.001
    prior_rate: float = 0.001
    credibility: float = 0.95

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: 2."""
        return 2

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The posterior dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If a prior parameter is not positive, ``credibility`` is not in (0, 1), the graph has
            fewer than 2 neighbours, or too few ratios remain.
        """
        check_open_interval("prior_shape", self.prior_shape, 0, math.inf)
        check_open_interval("prior_rate", self.prior_rate, 0, math.inf)
        check_open_interval("credibility", self.credibility, 0, 1)
        self._check(graph)
        ratios = log_ratios(graph, 1, 2)
        n = len(ratios.values)
        posterior = scipy.stats.gamma(
            self.prior_shape + n, scale=1 / (self.prior_rate + ratios.values.sum())
        )
        value = float(posterior.mean())
        low, high = posterior.interval(self.credibility)
        said = (
            "The credible interval takes points as independent; the sampling error is about "
            f"{dependence('gride', 2, value):.1f} times as large."
        )
        return self._answer(
            graph,
            value=value,
            stderr=float(posterior.std()),
            interval=(float(low), float(high)),
            scale=ratios.scale,
            n_samples=n,
            notes=(*ratios.notes, Note("dependence", said)),
            ranks=(1, 2),
        )
