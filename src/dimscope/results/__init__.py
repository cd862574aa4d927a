"""Frozen results: what an estimate is, with its uncertainty, and the tables of many."""

from dimscope.results.curves import ScaleCurve
from dimscope.results.documents import SCHEMA_VERSION, plain
from dimscope.results.estimates import DimensionEstimate, LocalEstimate
from dimscope.results.notes import NOTE_CODES, Note, as_note
from dimscope.results.quantities import ErrorKind, Family, Quantity, keyed, spoken
from dimscope.results.scales import TOLERANCE, Plateau, ScaleCurves, find_plateau
from dimscope.results.tables import CURVES, PROFILE_COLUMNS, TICK_COLUMNS, Tables, tick_table

__all__ = [
    "CURVES",
    "NOTE_CODES",
    "PROFILE_COLUMNS",
    "SCHEMA_VERSION",
    "TICK_COLUMNS",
    "TOLERANCE",
    "DimensionEstimate",
    "ErrorKind",
    "Family",
    "LocalEstimate",
    "Note",
    "Plateau",
    "Quantity",
    "ScaleCurve",
    "ScaleCurves",
    "Tables",
    "as_note",
    "find_plateau",
    "keyed",
    "plain",
    "spoken",
    "tick_table",
]
