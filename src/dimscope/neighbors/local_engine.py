"""The engine of this machine: the exact search on its threads and, if one is named, a device."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.neighbors.engine import Engine, Neighbors, require_engine
from dimscope.neighbors.resources import ALL_CORES, Resources
from dimscope.neighbors.search.exact import counts_within, search
from dimscope.neighbors.search.intervals import distances_at
from dimscope.points import Points


@dataclass(frozen=True)
class LocalEngine:
    """Searches on this machine; see `Engine` for its methods.

    Attributes
    ----------
    resources
        Threads and device.
    """

    resources: Resources = ALL_CORES

    def nearest(
        self,
        points: Points,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        n_neighbors: int,
    ) -> Neighbors:
        """Find the nearest points of ``pool`` to each of ``queries``."""
        return search(points, queries, pool, n_neighbors, self.resources)

    def distances_at(
        self, points: Points, rows: Int64[np.ndarray, " n"], ranks: Int64[np.ndarray, " r"]
    ) -> Float64[np.ndarray, "n r"]:
        """Measure how far the neighbours of some ranks are, for each of ``rows`` among ``rows``."""
        squared = distances_at(points, rows, ranks)
        return points.in_input_units(np.sqrt(squared))

    def counts_within(
        self,
        points: Points,
        queries: Int64[np.ndarray, " n"],
        pool: Int64[np.ndarray, " m"],
        radii: Float64[np.ndarray, " r"],
    ) -> Int64[np.ndarray, "n r"]:
        """Count the points of ``pool`` at most ``radii`` away from each of ``queries``."""
        squared = (radii / points.length_unit) ** 2
        return counts_within(points, queries, pool, squared, self.resources)


def engine_or_local(engine: Engine | None, n_jobs: int | None, search_device: str | None) -> Engine:
    """Return the engine that is given, or one of this machine with these threads and this device.

    Raises
    ------
    InputError
        If it is no engine, if threads or a device are given beside it, or if these cannot be had.
    MissingDependencyError
        If there is a device and torch is not installed.
    """
    if engine is None:
        return LocalEngine(Resources(n_jobs, search_device))
    require_engine(engine)
    if n_jobs is not None or search_device is not None:
        raise InputError(
            "n_jobs and search_device are for the search on this machine, and an engine is given: "
            "leave them out, or make the engine with such resources"
        )
    return engine
