"""Measure a representation: estimates with errors, by one pipeline for all callers."""

from dimscope.measurement.blocks import nested_blocks
from dimscope.measurement.error_bars import ErrorBar, Errors, block_error
from dimscope.measurement.features import beyond_features, checked_against_features
from dimscope.measurement.levels import Level, block_levels
from dimscope.measurement.measure import Measurement, Search, measure
from dimscope.measurement.pairs import PairEstimate, measure_pair
from dimscope.measurement.representation import Representation
from dimscope.measurement.statistic import (
    Ceiling,
    GraphStatistic,
    Known,
    Numbers,
    PairStatistic,
    Products,
    Statistic,
    VectorStatistic,
    neighbors_needed,
)
from dimscope.measurement.vectors import points_of, read_numbers

__all__ = [
    "Ceiling",
    "ErrorBar",
    "Errors",
    "GraphStatistic",
    "Known",
    "Level",
    "Measurement",
    "Numbers",
    "PairEstimate",
    "PairStatistic",
    "Products",
    "Representation",
    "Search",
    "Statistic",
    "VectorStatistic",
    "beyond_features",
    "block_error",
    "block_levels",
    "checked_against_features",
    "measure",
    "measure_pair",
    "neighbors_needed",
    "nested_blocks",
    "points_of",
    "read_numbers",
]
