"""MST dimension: how the length of the minimum spanning tree grows with the number of points.

Steele, "Growth rates of Euclidean minimal spanning trees with power weighted edges", Annals of
Probability 16 (1988).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from dimscope._deprecated import renamed_parameters
from dimscope.estimators._shared.graph_length import GraphLengthEstimator, Lengths
from dimscope.estimators._shared.trees import spanning_tree
from dimscope.neighbors import NeighborGraph


@final
@renamed_parameters(seed="rng")
@dataclass(kw_only=True)
class MSTDimension(GraphLengthEstimator):
    """Growth of the minimum spanning tree: the sum of length^alpha goes as n^((d - alpha) / d).

    The tree of all n points, and those of 2, 4, 8, ... disjoint random blocks of n/2, n/4, n/8, ...
    points; ln of the mean of length^alpha falls against ln n with the slope -alpha / d. The trees
    are exact. Their edges are where the connected components of the points merge, the
    0-dimensional persistent homology, so this is also the PH0 dimension (Adams et al.,
    arXiv:1808.01079; Schweinhart, Advances in Mathematics 372, 2020), there with all edges kept.

    Sees the whole set at once, so clusters and gaps weigh little, and assumes no constant density;
    biased low in many dimensions, as all methods of neighbours are, and disturbed by curvature and
    noise at scales between those of n and of n/8 points. Cost: a sort of the edges, and a new
    search for the points that have fewer than k of the graph's k 2^n_halvings neighbours in their
    block, about half of the first search; N k 2^n_halvings numbers of memory. Points far from all
    others, or many tight clusters, cost a search each.

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
    rng
        Seed of the blocks, which depend on the order of the points too.

    Notes
    -----
    It has no standard error of its own: trees of all points and of their parts vary together, and
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
    title: ClassVar[str] = "MST dimension"
    block_error_range: ClassVar[tuple[float, float] | None] = (0.9, 1.5)
    n_neighbors: int = 10

    def _edges(self, graph: NeighborGraph) -> Lengths:
        return spanning_tree(graph)[:, None]
