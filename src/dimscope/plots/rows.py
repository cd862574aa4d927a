"""The rows of a profile that a figure shows, with their error bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.plots.names import Run, calibrated_methods, subject_label
from dimscope.results import TICK_COLUMNS, Tables

_LOG_RANGE = 20.0
#: Standard errors on either side of a value that make a 95 % interval of a normal law.
Z95 = 1.96


def rows_of(profile: Tables, curve: str) -> pd.DataFrame:
    """The rows of a curve, with the names that a figure shows.

    The column ``method`` includes the setting if there are several, the column ``model`` the
    control or the class; ``network`` is the bare label of the model.

    Raises
    ------
    InputError
        If there is no such curve.
    """
    rows = profile.rows(curve)
    names = rows["model"].copy()
    apart = (rows["sample"] != "data") | rows["group"].notna()
    names[apart] = [subject_label(row) for row in rows[apart].to_dict("records")]
    return rows.assign(method=rows["key"], network=rows["model"], model=names)


def estimate_rows(profile: Tables, methods: Sequence[str] | None = None) -> pd.DataFrame:
    """Select the estimates by ``methods``, with the bounds of their error bars.

    By default all methods that measure a dimension: what has the family ``"other"``, such as the
    tangent spectra of controls, is left out unless there is nothing else.

    Raises
    ------
    InputError
        If there is no estimate, none by one of ``methods``, or none with a known value.
    """
    known = profile.methods()
    if not known:
        raise InputError("the profile has no estimate rows: measure at least one layer")
    chosen = known if methods is None else list(methods)
    missing = [method for method in chosen if method not in known]
    if missing or not chosen:
        what = f"by {missing[0]!r}" if missing else "by no method"
        raise InputError(f"the profile has no estimates {what}: choose from {', '.join(known)}")
    frame = rows_of(profile, "estimate")
    frame = frame[frame["method"].isin(chosen)]
    dimensions = frame[frame["family"] != "other"]
    return _with_bounds(
        frame if methods is not None or dimensions.empty else dimensions, "estimate"
    )


def data_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Select the rows of the data, without those of controls."""
    return frame[frame["sample"] == "data"]


def curve_rows(
    profile: Tables,
    curve: str,
    *,
    method: str | None = None,
    model: str | None = None,
    layers: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Select one model's rows of a curve at its last step, by layer, with error bounds.

    Parameters
    ----------
    profile
        What was measured.
    curve
        One of `dimscope.results.CURVES`.
    method, model
        By default the first that the curve has.
    layers
        By default all.

    Raises
    ------
    InputError
        If there is nothing to show.
    """
    frame = rows_of(profile, curve)
    if frame.empty:
        raise InputError(f"the profile has no {curve} rows: measure it with its {curve} curve")
    model_rows = _only(frame, "model", model, curve)
    rows = _only(model_rows, "method", method, curve)
    _require_layers(rows, layers, curve)
    rows = last_step(rows if layers is None else rows[rows["layer"].isin(list(layers))])
    return _with_bounds(rows.sort_values("layer_index", kind="stable"), curve)


def decimation_rows(
    profile: Tables,
    *,
    method: str | None = None,
    model: str | None = None,
    layers: Sequence[str] | None = None,
) -> pd.DataFrame:
    """`curve_rows` of a decimation, with the estimate on all points at the end, by rising N."""
    rows = curve_rows(profile, "decimation", method=method, model=model, layers=layers)
    key = ["model", "layer", "method"]
    estimates = rows_of(profile, "estimate").merge(rows[key].drop_duplicates(), on=key)
    if not estimates.empty:
        rows = pd.concat([rows, _bounded(last_step(estimates))], ignore_index=True)
    rows = rows.drop_duplicates(["layer", "n_samples"])
    return rows.sort_values(["layer_index", "n_samples"], kind="stable")


def all_steps(
    profile: Tables,
    *,
    method: str | None = None,
    model: str | None = None,
    layers: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Select one model's estimates by one method at every training step, by layer and step.

    Raises
    ------
    InputError
        If there is nothing to show, or the model was measured only once.
    """
    frame = _only(rows_of(profile, "estimate"), "model", model, "estimate")
    rows = _only(frame, "method", method, "estimate")
    _require_layers(rows, layers, "estimate")
    rows = rows[rows["step"].notna()]
    if layers is not None:
        rows = rows[rows["layer"].isin(list(layers))]
    if rows.empty:
        raise InputError(
            "the profile has no training steps: measure with a Tracker, or `dimscope track`"
        )
    rows = rows.astype({"step": "int64"}).sort_values(["layer_index", "step"], kind="stable")
    return _with_bounds(rows, "estimate")


def metric_names(profile: Tables, model: str, metrics: Sequence[str] | None) -> list[str]:
    """Check the metrics asked for; the default is all that any tick of ``model`` has.

    The default leaves out a tracker's means since the tick before, such as ``mean_loss``, where
    the metric itself, such as ``loss``, is there.

    Raises
    ------
    InputError
        If no tick of the model has one of the metrics asked for.
    """
    ticks = profile.ticks[profile.ticks["model"] == model]
    known = [
        str(name)
        for name in ticks.columns
        if name not in TICK_COLUMNS and ticks[name].notna().any()
    ]
    for name in metrics or ():
        if name not in known:
            raise InputError(
                f"no tick of {model!r} has the metric {name!r}: choose from "
                f"{', '.join(known) or 'none; give metrics to Tracker.step or Tracker.epoch'}"
            )
    if metrics is not None:
        return list(metrics)
    return [name for name in known if name.removeprefix("mean_") not in {*known} - {name}]


def _require_layers(rows: pd.DataFrame, layers: Sequence[str] | None, curve: str) -> None:
    for layer in layers or ():
        if layer not in set(rows["layer"]):
            names = ", ".join(dict.fromkeys(rows["layer"]))
            raise InputError(f"no {curve} rows for the layer {layer!r}: choose from {names}")


def _only(frame: pd.DataFrame, column: str, value: str | None, curve: str) -> pd.DataFrame:
    values = list(dict.fromkeys(frame[column]))
    chosen = values[0] if value is None else value
    if chosen not in values:
        raise InputError(
            f"no {curve} rows for the {column} {chosen!r}: choose from {', '.join(values)}"
        )
    return frame[frame[column] == chosen]


def last_step(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep each model's rows of its last training step; of a model without steps, all rows."""
    last = frame.groupby("model")["step"].transform("max")
    return frame[last.isna() | (frame["step"] == last).fillna(False)]


def _with_bounds(frame: pd.DataFrame, curve: str) -> pd.DataFrame:
    if not frame["value"].notna().any():
        raise InputError(
            f"every value of the {curve} rows asked for is unknown: the column 'notes' says why"
        )
    return _bounded(frame)


def _bounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the 95 % bounds ``low`` and ``high``: the interval, else 1.96 standard errors.

    A lower bound below a hundredth of the value is raised to that, as a logarithmic axis has no
    zero. An interval with a lower end only has no upper one.
    """
    value, reach = frame["value"], Z95 * frame["stderr"]
    low = frame["interval_low"].fillna(value - reach).clip(lower=0.01 * value)
    return frame.assign(low=low, high=frame["interval_high"].fillna(value + reach))


def unresolved(rows: pd.DataFrame) -> pd.Series:
    """Whether the number of points cannot resolve each value: it lies above its ceiling."""
    return (rows["value"] > rows["ceiling"]).fillna(False).astype(bool)


def bounded_by(rows: pd.DataFrame, top: float) -> pd.DataFrame:
    """End bands at the top of a figure that go beyond it, or that have a lower end only."""
    opened = rows["interval_low"].notna() & rows["interval_high"].isna()
    return rows.assign(high=rows["high"].mask(opened, top).clip(upper=top))


def top_of(frame: pd.DataFrame) -> float:
    """The end of a vertical axis that shows all values, and all intervals that are not calibrated.

    Calibrated ones can be far wider than what they are about.
    """
    raw = frame.loc[~frame["method"].isin(calibrated_methods(frame)), "high"]
    return 1.08 * float(pd.concat([frame["value"], raw]).max())


def runs_of(frame: pd.DataFrame) -> Iterator[tuple[Run, pd.DataFrame]]:
    """Yield the rows of each model and step, in order of appearance, ordered by layer."""
    groups: Any = frame.groupby(["model", "step"], sort=False, dropna=False)
    for (model, step), rows in groups:
        run = (model, None if pd.isna(step) else int(step))
        yield run, rows.sort_values("layer_index", kind="stable")


def runs_of_data(frame: pd.DataFrame) -> list[Run]:
    """List the models and steps that went through data; where there are only controls, these."""
    data = data_rows(frame)
    return [run for run, _ in runs_of(frame if data.empty else data)]


def needs_log(values: pd.Series) -> bool:
    """Whether positive values span too large a factor for a linear axis."""
    positive = values[values > 0]
    return bool(len(positive)) and bool(positive.max() > _LOG_RANGE * positive.min())
