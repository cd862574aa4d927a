"""Dimension from the length of a graph that joins the points, and how it grows with their number.

Steele, "Growth rates of Euclidean minimal spanning trees with power weighted edges", Annals of
Probability 16 (1988); Costa and Hero, "Geodesic entropic graphs for dimension and entropy
estimation in manifold learning", IEEE Transactions on Signal Processing 52 (2004).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import (
    NeighborEstimator,
    check_at_least,
    check_open_interval,
    graph_notes,
)
from dimscope.estimators._shared.trees import spanning_tree
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate

Lengths = Float64[np.ndarray, "m k"]


@dataclass(kw_only=True)
class _GraphDimension(NeighborEstimator):
    """Base of both graphs: the mean over the edges of length^alpha goes as n^(-alpha/d).

    Edges that are left out together, or not at all, are one row of `_edges`.
    """

    n_neighbors: int
    alpha: float = 1.0
    discard_fraction: float = 0.01
    n_halvings: int = 3
    seed: int = 0

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: about k of these are in any block."""
        return self.n_neighbors << max(self.n_halvings, 0)

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        The value is None, and a note says so, where edges do not become shorter with more points.

        Raises
        ------
        InputError
            If a parameter is out of range, the graph has fewer than k 2^n_halvings neighbours or
            too few points, or the lists of neighbours that were given are too short for a part.
        """
        self._check_parameters(graph)
        unit = float(graph.distances[:, -1].max()) or 1.0
        order = np.random.default_rng(self.seed).permutation(graph.n_samples)
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
            notes += ("Edges do not become shorter with more points: no dimension explains that.",)
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


@final
@dataclass(kw_only=True)
class MSTDimension(_GraphDimension):
    """Growth of the minimum spanning tree: the sum of length^alpha goes as n^((d - alpha) / d).

    The tree of all n points, and those of 2, 4, 8, ... disjoint random blocks of n/2, n/4, n/8, ...
    points; ln of the mean of length^alpha falls against ln n with the slope -alpha / d. The trees
    are exact. Their edges are where the connected components of the points merge, the
    0-dimensional persistent homology, so this is also the PH0 dimension (Adams et al.,
    arXiv:1808.01079; Schweinhart, Advances in Mathematics 372, 2020), there with all edges kept.

    Sees the whole set at once, so clusters and gaps weigh little, and assumes no constant density;
    biased low in many dimensions, as all that looks at neighbours, and by the scales of the blocks:
    curvature and noise between those of n and n/8 points. Cost: a sort of the edges, and the search
    again of points with fewer than k of the k 2^n_halvings neighbours of the graph in their block,
    about half the search; N k 2^n_halvings numbers of memory. Points far from all others, or many
    tight clusters, cost a search each.

    Parameters
    ----------
    n_neighbors
        k, neighbours from which trees are made; the value does not depend on it.
    alpha
        Power of the lengths, positive; the theory is for powers below d.
    discard_fraction
        Share of the longest edges of each tree left out, in [0, 0.5]; the growth is that of the
        rest. At 0 a single outlier can be most of the length.
    n_halvings
        How often blocks are halved, at least 1.
    seed
        Of the choice of blocks, by the order of the points.

    Notes
    -----
    There is no standard error of its own: trees of all points and of their parts vary together, and
    their scatter is 0.2 to 1 times what independent edges would have. `dimscope.estimate` adds the
    scatter of the estimate over disjoint blocks of points.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.random((2000, 2)) @ rng.normal(size=(2, 5))
    >>> round(MSTDimension().fit(plane).dimension_, 1)
    2.0
    """

    name: ClassVar[str] = "mst_dimension"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.9, 1.5)
    n_neighbors: int = 10

    def _edges(self, graph: NeighborGraph) -> Lengths:
        return spanning_tree(graph)[:, None]


@final
@dataclass(kw_only=True)
class KNNGraphDimension(_GraphDimension):
    """Growth of the graph that joins each point to its k nearest: as n^((d - alpha) / d) too.

    As `MSTDimension`, with all distances to the first k neighbours in place of a tree's edges
    (Costa, Girotra and Hero, IEEE Workshop on Statistical Signal Processing 2005); it is points,
    those with the longest edges, that are left out with all of theirs. Less noisy
    than a tree, and more biased by edges of the set, as it looks at k neighbours in all blocks.
    Cost: as there, without the sort.

    Parameters
    ----------
    n_neighbors
        k, neighbours that each point is joined to.
    alpha, discard_fraction, n_halvings, seed
        As in `MSTDimension`.

    Notes
    -----
    Its standard error is that of `MSTDimension`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.random((2000, 2)) @ rng.normal(size=(2, 5))
    >>> round(KNNGraphDimension().fit(plane).dimension_, 1)
    2.0
    """

    name: ClassVar[str] = "knn_graph_dimension"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.9, 1.5)
    n_neighbors: int = 5

    def _edges(self, graph: NeighborGraph) -> Lengths:
        return graph.distances
