"""The tables of a measurement: what plots and reports show, and what a `Profile` saves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pandas as pd

from dimscope.errors import InputError
from dimscope.results.documents import plain

#: The columns of a profile's frame with their types, in order.
PROFILE_COLUMNS: Mapping[str, str] = {
    "model": "string",  # label of the model
    "step": "Int64",  # training step; missing when the model was measured once
    "layer": "string",
    "layer_index": "int64",  # order of execution among the layers measured, 0 first
    "relative_depth": "float64",  # share of conv and linear transformations before the layer
    "n_features": "int64",  # ambient dimension of the representation
    "curve": "string",  # estimate | decimation | scale | spectrum
    "method": "string",  # registry name; "eigenvalue" on spectrum rows
    "n_samples": "int64",  # points that entered (each block, on decimation rows)
    "n_blocks": "int64",  # disjoint blocks averaged; 1 unless decimation
    "rank": "Int64",  # scale rows: outer neighbour rank n2; spectrum rows: index from 1
    "value": "float64",  # dimension; on spectrum rows the share of the total variance
    "stderr": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
    "scale": "float64",  # distance, units of the representation
    "n_duplicates": "int64",
    "ceiling": "float64",
    "notes": "string",  # sentences joined by a space
}

#: The columns that every table of ticks has; a column for each metric follows.
TICK_COLUMNS: Mapping[str, str] = {
    "model": "string",
    "step": "int64",  # training steps done
    "epoch": "int64",  # epochs completed
    "seconds": "float64",  # time that the tick took
    "training_seconds": "float64",  # time of training up to it, ticks left out
}

CURVES = ("estimate", "decimation", "scale", "spectrum")


@dataclass(frozen=True, kw_only=True)
class Tables:
    """What was measured of many layers: one tidy table, and where it came from.

    A row is a model, step, layer, method and - by the column ``curve`` - one estimate on all
    points (``estimate``), the mean over disjoint blocks of fewer points (``decimation``), one
    step of a scale curve (``scale``) or one eigenvalue (``spectrum``).

    Attributes
    ----------
    frame
        The table, with the columns of `PROFILE_COLUMNS`.
    provenance
        For each model label: versions, settings, seed, and hashes of model and data.
    ticks
        For each training step at which a model was measured, when that was and what training had
        reached: the columns of `TICK_COLUMNS`, and one for each metric, such as ``loss``. Empty
        for networks that were measured once.
    """

    frame: pd.DataFrame
    provenance: Mapping[str, Any]
    ticks: pd.DataFrame = field(default_factory=lambda: tick_table([]))

    @classmethod
    def from_rows(
        cls,
        rows: Sequence[Mapping[str, Any]],
        provenance: Mapping[str, Any],
        ticks: Sequence[Mapping[str, Any]] = (),
    ) -> Self:
        """Tables of ``rows``; columns that a row leaves out are missing values."""
        frame = pd.DataFrame(rows, columns=list(PROFILE_COLUMNS))
        return cls(
            frame=frame.astype(dict(PROFILE_COLUMNS)),
            provenance=dict(provenance),
            ticks=tick_table(ticks),
        )

    @property
    def models(self) -> list[str]:
        """Labels of the models, in order of appearance."""
        return list(dict.fromkeys(self.frame["model"]))

    def methods(self, curve: str = "estimate") -> list[str]:
        """Methods that have rows of the given curve, in order of appearance."""
        return list(dict.fromkeys(self.to_frame(curve)["method"]))

    def to_frame(self, curve: str | None = None) -> pd.DataFrame:
        """A copy of the table, or of the rows of one curve.

        Raises
        ------
        InputError
            If ``curve`` is not one of `CURVES`.
        """
        if curve is None:
            return self.frame.copy()
        if curve not in CURVES:
            raise InputError(f"unknown curve {curve!r}: choose one of {', '.join(CURVES)}")
        return self.frame[self.frame["curve"] == curve].reset_index(drop=True)

    def to_records(self) -> list[dict[str, Any]]:
        """The rows, ready for JSON: missing values are None."""
        records = self.frame.astype(object).where(self.frame.notna(), None).to_dict("records")
        return [plain(record) for record in records]


def tick_table(ticks: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Ticks as a table: the columns that all have, then the metrics in order of appearance."""
    names = dict.fromkeys(name for tick in ticks for name in tick)
    metrics = [name for name in names if name not in TICK_COLUMNS]
    table = pd.DataFrame(ticks, columns=[*TICK_COLUMNS, *metrics])
    return table.astype({**TICK_COLUMNS, **dict.fromkeys(metrics, "float64")})
