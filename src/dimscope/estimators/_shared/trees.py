"""The exact minimum spanning tree of all points, from their nearest neighbours."""

from __future__ import annotations

import heapq
import math

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph
from jaxtyping import Float64, Int64

from dimscope.neighbors import NeighborGraph

Edge = tuple[float, int, int]


def spanning_tree(graph: NeighborGraph) -> Float64[np.ndarray, " m"]:
    """The lengths of the edges of the minimum spanning tree of all points, n - 1 of them.

    Parts of the tree are joined by the shortest edge in the lists of neighbours. No way out of a
    part is shorter if every list of that part reaches as far as this edge; one of the two parts is
    enough. If neither part has such lists, a search finds the nearest outside point of those points
    of the smaller part whose lists are too short, and with it the shortest way out.
    """
    parts = _Parts(graph)
    edges = _forest(graph)
    lengths: list[float] = []
    while len(lengths) < graph.n_samples - 1:
        edge = heapq.heappop(edges) if edges else (math.inf, *parts.smallest_and_another())
        length, left, right = edge[0], parts.of(edge[1]), parts.of(edge[2])
        if left == right:
            continue
        if length > max(parts.reach[left], parts.reach[right]):
            smaller = min(left, right, key=lambda part: len(parts.members[part]))
            found = parts.way_out(smaller, length)
            if found[0] < length:
                heapq.heappush(edges, edge)
                edge = found
        parts.join(edge[1], edge[2])
        lengths.append(edge[0])
    return np.array(lengths)


def _forest(graph: NeighborGraph) -> list[Edge]:
    """The edges in the lists without the longest of every cycle, the shortest first."""
    n, k = graph.indices.shape
    lengths, start, end = graph.distances.ravel(), np.repeat(np.arange(n), k), graph.indices.ravel()
    order = np.argsort(lengths, kind="stable")
    ranks = np.empty(n * k)
    ranks[order] = np.arange(1, n * k + 1)  # SciPy takes a length of 0 for no edge
    forest = scipy.sparse.csgraph.minimum_spanning_tree(
        scipy.sparse.csr_array((ranks, (start, end)), shape=(n, n))
    )
    kept = order[np.sort(forest.data).astype(np.int64) - 1]
    return list(zip(lengths[kept].tolist(), start[kept].tolist(), end[kept].tolist(), strict=True))


class _Parts:
    """The parts of a growing tree: their points, and how far their shortest list reaches."""

    def __init__(self, graph: NeighborGraph) -> None:
        self.graph = graph
        self.part = list(range(graph.n_samples))
        self.members: dict[int, list[int]] = {i: [i] for i in self.part}
        self.reach: list[float] = graph.distances[:, -1].tolist()

    def of(self, point: int) -> int:
        return self.part[point]

    def join(self, a: int, b: int) -> None:
        into, gone = sorted((self.of(a), self.of(b)), key=lambda part: -len(self.members[part]))
        for point in self.members[gone]:
            self.part[point] = into
        self.members[into] += self.members.pop(gone)
        self.reach[into] = min(self.reach[into], self.reach[gone])

    def smallest_and_another(self) -> tuple[int, int]:
        smallest = min(self.members, key=lambda part: len(self.members[part]))
        return smallest, next(part for part in self.members if part != smallest)

    def way_out(self, part: int, shorter_than: float) -> Edge:
        """The shortest edge from a part to another, of those beyond the lists' reach."""
        own = np.sort(np.array(self.members[part]))
        outside = np.ones(self.graph.n_samples, dtype=bool)
        outside[own] = False
        short = own[self.graph.distances[own, -1] < shorter_than]
        found = self.graph.source.nearest(self._rows(short), self._rows(outside.nonzero()[0]), 1)
        best = int(found.distances[:, 0].argmin())
        to = int(np.searchsorted(self.graph.original_rows, found.indices[best, 0]))
        return float(found.distances[best, 0]), int(short[best]), to

    def _rows(self, positions: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
        return np.asarray(self.graph.original_rows[positions])
