"""The tables of a measurement, which plots and reports show and a `Profile` saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from typing import Any, Self

import pandas as pd

from dimscope.errors import InputError
from dimscope.results.documents import plain
from dimscope.results.flat import CURVES, flat_table, wide_table
from dimscope.results.rows import CurvePoint, Layer, LocalValue, PairValue, Value, Verdict
from dimscope.results.schema import checked_table, table_of

#: The columns that every table of ticks has; a column for each metric follows.
TICK_COLUMNS: Mapping[str, str] = {
    "model": "string",
    "step": "int64",  # training steps done
    "epoch": "int64",  # epochs completed
    "seconds": "float64",  # time that the tick took
    "training_seconds": "float64",  # time of training up to it, ticks left out
}

#: The tables with the type of their rows, whose fields are their columns.
ROW_TYPES: Mapping[str, type] = {
    "layers": Layer,
    "values": Value,
    "curves": CurvePoint,
    "pairs": PairValue,
    "locals": LocalValue,
    "verdicts": Verdict,
}


def tick_table(ticks: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
    """Make a table of ticks: their common columns, then the metrics in order of appearance."""
    listed = list(ticks)
    names = dict.fromkeys(name for tick in listed for name in tick)
    metrics = [name for name in names if name not in TICK_COLUMNS]
    table = pd.DataFrame(listed, columns=[*TICK_COLUMNS, *metrics])
    return table.astype({**TICK_COLUMNS, **dict.fromkeys(metrics, "float64")})


def _empty(row_type: type) -> Callable[[], pd.DataFrame]:
    return partial(table_of, row_type, ())


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """What was measured of many layers: a few typed tables, and their provenance.

    Attributes
    ----------
    layers
        Depth and width of every layer measured: `Layer` rows.
    values
        One value of one quantity on all points of one subject: `Value` rows.
    curves
        Values along a number of points, a scale or a spectrum: `CurvePoint` rows.
    pairs
        Values of two subjects: `PairValue` rows.
    locals
        Values at single rows: `LocalValue` rows.
    verdicts
        What the numbers say about statements: `Verdict` rows.
    ticks
        For each measured training step its time and what training had reached: the columns of
        `TICK_COLUMNS`, and one for each metric, such as ``loss``.
    provenance
        For each model label: versions, settings, seed, and hashes of model and data.

    Raises
    ------
    InputError
        If a table has an unknown column, lacks one, or holds a value that its column cannot have.
    """

    layers: pd.DataFrame = field(default_factory=_empty(Layer))
    values: pd.DataFrame = field(default_factory=_empty(Value))
    curves: pd.DataFrame = field(default_factory=_empty(CurvePoint))
    pairs: pd.DataFrame = field(default_factory=_empty(PairValue))
    locals: pd.DataFrame = field(default_factory=_empty(LocalValue))
    verdicts: pd.DataFrame = field(default_factory=_empty(Verdict))
    ticks: pd.DataFrame = field(default_factory=tick_table)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, row_type in ROW_TYPES.items():
            table = checked_table(row_type, getattr(self, name), f"the table {name!r}")
            object.__setattr__(self, name, table)

    @classmethod
    def of(cls, rows: Mapping[str, Iterable[Any]], **others: Any) -> Self:
        """Make tables of typed rows, given by table; ``others`` are ticks and provenance."""
        made: dict[str, Any] = {n: table_of(ROW_TYPES[n], own) for n, own in rows.items()}
        return cls(**made, **others)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table by its name, the ticks among them."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "provenance"}

    @cached_property
    def wide(self) -> pd.DataFrame:
        """Every value and point of a curve in one table, with the facts of layer and method."""
        return wide_table(self.layers, self.values, self.curves)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The table that `to_frame` copies."""
        return flat_table(self.wide)

    @property
    def models(self) -> list[str]:
        """Labels of the models, in order of appearance."""
        return list(dict.fromkeys(self.wide["model"]))

    def methods(self, curve: str = "estimate") -> list[str]:
        """Methods that have rows of the given curve, in order of appearance.

        A method that was used with several settings is listed once with each.
        """
        return list(dict.fromkeys(self.rows(curve)["key"]))

    def rows(self, curve: str) -> pd.DataFrame:
        """The rows of `wide` of one curve.

        Raises
        ------
        InputError
            If ``curve`` is not one of `CURVES`.
        """
        if curve not in CURVES:
            raise InputError(f"unknown curve {curve!r}: choose one of {', '.join(CURVES)}")
        return self.wide[self.wide["curve"] == curve].reset_index(drop=True)

    def to_frame(self, curve: str | None = None) -> pd.DataFrame:
        """Values and curves as one tidy table, or the rows of one curve; a copy.

        A row is a model, step, layer, method and - by the column ``curve`` - one estimate on all
        points (``estimate``), the mean over disjoint blocks of fewer points (``decimation``), one
        step of a scale curve (``scale``) or one eigenvalue (``spectrum``).

        Raises
        ------
        InputError
            If ``curve`` is not one of `CURVES`.
        """
        return self.frame.copy() if curve is None else flat_table(self.rows(curve))

    def to_records(self) -> list[dict[str, Any]]:
        """The rows of `to_frame`, ready for JSON: missing values are None."""
        return as_records(self.frame)


def as_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows ready for JSON: missing values are None."""
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [plain(record) for record in records]
