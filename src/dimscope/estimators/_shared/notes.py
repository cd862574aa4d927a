"""Notes on the points of a graph or a spectrum, which hold for any estimate made from it.

The note on the bias of edges and curvature is in `bias`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dimscope._format import number
from dimscope.errors import or_reason
from dimscope.estimators._shared.kin import kin_notes
from dimscope.neighbors import NeighborGraph
from dimscope.points import Points, listed
from dimscope.results import DimensionEstimate, Note
from dimscope.spectra import Spectrum

_MANY_DUPLICATES = 0.05
_MANY_TIES = 0.05
_ROUNDING_MARGIN = 10  # there rounding raises TwoNN by 7 % on lines, 1 % on surfaces and beyond
_NEAR = 0.25  # of the points: where as many are as near as rounding, the values show it
_MOVED = 0.1  # share of a linear dimension by which outliers must move it to be named
_SHOWN = 5
_ABOVE = 1.2  # times the number of features, which a corrected ratio may exceed by chance


def graph_notes(graph: NeighborGraph) -> tuple[Note, ...]:
    """What was found of the distances, copies, mere rounding, and points that depend on others."""
    nearest = graph.distances[:, 0]
    nearest = nearest[nearest > 0]
    near = float(np.quantile(nearest, _NEAR)) if len(nearest) else 0.0
    notes = graph.notes + rounding_notes(near, graph.rounding)
    return notes + _copies_notes(graph) + index_notes(graph.points) + kin_notes(graph)


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
            "They were set aside, and the value is that of the others; near_copies='keep' keeps "
            "them."
            if near.set_aside
            else "They were kept, and what looks at the nearest neighbours measures these pairs; "
            "near_copies='first' sets them aside, of given lists if they are long enough."
        )
        said = (
            f"{near.n_rows} of {n_rows} rows nearly repeat another row: they are at most "
            f"{near.reach:.2g} from it, where others have their nearest {near.beyond:.2g} away. "
            f"{fate}"
        )
        notes += (Note("near_copies", said),)
    return notes


def index_notes(points: Points | None) -> tuple[Note, ...]:
    """A warning where a column seems to number the rows, as an id or an index does."""
    if points is None or not points.index_columns:
        return ()
    columns = points.index_columns
    shown = f"{', '.join(columns[:_SHOWN])}{', ...' if len(columns) > _SHOWN else ''}"
    several = len(columns) > 1
    said = (
        f"Column{'s' if several else ''} {shown} {'hold' if several else 'holds'} another whole "
        f"number in every row, as an id or an index does: leave {'them' if several else 'it'} out "
        "unless that was measured."
    )
    return (Note("index_column", said),)


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
    trusted = _ROUNDING_MARGIN * rounding
    if distance > trusted:
        return ()
    size = "the rounding of stored values of this size"
    if distance <= rounding:
        said = (
            f"Distances of {distance:.1g} are no more than {size} ({rounding:.1g}): this measures "
            "rounding, not the representation."
        )
    else:
        said = (
            f"Distances of {distance:.2g} are only {distance / rounding:.1f} times {size} "
            f"({rounding:.2g}), which raises what they show: trust distances from {trusted:.2g} "
            "on, as in scale_curve."
        )
    return (Note("rounding", said),)


def outlier_notes(
    value: float | None, spectrum: Spectrum, estimate: Callable[[Spectrum], DimensionEstimate]
) -> tuple[Note, ...]:
    """A warning where a few rows far from all others move a linear dimension.

    Parameters
    ----------
    value
        That of all rows.
    spectrum
        That of all rows.
    estimate
        Makes the estimate from the spectrum of the others.
    """
    rows = spectrum.outliers
    if not len(rows):
        return ()
    others = or_reason(lambda: estimate(spectrum.without_outliers))
    other = None if isinstance(others, str) else others.value
    if value is None and other is None:
        return ()
    if value is not None and other is not None and abs(value - other) < _MOVED * other:
        return ()
    share = float(spectrum.row_squares[rows].sum() / spectrum.row_squares.sum())
    of_input = rows if spectrum.points.rows is None else spectrum.points.rows[rows]
    said = (
        f"{share:.1%} of the variance is that of {listed(of_input)}, far from all others: without "
        f"{'it' if len(rows) == 1 else 'them'} the value is "
        f"{'unknown' if other is None else number(other)}."
    )
    return (Note("outlier", said),)


def few_samples_notes(
    value: float, spectrum: Spectrum, *, centred: bool = True
) -> tuple[Note, ...]:
    """A warning where a linear dimension nears the number of components of so few samples.

    Centred samples have one fewer.
    """
    most = spectrum.n_samples - centred
    if value <= 0.5 * most:
        return ()
    said = (
        f"More than half of the {most} components that {spectrum.n_samples} samples allow: more "
        "samples would raise it."
    )
    return (Note("limit", said),)


def above_features_notes(value: float | None, spectrum: Spectrum) -> tuple[Note, ...]:
    """A warning where a value is larger than the number of features, as chance may make it."""
    if value is None or value <= _ABOVE * spectrum.n_features:
        return ()
    said = (
        f"No linear dimension exceeds the {spectrum.n_features} features: {spectrum.n_samples} "
        "samples are too few to tell it."
    )
    return (Note("limit", said),)
