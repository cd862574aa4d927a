"""Frozen results: what an estimate is, with its uncertainty, and the table of many (Profile)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from dimscope._format import with_error
from dimscope.errors import InputError, StoreError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMA_VERSION = 1
_TICKS = "ticks.parquet"


def plain(value: Any) -> Any:
    """``value`` as JSON knows it: NumPy scalars and arrays unwrapped, nan and inf as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


@dataclass(frozen=True, kw_only=True)
class DimensionEstimate:
    """One dimension, with what is needed to judge it. Unknown is None, never 0.

    Attributes
    ----------
    value
        The estimated dimension; None where the data do not determine it (the notes say why).
    stderr
        Its standard error, as `method` documents it.
    interval
        95 % interval (low, high).
    scale
        The distance at which the dimension was seen, in the units of the input: the mean distance
        to the farthest neighbour used. None for linear (spectral) dimensions.
    n_samples
        Points that entered the estimate.
    n_duplicates
        Rows left out before the search because they repeat another row exactly.
    ceiling
        The largest value that this many points can resolve; None while it is not known.
    notes
        What a careful reader must know, a sentence each.
    method
        Registry name of the estimator, such as ``"two_nn"``.
    parameters
        The estimator's parameters, and the neighbour ranks ``n1 < n2`` that it used.
    """

    value: float | None
    stderr: float | None
    interval: tuple[float, float] | None
    scale: float | None
    n_samples: int
    n_duplicates: int
    ceiling: float | None = None
    notes: tuple[str, ...] = ()
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        value = "unknown" if self.value is None else with_error(self.value, self.stderr)
        return f"{self.method}: {value} (N = {self.n_samples})"


@dataclass(frozen=True, kw_only=True)
class LocalEstimate:
    """A dimension for every point.

    Attributes
    ----------
    values
        One dimension for each point of the graph; nan where a point has none.
    n_neighbors
        Neighbours used around each point.
    method, parameters
        As in `DimensionEstimate`.
    """

    values: Float[np.ndarray, " n_samples"]
    n_neighbors: int
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ScaleCurve:
    """Dimension against scale.

    Attributes
    ----------
    scales
        Mean distance to the outer neighbour of each step, in the units of the input.
    values, stderrs
        Dimension and its standard error at each scale; nan where there is none.
    n1, n2
        The neighbour ranks compared at each step.
    n_samples
        Points that entered.
    method
        Registry name of the estimator.
    n_points
        Points among which neighbours were counted at each scale, where they are blocks of all;
        None where they are all.
    """

    scales: Float[np.ndarray, " n_scales"]
    values: Float[np.ndarray, " n_scales"]
    stderrs: Float[np.ndarray, " n_scales"]
    n1: Int[np.ndarray, " n_scales"]
    n2: Int[np.ndarray, " n_scales"]
    n_samples: int
    method: str
    n_points: Int[np.ndarray, " n_scales"] | None = None

    @property
    def sizes(self) -> Int[np.ndarray, " n_scales"]:
        """Points among which neighbours were counted at each scale."""
        return np.full(len(self.scales), self.n_samples) if self.n_points is None else self.n_points


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
class Profile:
    """The dimension of many layers: one tidy table, and where it came from.

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
    ticks: pd.DataFrame = field(default_factory=lambda: _tick_table([]))

    @classmethod
    def from_rows(
        cls,
        rows: Sequence[Mapping[str, Any]],
        provenance: Mapping[str, Any],
        ticks: Sequence[Mapping[str, Any]] = (),
    ) -> Self:
        """A profile of ``rows``; columns that a row leaves out are missing values."""
        frame = pd.DataFrame(rows, columns=list(PROFILE_COLUMNS))
        return cls(
            frame=frame.astype(dict(PROFILE_COLUMNS)),
            provenance=dict(provenance),
            ticks=_tick_table(ticks),
        )

    @classmethod
    def join(cls, *profiles: Profile) -> Self:
        """Several profiles as one, to be shown and compared side by side.

        Raises
        ------
        InputError
            If there is none, or two of them use the same model label for the same layer and step.
        """
        if not profiles:
            raise InputError("nothing to join: give at least one profile")
        key = ["model", "step", "layer"]
        measured = pd.concat([p.frame[key].drop_duplicates() for p in profiles])
        shared = measured.loc[measured.duplicated(), "model"]
        if len(shared):
            raise InputError(
                f"two profiles share the model label {shared.iloc[0]!r}: give each its own label"
            )
        frame = pd.concat([profile.frame for profile in profiles], ignore_index=True)
        provenance: dict[str, Any] = {}
        for profile in profiles:
            provenance.update(profile.provenance)
        ticks: list[dict[Any, Any]] = []
        for profile in profiles:
            ticks += profile.ticks.to_dict("records")
        return cls(frame=frame, provenance=provenance, ticks=_tick_table(ticks))

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

    def save(self, directory: str | Path) -> Path:
        """Write ``profile.parquet`` and ``provenance.json`` into ``directory``.

        Where there are ticks, ``ticks.parquet`` too.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        directory = Path(directory)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self.frame.to_parquet(directory / "profile.parquet", index=False)
            if len(self.ticks):
                self.ticks.to_parquet(directory / _TICKS, index=False)
            text = json.dumps(
                {"schema": SCHEMA_VERSION, "models": plain(self.provenance)}, indent=1
            )
            (directory / "provenance.json").write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot write the profile to {directory}: {error}") from error
        return directory

    @classmethod
    def load(cls, directory: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If there is no profile there, or a newer dimscope wrote it.
        """
        directory = Path(directory)
        try:
            head = json.loads((directory / "provenance.json").read_text(encoding="utf-8"))
            frame = pd.read_parquet(directory / "profile.parquet")
            has_ticks = (directory / _TICKS).exists()
            ticks = pd.read_parquet(directory / _TICKS) if has_ticks else _tick_table([])
            schema, provenance = head["schema"], head["models"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"no readable profile in {directory}: {error}") from error
        if schema > SCHEMA_VERSION:
            raise InputError(
                f"the profile in {directory} has schema {schema}, this dimscope reads up to "
                f"{SCHEMA_VERSION}: upgrade dimscope"
            )
        return cls(frame=frame.astype(dict(PROFILE_COLUMNS)), provenance=provenance, ticks=ticks)

    def plot(self, methods: Sequence[str] | None = None, *, ax: Axes | None = None) -> Axes:
        """Dimension against relative depth; see `dimscope.plots.plot_profile`."""
        from dimscope.plots import plot_profile  # noqa: PLC0415 - results must not load matplotlib

        return plot_profile(self, methods, ax=ax)

    def report(self, path: str | Path) -> Path:
        """One self-contained interactive HTML file; see `dimscope.report.write_report`."""
        from dimscope.report import write_report  # noqa: PLC0415 - results must not load Plotly

        return write_report(self, path)


def _tick_table(ticks: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Ticks as a table: the columns that all have, then the metrics in order of appearance."""
    names = dict.fromkeys(name for tick in ticks for name in tick)
    metrics = [name for name in names if name not in TICK_COLUMNS]
    table = pd.DataFrame(ticks, columns=[*TICK_COLUMNS, *metrics])
    return table.astype({**TICK_COLUMNS, **dict.fromkeys(metrics, "float64")})
