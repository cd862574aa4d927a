"""Exact, certified k-nearest neighbours."""

from dimscope.neighbors.graph import Duplicates, Metric, NeighborGraph

__all__ = ["Duplicates", "Metric", "NeighborGraph"]
