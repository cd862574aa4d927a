"""Exact, certified k-nearest neighbours."""

from dimscope.neighbors.duplicates import Copies, Duplicates
from dimscope.neighbors.engine import Diagnostics, Engine, Neighbors, require_engine
from dimscope.neighbors.graph import Metric, NeighborGraph
from dimscope.neighbors.kin import Kin, TimeWindow, described, kin_of
from dimscope.neighbors.local_engine import LocalEngine
from dimscope.neighbors.near_copies import NearCopies
from dimscope.neighbors.resources import ALL_CORES, Resources, checked_device
from dimscope.neighbors.sources import NeighborSource
from dimscope.neighbors.spacing import RANKS, Spacing
from dimscope.neighbors.thinning import share_together, stand_together, thinned
from dimscope.neighbors.threads import thread_pool, threads_to_use

__all__ = [
    "ALL_CORES",
    "RANKS",
    "Copies",
    "Diagnostics",
    "Duplicates",
    "Engine",
    "Kin",
    "LocalEngine",
    "Metric",
    "NearCopies",
    "NeighborGraph",
    "NeighborSource",
    "Neighbors",
    "Resources",
    "Spacing",
    "TimeWindow",
    "checked_device",
    "described",
    "kin_of",
    "require_engine",
    "share_together",
    "stand_together",
    "thinned",
    "thread_pool",
    "threads_to_use",
]
