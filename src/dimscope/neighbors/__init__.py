"""Exact, certified k-nearest neighbours."""

from dimscope.neighbors.graph import Duplicates, Metric, NeighborGraph
from dimscope.neighbors.search.exact import checked_device
from dimscope.neighbors.threads import threads_to_use

__all__ = ["Duplicates", "Metric", "NeighborGraph", "checked_device", "threads_to_use"]
