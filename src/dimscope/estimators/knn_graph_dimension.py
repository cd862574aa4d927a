"""kNN graph dimension: how the length of the graph of k neighbours grows with the number of points.

Costa and Hero, "Geodesic entropic graphs for dimension and entropy estimation in manifold
learning", IEEE Transactions on Signal Processing 52 (2004).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from dimscope._deprecated import renamed_parameters
from dimscope.estimators._shared.graph_length import GraphLengthEstimator, Lengths
from dimscope.neighbors import NeighborGraph


@final
@renamed_parameters(seed="rng")
@dataclass(kw_only=True)
class KNNGraphDimension(GraphLengthEstimator):
    """Growth of the graph that joins each point to its k nearest, as n^((d - alpha) / d).

    As `MSTDimension`, with all distances to the first k neighbours in place of a tree's edges
    (Costa, Girotra and Hero, IEEE Workshop on Statistical Signal Processing 2005); the points with
    the longest edges are left out, with all of their edges. Less noisy than a tree, and more biased
    by edges of the set, as it looks at k neighbours in all blocks. Cost: that of `MSTDimension`
    without the sort.

    Parameters
    ----------
    n_neighbors
        k, neighbours that each point is joined to.
    alpha, discard_fraction, n_halvings, rng
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
    title: ClassVar[str] = "kNN graph dimension"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.9, 1.5)
    n_neighbors: int = 5

    def _edges(self, graph: NeighborGraph) -> Lengths:
        return graph.distances
