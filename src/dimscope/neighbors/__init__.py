"""Exact, certified k-nearest neighbours."""

from dimscope.neighbors._search import checked_device
from dimscope.neighbors._threads import threads_to_use
from dimscope.neighbors.graph import Duplicates, Metric, NeighborGraph

__all__ = ["Duplicates", "Metric", "NeighborGraph", "checked_device", "threads_to_use"]
