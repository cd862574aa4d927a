"""A checked representation, read by blocks, and what one pass over it finds."""

from dimscope.points.conversion import as_points
from dimscope.points.points import COLUMN_BLOCK, Points
from dimscope.points.sweep import UNIT_ROUNDOFF, Gram, Scan, listed, require_finite
from dimscope.points.tables import are_rows, numbers_of_frame

__all__ = [
    "COLUMN_BLOCK",
    "UNIT_ROUNDOFF",
    "Gram",
    "Points",
    "Scan",
    "are_rows",
    "as_points",
    "listed",
    "numbers_of_frame",
    "require_finite",
]
