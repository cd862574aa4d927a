"""Notes on the points of a graph or a spectrum, which hold for any estimate made from it.

The note on the bias of edges and curvature is in `bias`.
"""

from __future__ import annotations

import numpy as np

from dimscope.estimators._shared.kin import kin_notes
from dimscope.neighbors import NeighborGraph
from dimscope.results import Note

_MANY_DUPLICATES = 0.05
_MANY_TIES = 0.05
_ROUNDING_MARGIN = 10


def graph_notes(graph: NeighborGraph) -> tuple[Note, ...]:
    """Warnings about many duplicates, mere rounding, and points that depend on each other."""
    rounding = 0.0 if graph.points is None else graph.points.rounding
    notes = rounding_notes(float(graph.distances[:, 0].mean()), rounding)
    n_rows = graph.n_samples + graph.n_duplicates
    share = graph.n_duplicates / n_rows
    if share > _MANY_DUPLICATES:
        said = (
            f"{graph.n_duplicates} of {n_rows} rows ({share:.0%}) repeat another row exactly and "
            "were set aside."
        )
        notes += (Note("copies", said),)
    return notes + kin_notes(graph)


def discrete_notes(graph: NeighborGraph, n_neighbors: int) -> tuple[Note, ...]:
    """A warning where many neighbours at equal distances show that the data are discrete.

    Continuous data have none. Copies at distance 0 are counted as duplicates, not here.
    """
    distances = graph.distances[:, : max(n_neighbors, 2)]
    tied = ((np.diff(distances, axis=1) == 0) & (distances[:, 1:] > 0)).any(axis=1)
    if (n_tied := int(tied.sum())) <= _MANY_TIES * graph.n_samples:
        return ()
    said = (
        f"{n_tied} of {graph.n_samples} points have neighbours at equal distances: the data look "
        "discrete, and this estimator assumes continuous data."
    )
    return (Note("discrete", said),)


def rounding_notes(distance: float, rounding: float) -> tuple[Note, ...]:
    """A warning where ``distance`` is hardly above the rounding of the stored values."""
    if distance > _ROUNDING_MARGIN * rounding:
        return ()
    said = (
        f"Distances of {distance:.1g} are no more than {_ROUNDING_MARGIN} times the rounding of "
        f"stored values of this size ({rounding:.1g}): this measures rounding, not the "
        "representation."
    )
    return (Note("rounding", said),)
