"""Geodesic: dimension from the lengths of shortest paths through the neighbour graph.

Granata and Carnevale, "Accurate estimation of intrinsic dimension using graph distances: unraveling
the geometric complexity of datasets", Scientific Reports 6, 31377 (2016).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, final

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph
from jaxtyping import Float64

from dimscope._deprecated import renamed_parameters
from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.notes import graph_notes
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, Note

_SHARE = 0.99  # of the paths and edges are used: an outlier must not set the scale
_LEAST_BINS = 4
_LEAST_WIDTH = 0.7  # of the peak over that of all before: in narrower ones edges are counted


@final
@renamed_parameters(seed="rng")
@dataclass(kw_only=True)
class Geodesic(KNeighborEstimator):
    """The dimension of the sphere whose distances along the surface are spread like these.

    On a d-sphere they have density p(r) ~ sin(pi r / 2 r_max)^(d-1), r_max the most frequent one.
    Distances are lengths of shortest paths in the graph that joins each point to its k nearest, on
    its largest connected part. A parabola through the logarithm of their histogram, from one width
    s before the mode to half a width behind it, gives r_max and s; it is fitted twice. Then d - 1
    is the slope of ln(p(r) / p(r_max)) in ln sin(pi r / 2 r_max), by least squares over the bins
    between r_max and the greater of r_max - 2 s and the longest edge. Here the histogram holds 99 %
    of the paths, and the longest edge is that of 99 % of the points, for one outlier would set
    both.

    Sees the whole at once, and its shape: sets that are not like spheres come out wrong at any
    number of points (flat squares 0.1 to 0.3 low, a flat torus of dimension 3 at 5.5, a line not at
    all). In some 10 dimensions and more, paths have so few edges that the histogram shows their
    number, and there is no answer. Cost: a search of shortest paths from each source, all in memory
    (8 bytes for each pair of source and point).

    Parameters
    ----------
    n_neighbors
        k, neighbours that each point is joined to; 3 in the paper, whose paths are more crooked.
    n_bins
        Bins of the histogram, at least 10.
    n_sources
        Points, at most, from which paths to all others are found, chosen at random.
    rng
        Seed of that choice, which depends on the order of the points too.

    Notes
    -----
    The standard error is that of disjoint blocks, 1.3 to 4 times the scatter: all paths share
    edges. The estimate's ``scale`` is r_max.

    Examples
    --------
    >>> import numpy as np
    >>> sphere = np.random.default_rng(0).normal(size=(1000, 4))
    >>> sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    >>> round(Geodesic(n_neighbors=5).fit(sphere).dimension_)
    3
    """

    name: ClassVar[str] = "geodesic"
    title: ClassVar[str] = "Geodesic"
    block_error_range: ClassVar[tuple[float, float] | None] = (1.3, 4.0)
    n_neighbors: int = 5
    n_bins: int = 50
    n_sources: int = 400
    rng: int = 0

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        The value is None, and a note says so, where fewer than half of the points are connected or
        the lengths have no broad mode beyond the edges.

        Raises
        ------
        InputError
            If a parameter is out of range or the graph has fewer than k neighbours.
        """
        for name, least in (("n_neighbors", 1), ("n_bins", 10), ("n_sources", 1)):
            check_at_least(name, getattr(self, name), least)
        self._check(graph)
        joined = _largest_part(graph, self.n_neighbors)
        n_joined = joined.shape[0]
        fit = None
        if 2 * n_joined < graph.n_samples:
            said = (
                f"Only {n_joined} of {graph.n_samples} points are connected by {self.n_neighbors} "
                "neighbours: use more neighbours."
            )
        else:
            chosen = np.random.default_rng(self.rng).permutation(n_joined)[: self.n_sources]
            paths = scipy.sparse.csgraph.dijkstra(joined, directed=False, indices=chosen)
            longest = float(np.quantile(graph.distances[:, self.n_neighbors - 1], _SHARE)) or 1.0
            fit = _fit_sphere(paths[paths > 0] / longest, self.n_bins, 1.0)
            said = (
                "The lengths of paths have no single mode beyond those of one or a few edges: give "
                "more samples."
            )
        return self._answer(
            graph,
            value=None if fit is None else fit.dimension,
            stderr=None,
            scale=None if fit is None else fit.mode * longest,
            n_samples=n_joined,
            notes=graph_notes(graph) + ((Note("undetermined", said),) if fit is None else ()),
            ranks=(1, self.n_neighbors),
        )


class _Sphere(NamedTuple):
    dimension: float
    mode: float


def _largest_part(graph: NeighborGraph, n_neighbors: int) -> Any:
    """The edges to the first neighbours, both ways, in the largest part that they connect."""
    n = graph.n_samples
    lengths = np.maximum(graph.distances[:, :n_neighbors].ravel(), np.finfo(np.float64).tiny)
    ends = np.repeat(np.arange(n), n_neighbors), graph.indices[:, :n_neighbors].ravel()
    edges = scipy.sparse.csr_array((lengths, ends), shape=(n, n))
    edges = edges.maximum(edges.T).tocsr()
    _, part = scipy.sparse.csgraph.connected_components(edges, directed=False)
    inside = np.flatnonzero(part == np.bincount(part).argmax())
    return edges[inside][:, inside]


def _fit_sphere(
    paths: Float64[np.ndarray, " p"], n_bins: int, longest_edge: float
) -> _Sphere | None:
    """The dimension and the most frequent distance; None where they cannot be told."""
    reach = float(np.quantile(paths, _SHARE))
    counts, ends = np.histogram(paths, n_bins, range=(float(paths.min()), reach))
    bin_width = ends[1] - ends[0]
    middle = (ends[:-1] + bin_width / 2)[counts > 0]
    height = np.log(counts[counts > 0])
    mode, width = float(middle[height.argmax()]), float(paths[paths <= reach].std())
    peak = float(height.max())
    for _ in range(2):
        near = (middle > mode - width) & (middle < mode + width / 2)
        if near.sum() < _LEAST_BINS:
            return None
        bend, slope, start = np.polyfit((middle[near] - mode) / width, height[near], 2)
        if bend >= 0:
            return None
        peak = float(start - slope**2 / (4 * bend))
        mode, width = mode - width * slope / (2 * bend), width * math.sqrt(-1 / (2 * bend))
    first = max(mode - 2 * width - bin_width / 2, longest_edge)
    fitted = (middle > first) & (middle <= mode + bin_width / 4)
    if fitted.sum() < _LEAST_BINS or not (paths < mode).any():
        return None
    before = np.sqrt(np.square(paths[paths < mode] - mode).mean())
    if width < _LEAST_WIDTH * before:
        return None
    sine = np.log(np.sin(np.pi * middle[fitted] / (2 * mode)))
    return _Sphere(1 + float(sine @ (height[fitted] - peak) / (sine @ sine)), mode)
