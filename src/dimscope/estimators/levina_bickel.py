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

from dimscope.errors import InputError
from dimscope.estimators._base import (
    NEIGHBOR_DEPENDENCE,
    NeighborEstimator,
    graph_notes,
)
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, LocalEstimate


@final
@dataclass(kw_only=True)
class LevinaBickel(NeighborEstimator):
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
    `NEIGHBOR_DEPENDENCE`.
    """

    name: ClassVar[str] = "levina_bickel"
    n_neighbors: int = 20

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: k."""
        return self.n_neighbors

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``, over all of them.

        Raises
        ------
        InputError
            If k is below 2, the graph has fewer neighbours, or all distances of every point are
            equal.
        """
        sums, notes = self._log_sums(graph, least=2)
        k = self.n_neighbors
        value = float((k - 1) / sums.mean())
        stderr = NEIGHBOR_DEPENDENCE * value / math.sqrt(len(sums) * (k - 1))
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=float(graph.distances[:, k - 1].mean()),
            n_samples=len(sums),
            notes=notes,
            ranks=(1, k),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """A dimension for every point of ``graph``; nan where all its distances are equal.

        Raises
        ------
        InputError
            If k is below 3, or the graph has fewer neighbours.
        """
        sums, _ = self._log_sums(graph, least=3, keep_all=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = (self.n_neighbors - 2) / sums
        values[~np.isfinite(values)] = np.nan
        return LocalEstimate(
            values=values,
            n_neighbors=self.n_neighbors,
            method=self.name,
            parameters=self.get_params(),
        )

    def _log_sums(
        self, graph: NeighborGraph, *, least: int, keep_all: bool = False
    ) -> tuple[Float64[np.ndarray, " n"], tuple[str, ...]]:
        """sum_{j<k} ln(r_k / r_j) of each point; nan, or left out, where r_1 = 0."""
        k = self.n_neighbors
        if k < least:
            raise InputError(f"n_neighbors={k} must be at least {least}")
        self._check(graph)
        apart = graph.distances[:, 0] > 0
        sums = np.full(graph.n_samples, np.nan)
        distances = graph.distances[apart, :k]
        sums[apart] = np.log(distances[:, -1:] / distances[:, :-1]).sum(axis=1)
        notes = graph_notes(graph)
        if n_zero := int((~apart).sum()):
            notes += (f"{n_zero} of {graph.n_samples} points with r_1 = 0 were left out.",)
        if not sums[apart].any():
            raise InputError(
                f"every point has all its {k} neighbours at one distance: there is no dimension to "
                "see at this scale; use more neighbours"
            )
        return (sums if keep_all else sums[apart]), notes
