"""Notes on the points of a graph or a spectrum, which hold for any estimate made from it.

The note on the bias of edges and curvature is in `bias`.
"""

from __future__ import annotations

import numpy as np

from dimscope.neighbors import NeighborGraph
from dimscope.results import Note

_MANY_DUPLICATES = 0.05
_MANY_TIES = 0.05
_ROUNDING_MARGIN = 10


def graph_notes(graph: NeighborGraph) -> tuple[Note, ...]:
    """Warnings about duplicates and near copies, and about distances that are mere rounding."""
    rounding = 0.0 if graph.points is None else graph.points.rounding
    notes = rounding_notes(float(graph.distances[:, 0].mean()), rounding)
    return notes + _copies_notes(graph)


def _copies_notes(graph: NeighborGraph) -> tuple[Note, ...]:
    n_rows = len(graph.first_of_row)
    share = graph.n_duplicates / n_rows
    near = graph.near_copies
    notes: tuple[Note, ...] = ()
    if share > _MANY_DUPLICATES:
        rounded = near is not None and near.n_rounded > 0
        how = ", exactly or to within the rounding of the stored values," if rounded else " exactly"
        said = (
            f"{graph.n_duplicates} of {n_rows} rows ({share:.0%}) repeat another row{how} and "
            "were set aside."
        )
        notes += (Note("copies", said),)
    if near is not None and near.n_rows:
        fate = (
            "They were set aside; near_copies='keep' keeps them."
            if near.set_aside
            else "They were kept, and what looks at the nearest neighbours measures these pairs; "
            "near_copies='first' sets them aside."
        )
        said = (
            f"{near.n_rows} of {n_rows} rows nearly repeat another row: they are at most "
            f"{near.reach:.2g} from it, where others have their nearest {near.beyond:.2g} away. "
            f"{fate}"
        )
        notes += (Note("near_copies", said),)
    return notes


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
