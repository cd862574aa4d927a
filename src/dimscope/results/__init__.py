"""Frozen results: estimates, curves, and the tables of many, with their rows as the schema."""

from dimscope._deprecated import moved_names
from dimscope.results.curves import ScaleCurve
from dimscope.results.documents import SCHEMA_VERSION, plain
from dimscope.results.estimates import DimensionEstimate, LocalEstimate, resolves
from dimscope.results.flat import CURVES, PROFILE_COLUMNS, Lookup, typed_rows
from dimscope.results.joining import joined_tables
from dimscope.results.notes import NOTE_CODES, Note, as_note, joined
from dimscope.results.quantities import (
    CALIBRATED_DIMENSION,
    VARIANCE_SHARE,
    ErrorKind,
    Family,
    Quantity,
    keyed,
    raw_method,
    spoken,
)
from dimscope.results.remarks import Remark, remarks_on
from dimscope.results.responses import Calibrated, Inverted, Response, ResponseCurve
from dimscope.results.rows import (
    Axis,
    CurvePoint,
    Layer,
    LocalValue,
    PairValue,
    Subject,
    Value,
    Verdict,
    sample_labels,
)
from dimscope.results.scales import TOLERANCE, Plateau, ScaleCurves, find_plateau
from dimscope.results.schema import as_json, columns_of, from_json, rows_in, table_of
from dimscope.results.tables import ROW_TYPES, TICK_COLUMNS, Tables, as_records, tick_table

__getattr__ = moved_names(__name__, {"Profile": "dimscope"})

__all__ = [
    "CALIBRATED_DIMENSION",
    "CURVES",
    "NOTE_CODES",
    "PROFILE_COLUMNS",
    "ROW_TYPES",
    "SCHEMA_VERSION",
    "TICK_COLUMNS",
    "TOLERANCE",
    "VARIANCE_SHARE",
    "Axis",
    "Calibrated",
    "CurvePoint",
    "DimensionEstimate",
    "ErrorKind",
    "Family",
    "Inverted",
    "Layer",
    "LocalEstimate",
    "LocalValue",
    "Lookup",
    "Note",
    "PairValue",
    "Plateau",
    "Quantity",
    "Remark",
    "Response",
    "ResponseCurve",
    "ScaleCurve",
    "ScaleCurves",
    "Subject",
    "Tables",
    "Value",
    "Verdict",
    "as_json",
    "as_note",
    "as_records",
    "columns_of",
    "find_plateau",
    "from_json",
    "joined",
    "joined_tables",
    "keyed",
    "plain",
    "raw_method",
    "remarks_on",
    "resolves",
    "rows_in",
    "sample_labels",
    "spoken",
    "table_of",
    "tick_table",
    "typed_rows",
]
