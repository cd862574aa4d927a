"""What the number of points can resolve: the ceiling of a value, and a note above it."""

from __future__ import annotations

from dataclasses import replace

from dimscope._format import number
from dimscope.measurement.statistic import Known, Statistic
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, Note


def with_ceiling(
    estimate: DimensionEstimate, statistic: Statistic, known: Known
) -> DimensionEstimate:
    """Return the estimate with its ceiling, and with a note if the value lies above it.

    The ceiling stays unknown where distances were given in place of points, and where points depend
    on each other: it was simulated for independent points of a flat space.
    """
    given = isinstance(known, NeighborGraph) and known.points is None
    if given or estimate.value is None or estimate.n_groups is not None:
        return estimate
    ceiling = statistic.ceiling(estimate.n_samples)
    if ceiling is None:
        return estimate
    found = replace(estimate, ceiling=ceiling.value)
    if found.resolvable:
        return found
    said = (
        f"N = {estimate.n_samples:,} resolves values of this method up to {number(ceiling.value)}, "
        f"which stand for about {number(ceiling.dimension)} dimensions: above, sets whose "
        "dimensions are a factor of two apart read the same, or more than twice what they read."
    )
    return replace(found, notes=(*found.notes, Note("limit", said)))
