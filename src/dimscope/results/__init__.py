"""Frozen results: what an estimate is, with its uncertainty, and the tables of many."""

from dimscope.results.curves import ScaleCurve
from dimscope.results.documents import SCHEMA_VERSION, plain
from dimscope.results.estimates import DimensionEstimate, LocalEstimate
from dimscope.results.scales import TOLERANCE, Plateau, ScaleCurves, find_plateau
from dimscope.results.tables import CURVES, PROFILE_COLUMNS, TICK_COLUMNS, Tables, tick_table

__all__ = [
    "CURVES",
    "PROFILE_COLUMNS",
    "SCHEMA_VERSION",
    "TICK_COLUMNS",
    "TOLERANCE",
    "DimensionEstimate",
    "LocalEstimate",
    "Plateau",
    "ScaleCurve",
    "ScaleCurves",
    "Tables",
    "find_plateau",
    "plain",
    "tick_table",
]
