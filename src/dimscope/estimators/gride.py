"""Gride: the generalised ratio estimator, which sees the dimension at a chosen scale.

Denti, Doimo, Laio and Mira, "The generalized ratios intrinsic dimension estimator", Scientific
Reports 12 (2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError, or_reason
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.likelihood import maximum_likelihood
from dimscope.estimators._shared.ratios import LogRatios, log_ratios, ratios_of
from dimscope.measurement import beyond_features
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, ScaleCurve

Distances = Float64[np.ndarray, " n_samples"]

_SHOWN_RANK = 128  # the largest at which simulation has shown the standard error to hold


@final
@dataclass(kw_only=True)
class Gride(NeighborEstimator):
    """Dimension from the ratio of the n2-th to the n1-th neighbour distance, n2 = 2 n1.

    mu = r_n2 / r_n1 has density d (mu^d - 1)^(n2-n1-1) / (mu^((n2-1)d+1) B(n2-n1, n1)); the
    estimate is the most likely d, the root of
    N/d + (n2-n1-1) sum ln mu / (1 - mu^-d) - (n2-1) sum ln mu = 0.
    n1 = 1 is the maximum of TwoNN's likelihood, N / sum ln mu; `TwoNNMLE` is (N - 1) / sum ln mu,
    from which the bias of that maximum is removed (both in Denti et al.). A larger n1 looks at a
    larger scale and is less noisy, but leans on constant density over more neighbours. Cost: a root
    of a sum over N ratios.

    Parameters
    ----------
    n1
        Rank of the inner neighbour; the outer one is 2 n1.

    Notes
    -----
    The standard error is I^-1/2, I the observed information N/d^2 + (n2-n1-1) sum mu^-d (ln mu)^2
    / (1 - mu^-d)^2, times the `dependence` of points that share neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.random.default_rng(0).random((1000, 1))
    >>> round(Gride(n1=4).fit(line).dimension_, 1)
    1.0
    """

    name: ClassVar[str] = "gride"
    title: ClassVar[str] = "Gride"
    error_kind: ClassVar[ErrorKind] = "theory"
    n1: int = 2

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: 2 n1."""
        return 2 * self.n1

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph`` at the scale of ``n1``.

        Raises
        ------
        InputError
            If ``n1`` is below 1, the graph has fewer than 2 n1 neighbours, or too few ratios
            remain.
        """
        check_at_least("n1", self.n1, 1)
        self._check(graph)
        ratios = log_ratios(graph, self.n1, 2 * self.n1)
        value, stderr = _fit(ratios, self.n1)
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=ratios.scale,
            n_samples=len(ratios.values),
            notes=ratios.notes + bias_notes(graph, value, stderr, len(ratios.values), 2 * self.n1),
            ranks=(self.n1, 2 * self.n1),
        )

    def scan(self, graph: NeighborGraph, n2_max: int | None = None) -> ScaleCurve:
        """The dimension at scales n1 = 1, 2, 4, ... with 2 n1 neighbours, up to a largest one.

        Parameters
        ----------
        graph
            Neighbours of each point.
        n2_max
            Largest rank of the outer neighbour, by default as many as the graph holds. Ranks
            beyond these take one more pass over all pairs, in bounded memory; the whole range is
            ``graph.n_samples // 2``.

        Returns
        -------
        ScaleCurve
            Without the scales that show no dimension: those where the two distances are equal, as
            on a grid, or read far above the number of features. Its ``stderrs`` are nan beyond
            n2 = 128, where neighbourhoods overlap so much that their scatter has not been shown to
            follow the likelihood.

        Raises
        ------
        InputError
            If fewer than 2 neighbours are to be used, or as many as there are points, or no scale
            shows a dimension.
        """
        most = graph.n_neighbors if n2_max is None else n2_max
        inner = [2**j for j in range(most.bit_length() - 1)]
        if not inner:
            raise InputError(f"a scan needs at least 2 neighbours of each point, got {most}")
        outer = [2 * n1 for n1 in inner]
        columns = graph.distances_at([1, *outer]).T
        found = [
            or_reason(partial(_seen, graph, columns[j], columns[j + 1], n1))
            for j, n1 in enumerate(inner)
        ]
        seen = [at for at in found if not isinstance(at, str)]
        if not seen:
            raise InputError(str(found[0]))
        n1, scales, values, stderrs = map(np.array, zip(*seen, strict=True))
        return ScaleCurve(
            scales=scales,
            values=values,
            stderrs=np.where(2 * n1 <= _SHOWN_RANK, stderrs, np.nan),
            n1=n1,
            n2=2 * n1,
            n_samples=graph.n_samples,
            method=self.name,
            title=self.title,
        )


def _seen(
    graph: NeighborGraph, inner: Distances, outer: Distances, n1: int
) -> tuple[int, float, float, float]:
    """The scale of ``n1``, and the dimension there with its error."""
    ratios = ratios_of(graph, inner, outer, (n1, 2 * n1))
    value, stderr = _fit(ratios, n1)
    if beyond_features(value, graph.n_features):
        raise InputError(f"r_{2 * n1} hardly exceeds r_{n1}: no scale shows a dimension")
    return n1, ratios.scale, value, stderr


def _fit(ratios: LogRatios, n1: int) -> tuple[float, float]:
    """The most likely dimension and its standard error."""
    value, independent = maximum_likelihood(ratios.values, n1, 2 * n1)
    return value, independent * dependence(Gride.name, 2 * n1, value)
