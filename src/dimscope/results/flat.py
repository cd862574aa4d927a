"""The flat table of a profile: values and curves as tidy rows, and typed rows from such rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from dimscope.errors import InputError
from dimscope.results.notes import Note, joined
from dimscope.results.quantities import VARIANCE_SHARE, ErrorKind, Quantity, keyed
from dimscope.results.rows import CurvePoint, Layer, Subject, Value

#: The columns of `Profile.to_frame` with their types, in order.
PROFILE_COLUMNS: Mapping[str, str] = {
    "model": "string",  # label of the model
    "step": "Int64",  # training step; missing when the model was measured once
    "layer": "string",
    "layer_index": "int64",  # order of execution among the layers measured, 0 first
    "relative_depth": "float64",  # share of conv and linear transformations before the layer
    "n_features": "int64",  # ambient dimension of the representation
    "curve": "string",  # one of CURVES
    "method": "string",  # registry name; "eigenvalue" on spectrum rows
    "n_samples": "int64",  # points that entered (each block, on decimation rows)
    "n_blocks": "int64",  # disjoint blocks averaged; 1 unless decimation
    "rank": "Int64",  # outer neighbour rank n2, index of an eigenvalue from 1, or n_neighbors
    "value": "float64",  # dimension; on spectrum rows the share of the total variance
    "stderr": "float64",
    "interval_low": "float64",
    "interval_high": "float64",
    "scale": "float64",  # distance, units of the representation
    "n_duplicates": "int64",
    "ceiling": "float64",
    "notes": "string",  # sentences joined by a space
    "sample": "string",  # "data", or the control that went through the network
    "group": "string",  # the class of the samples; missing for all
    "setting": "string",  # parameters of the method that are not at their defaults
    "n_near_copies": "Int64",  # rows that nearly repeat another; missing where nobody counted
    "n_groups": "Int64",  # groups of rows that depend on each other; missing where none are given
    "replicate": "int64",  # number of the draw, of controls that are drawn several times
    "family": "string",  # of what the method measures: intrinsic, linear or other
}

#: What `Profile.to_frame` calls a curve, by its axis; estimates have no axis.
_CURVE_OF_AXIS = {
    "n_samples": "decimation",
    "rank": "scale",
    "component": "spectrum",
    "true_dimension": "response",
    "n_neighbors": "neighbors",
}
_AXIS_OF_CURVE = {curve: axis for axis, curve in _CURVE_OF_AXIS.items()}
CURVES = ("estimate", *_AXIS_OF_CURVE)

_PLACE = ["model", "step", "layer", "pooling", "data"]
_SUBJECT = [*_PLACE, "sample", "replicate", "group"]
#: Axes whose position is in the column ``rank``; that of a decimation is ``n_samples``.
_RANKED = ("rank", "component", "n_neighbors")

#: The columns without which a flat row says nothing.
_NEEDED = ("model", "layer", "layer_index", "n_features", "curve", "method", "n_samples")

#: Finds the family and the title of a method by its name.
Lookup = Callable[[str], Quantity]


def wide_table(layers: pd.DataFrame, values: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Merge values and curves with the depth and width of their layers.

    Rows follow the order of the layers. Within a layer come first the methods, each estimate
    followed by its decimation, then the scale curve and the spectrum. The column ``key`` names the
    method, with its setting if the method was used with several; ``label`` is its title, with its
    setting if that is not the default.
    """
    estimates = values.assign(curve="estimate", n_blocks=1)
    points = curves.assign(
        curve=curves["axis"].map(_CURVE_OF_AXIS),
        rank=curves["at"].where(curves["axis"].isin(_RANKED)),
        n_duplicates=0,
    )
    estimates["notes"] = [
        joined([*notes, *([] if pd.isna(problem) else [problem])])
        for notes, problem in zip(values["notes"], values["problem"], strict=True)
    ]
    whole = pd.concat([estimates.astype(object), points.astype(object)], ignore_index=True)
    whole = whole.rename(columns={"low": "interval_low", "high": "interval_high"})
    places = layers.rename(columns={"index": "layer_index"}).assign(place=range(len(layers)))
    whole = whole.merge(places.astype(object), on=_PLACE, how="left")
    several = _with_several_settings(values)
    whole["key"] = [
        keyed(method, setting) if method in several else method
        for method, setting in zip(whole["method"], whole["setting"], strict=True)
    ]
    whole["label"] = [
        f"{title} ({setting})" if setting else title
        for title, setting in zip(whole["title"], whole["setting"], strict=True)
    ]
    whole = _typed(whole)
    return whole.iloc[_flat_order(whole)].drop(columns="place").reset_index(drop=True)


def _with_several_settings(values: pd.DataFrame) -> set[str]:
    """List the methods that were used with more than one setting."""
    counts = values.groupby("method")["setting"].nunique()
    return set(counts.index[counts > 1])


def flat_table(wide: pd.DataFrame) -> pd.DataFrame:
    """Select the columns of `PROFILE_COLUMNS`."""
    return wide[list(PROFILE_COLUMNS)].astype(dict(PROFILE_COLUMNS)).reset_index(drop=True)


def typed_rows(
    rows: Iterable[Mapping[str, Any]], lookup: Lookup, provenance: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """Turn flat rows, as `Profile.to_frame` gives them, into typed rows, by table.

    Parameters
    ----------
    rows
        Mappings with keys of `PROFILE_COLUMNS`; an absent key is a missing value.
    lookup
        Finds the family and the title of a method by its name.
    provenance
        For each model, the pooling and the hash of the data, which flat rows do not have.

    Raises
    ------
    InputError
        If a column or a curve is unknown, or a needed value is missing.
    """
    listed = [{k: _known(v) for k, v in row.items()} for row in rows]
    for row in listed:
        _require_known(row)
    decimated = {_identity(row) for row in listed if row["curve"] == "decimation"}
    found: dict[str, list[Any]] = {"layers": [], "values": [], "curves": []}
    for row in listed:
        subject = _subject_of(row, provenance.get(row["model"], {}))
        found["layers"].append(_layer_of(row, subject))
        if row["curve"] == "estimate":
            by_blocks = _identity(row) in decimated and row.get("stderr") is not None
            kind: ErrorKind | None = "blocks" if by_blocks else None
            found["values"].append(_value_of(row, subject, lookup, kind))
        else:
            found["curves"].append(_point_of(row, subject, lookup))
    found["layers"] = list(dict.fromkeys(found["layers"]))
    return found


def _require_known(row: Mapping[str, Any]) -> None:
    if unknown := [name for name in row if name not in PROFILE_COLUMNS]:
        raise InputError(
            f"unknown column {unknown[0]!r}: the columns of a profile are "
            f"{', '.join(PROFILE_COLUMNS)}"
        )
    if missing := [name for name in _NEEDED if row.get(name) is None]:
        raise InputError(
            f"a row of a profile has no {missing[0]!r}: every row needs {', '.join(_NEEDED)}"
        )
    if row["curve"] not in CURVES:
        raise InputError(f"unknown curve {row['curve']!r}: choose one of {', '.join(CURVES)}")


def _subject_of(row: Mapping[str, Any], facts: Mapping[str, Any]) -> Subject:
    pooling, data = facts.get("pooling"), facts.get("data_hash")
    return Subject(
        model=row["model"],
        step=row.get("step"),
        layer=row["layer"],
        pooling=pooling if isinstance(pooling, str) else None,
        data=data[:12] if isinstance(data, str) else None,
        sample=row.get("sample") or "data",
        replicate=row.get("replicate") or 0,
        group=row.get("group"),
    )


def _layer_of(row: Mapping[str, Any], subject: Subject) -> Layer:
    place = {name: getattr(subject, name) for name in _PLACE}
    return Layer(
        **place,
        index=row["layer_index"],
        relative_depth=row.get("relative_depth"),
        n_features=row["n_features"],
    )


def _value_of(
    row: Mapping[str, Any], subject: Subject, lookup: Lookup, error_kind: ErrorKind | None
) -> Value:
    text = row.get("notes")
    return Value(
        subject=subject,
        quantity=_quantity_of(row, lookup),
        value=row.get("value"),
        stderr=row.get("stderr"),
        low=row.get("interval_low"),
        high=row.get("interval_high"),
        error_kind=error_kind,
        scale=row.get("scale"),
        n_samples=row["n_samples"],
        n_duplicates=row.get("n_duplicates", 0),
        n_near_copies=row.get("n_near_copies"),
        n_groups=row.get("n_groups"),
        ceiling=row.get("ceiling"),
        notes=(Note("unclassified", text),) if text else (),
    )


def _point_of(row: Mapping[str, Any], subject: Subject, lookup: Lookup) -> CurvePoint:
    axis: Any = _AXIS_OF_CURVE[row["curve"]]
    if axis == "true_dimension":
        raise InputError(
            "flat rows of the curve 'response' do not say of which true dimension they are: take "
            "them from the table 'curves' of the profile"
        )
    at: Any = row.get("rank") if axis in _RANKED else row["n_samples"]
    return CurvePoint(
        subject=subject,
        quantity=_quantity_of(row, lookup),
        axis=axis,
        at=at,
        value=row.get("value"),
        stderr=row.get("stderr"),
        low=row.get("interval_low"),
        high=row.get("interval_high"),
        scale=row.get("scale"),
        n_samples=row["n_samples"],
        n_blocks=row.get("n_blocks", 1),
    )


def _quantity_of(row: Mapping[str, Any], lookup: Lookup) -> Quantity:
    if row["curve"] == "spectrum":
        return VARIANCE_SHARE
    known = lookup(row["method"])
    family = row.get("family") or known.family
    return replace(known, family=family, setting=row.get("setting") or "")


def _identity(row: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("model", "step", "layer", "method", "setting", "sample", "replicate", "group")
    return tuple(row.get(name) for name in names)


def _known(value: Any) -> Any:
    """Return a plain Python value; None for every missing value of pandas."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is pd.NA or value is None or value != value else value  # noqa: PLR0124


def _flat_order(whole: pd.DataFrame) -> np.ndarray:
    """Positions of the rows, ordered by layer, then subject, then method, then curve."""
    of_method = whole["curve"].isin(["estimate", "decimation"])
    subject = whole.groupby(_SUBJECT, dropna=False, sort=False).ngroup()
    method = whole["key"].groupby([subject, whole["key"]], sort=False).ngroup()
    return np.lexsort(
        (method.where(of_method, 0), ~of_method, subject, whole["place"].astype(float))
    )


def _typed(whole: pd.DataFrame) -> pd.DataFrame:
    known = {name: kind for name, kind in PROFILE_COLUMNS.items() if name in whole}
    text = ("key", "label", "title", "error_kind", "pooling", "data", "problem")
    return whole.astype({**known, **dict.fromkeys(text, "string")})
