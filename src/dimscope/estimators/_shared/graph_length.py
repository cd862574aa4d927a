"""Dimension from the length of a graph that joins the points, and how it grows with their number.

Steele, "Growth rates of Euclidean minimal spanning trees with power weighted edges", Annals of
Probability 16 (1988); Costa and Hero, "Geodesic entropic graphs for dimension and entropy
estimation in manifold learning", IEEE Transactions on Signal Processing 52 (2004).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.checks import check_at_least, check_open_interval
from dimscope.estimators._shared.notes import graph_notes
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, Note

Lengths = Float64[np.ndarray, "m k"]


@dataclass(kw_only=True)
class GraphLengthEstimator(NeighborEstimator):
    """Base of both graphs: the mean of length^alpha over the edges falls as n^(-alpha/d).

    Each row of `_edges` holds edges that are discarded together.
    """

    n_neighbors: int
    alpha: float = 1.0
    discard_fraction: float = 0.01
    n_halvings: int = 3
    rng: int = 0

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: about k of these are in each block."""
        return self.n_neighbors << max(self.n_halvings, 0)

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        The value is None, and a note says so, where edges do not become shorter with more points.

        Raises
        ------
        InputError
            If a parameter is out of range, the graph has fewer than k 2^n_halvings neighbours or
            too few points, or given lists of neighbours are too short for a block.
        """
        self._check_parameters(graph)
        unit = float(graph.distances[:, -1].max()) or 1.0
        order = np.random.default_rng(self.rng).permutation(graph.n_samples)
        sizes = [graph.n_samples >> halving for halving in range(self.n_halvings + 1)]
        lists = slice(self.n_neighbors)
        whole = replace(
            graph, distances=graph.distances[:, lists], indices=graph.indices[:, lists]
        )  # fmt: skip
        means = [self._mean_power(self._edges(whole) / unit)]
        for size in sizes[1:]:
            blocks = [
                order[start : start + size] for start in range(0, len(order) - size + 1, size)
            ]
            edges = [self._edges(graph.subset(block, self.n_neighbors)) for block in blocks]
            means.append(float(np.mean([self._mean_power(own / unit) for own in edges])))
        slope = 0.0
        if min(means) > 0:
            slope = float(np.polyfit(np.log(sizes), np.log(means), 1)[0])
        notes = graph_notes(graph)
        if slope >= 0:
            said = "Edges do not become shorter with more points: no dimension explains that."
            notes += (Note("undetermined", said),)
        return self._answer(
            graph,
            value=-self.alpha / slope if slope < 0 else None,
            stderr=None,
            scale=float(graph.distances[:, self.n_neighbors - 1].mean()),
            n_samples=graph.n_samples,
            notes=notes,
            ranks=(1, self.n_neighbors),
        )

    @abstractmethod
    def _edges(self, graph: NeighborGraph) -> Lengths:
        """The lengths of the edges that join the points of ``graph``, whose lists have k each."""

    def _mean_power(self, lengths: Lengths) -> float:
        powers = np.sort((lengths**self.alpha).mean(axis=1))
        n_left_out = math.ceil(self.discard_fraction * len(powers))
        return float(powers[: len(powers) - n_left_out].mean())

    def _check_parameters(self, graph: NeighborGraph) -> None:
        check_at_least("n_neighbors", self.n_neighbors, 1)
        check_at_least("n_halvings", self.n_halvings, 1)
        check_open_interval("alpha", self.alpha, 0, math.inf)
        if not 0 <= self.discard_fraction <= 0.5:
            raise InputError(f"discard_fraction={self.discard_fraction} must lie in [0, 0.5]")
        least = (self.n_neighbors + 2) << self.n_halvings
        if graph.n_samples < least:
            raise InputError(
                f"{self.n_halvings} halvings of {graph.n_samples} points are too small for "
                f"{self.n_neighbors} neighbours: give at least {least} points, or halve less often"
            )
        self._check(graph)
