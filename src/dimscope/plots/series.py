"""What a figure shows, whichever library draws it: rows, names, colours, positions and bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from dimscope.errors import InputError
from dimscope.results import TICK_COLUMNS, Tables

#: A model and its training step (None when it was measured once).
Run = tuple[str, int | None]

METHOD_LABELS: Mapping[str, str] = {
    "two_nn": "TwoNN",
    "two_nn_mle": "TwoNN (ML)",
    "two_nn_bayes": "TwoNN (Bayes)",
    "gride": "Gride",
    "levina_bickel": "Levina–Bickel",
    "mom": "MOM",
    "mada": "MADA",
    "mind_mlk": "MiND-MLk",
    "mind_mli": "MiND-MLi",
    "correlation_integral": "Correlation integral",
    "correlation_dimension": "Correlation dimension",
    "local_pca": "Local PCA",
    "abid": "ABID",
    "tle": "TLE",
    "ess": "ESS",
    "mst_dimension": "MST dimension",
    "knn_graph_dimension": "kNN graph dimension",
    "geodesic": "Geodesic",
    "participation_ratio": "Participation ratio",
    "pca_dimension": "PCA dimension",
    "stable_rank": "Stable rank",
    "effective_rank": "Effective rank",
    "danco": "DANCo",
    "i3d": "I3D",
    "bid": "BID",
    "ca_pca": "CA-PCA",
    "fisher_s": "FisherS",
}
LINEAR_METHODS = frozenset(
    {"participation_ratio", "pca_dimension", "stable_rank", "effective_rank"}
)

#: Okabe and Ito's colours, which colour-blind readers tell apart; without black and yellow, which
#: vanish on a dark or a light ground.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C8C")
#: First to last layer: blue to amber, lightness rising, readable on light and dark ground.
_DEPTH_RAMP = ("#2B5FA8", "#8364B0", "#CF5A6B", "#E8A02C")

_LOG_RANGE = 20.0
_Z95 = 1.96


def method_label(method: str) -> str:
    """Name of a method for readers; a method not known here is shown by its registry name.

    Examples
    --------
    >>> method_label("two_nn"), method_label("box_dimension")
    ('TwoNN', 'Box dimension')
    """
    words = method.replace("_", " ")
    return METHOD_LABELS.get(method, words[:1].upper() + words[1:])


def run_label(run: Run) -> str:
    """Name of a model, with its training step where there is one."""
    model, step = run
    return model if step is None else f"{model}, step {step:,}"


def shorten(name: str, width: int = 22) -> str:
    """``name`` cut in the middle, where layer names carry the least.

    Examples
    --------
    >>> shorten("encoder.layer.11.attention.output.dense", 16)
    'encoder…ut.dense'
    """
    if len(name) <= width:
        return name
    head = width // 2 - 1
    return f"{name[:head]}…{name[head + 1 - width :]}"


def linear_methods(frame: pd.DataFrame) -> set[str]:
    """Find the methods among ``frame``'s estimates that measure variance, not distances.

    A method not known here is linear if no estimate of it has a scale.
    """
    scaled = frame.groupby("method", sort=False)["scale"].count()
    unknown = {method for method, count in scaled.items() if count == 0} - METHOD_LABELS.keys()
    return {str(method) for method in unknown} | (LINEAR_METHODS & set(frame["method"]))


def estimate_rows(profile: Tables, methods: Sequence[str] | None = None) -> pd.DataFrame:
    """Select the estimates by ``methods`` (all by default), with the bounds of their error bars.

    Raises
    ------
    InputError
        If there is none, none by one of ``methods``, or none whose value is known.
    """
    known = profile.methods()
    if not known:
        raise InputError("the profile has no estimate rows: measure at least one layer")
    chosen = known if methods is None else list(methods)
    missing = [method for method in chosen if method not in known]
    if missing or not chosen:
        what = f"by {missing[0]!r}" if missing else "by no method"
        raise InputError(f"the profile has no estimates {what}: choose from {', '.join(known)}")
    frame = profile.to_frame("estimate")
    return _with_bounds(frame[frame["method"].isin(chosen)], "estimate")


def curve_rows(
    profile: Tables,
    curve: str,
    *,
    method: str | None = None,
    model: str | None = None,
    layers: Sequence[str] | None = None,
) -> pd.DataFrame:
    """One model's rows of a curve, at its last step, ordered by layer, with error bounds.

    Parameters
    ----------
    profile, curve
        Where to look, and which of `dimscope.results.CURVES`.
    method, model
        The first that the curve has, by default.
    layers
        All of them by default.

    Raises
    ------
    InputError
        If there is nothing to show.
    """
    frame = profile.to_frame(curve)
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
    """`curve_rows` of a decimation, completed by the estimate on all points, by rising N."""
    rows = curve_rows(profile, "decimation", method=method, model=model, layers=layers)
    key = ["model", "layer", "method"]
    estimates = profile.to_frame("estimate").merge(rows[key].drop_duplicates(), on=key)
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
    """One model's estimates by one method at every training step, ordered by layer and step.

    Raises
    ------
    InputError
        If there is nothing to show, or the model was measured once only.
    """
    frame = _only(profile.to_frame("estimate"), "model", model, "estimate")
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
    """Check the metrics asked for; by default all that some tick of ``model`` has.

    A tracker's means since the tick before, such as ``mean_loss``, are left out unless asked for:
    the metrics that they are of are there.

    Raises
    ------
    InputError
        If no tick of the model has one of them.
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
    """Keep the rows of each model's last training step; all rows of a model measured once."""
    last = frame.groupby("model")["step"].transform("max")
    return frame[last.isna() | (frame["step"] == last).fillna(False)]


def _with_bounds(frame: pd.DataFrame, curve: str) -> pd.DataFrame:
    if not frame["value"].notna().any():
        raise InputError(
            f"every value of the {curve} rows asked for is unknown: the notes column says why"
        )
    return _bounded(frame)


def _bounded(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with 95 % bounds ``low`` and ``high``: the interval, else 1.96 standard errors.

    A lower bound below a hundredth of the value is raised to that: a logarithmic axis has no zero.
    """
    value, reach = frame["value"], _Z95 * frame["stderr"]
    low = frame["interval_low"].fillna(value - reach).clip(lower=0.01 * value)
    return frame.assign(low=low, high=frame["interval_high"].fillna(value + reach))


def runs_of(frame: pd.DataFrame) -> Iterator[tuple[Run, pd.DataFrame]]:
    """Yield the rows of each model and step, in order of appearance, ordered by layer."""
    groups: Any = frame.groupby(["model", "step"], sort=False, dropna=False)
    for (model, step), rows in groups:
        run = (model, None if pd.isna(step) else int(step))
        yield run, rows.sort_values("layer_index", kind="stable")


@dataclass(frozen=True, kw_only=True)
class DepthAxis:
    """Where each layer stands on the horizontal axis.

    Attributes
    ----------
    label
        Title of the axis.
    positions
        By model and layer.
    ticks
        Position and name of the layers to mark; empty where the axis is numeric.
    """

    label: str
    positions: Mapping[tuple[str, str], float]
    ticks: tuple[tuple[float, str], ...]

    def place(self, frame: pd.DataFrame) -> list[float]:
        """Look up the position of each row of ``frame``."""
        keys = zip(frame["model"], frame["layer"], strict=True)
        return [self.positions[key] for key in keys]


def depth_axis(frame: pd.DataFrame, *, max_ticks: int = 30) -> DepthAxis:
    """Layers by name where all models share them, else by relative depth."""
    layers = frame.drop_duplicates(["model", "layer"]).sort_values("layer_index", kind="stable")
    by_model = {str(model): rows for model, rows in layers.groupby("model", sort=False)}
    names = [rows["layer"].tolist() for rows in by_model.values()]
    if all(other == names[0] for other in names):
        positions = {
            (model, layer): float(i) for model in by_model for i, layer in enumerate(names[0])
        }
        step = -(-len(names[0]) // max_ticks)
        ticks = tuple((float(i), shorten(name)) for i, name in enumerate(names[0]))[::step]
        return DepthAxis(label="layer", positions=positions, ticks=ticks)
    positions = {
        (model, layer): float(x)
        for model, rows in by_model.items()
        for layer, x in zip(rows["layer"], spread(rows["relative_depth"].to_numpy()), strict=True)
    }
    return DepthAxis(label="relative depth", positions=positions, ticks=())


def spread(depths: Float[np.ndarray, " n_layers"]) -> Float[np.ndarray, " n_layers"]:
    """Depths with ties set side by side, evenly up to the next depth, so that no two coincide.

    Examples
    --------
    >>> spread(np.array([0.0, 0.5, 0.5, 1.0])).tolist()
    [0.0, 0.5, 0.75, 1.0]
    """
    distinct, group, counts = np.unique(depths, return_inverse=True, return_counts=True)
    gaps = np.diff(distinct)
    gaps = np.append(gaps, gaps[-1] if gaps.size else 1.0)
    place = pd.Series(depths).groupby(group).cumcount().to_numpy()
    shifted: np.ndarray = depths + gaps[group] * place / counts[group]
    return shifted


def needs_log(values: pd.Series) -> bool:
    """Whether positive values spread too far for a linear axis."""
    positive = values[values > 0]
    return bool(len(positive)) and bool(positive.max() > _LOG_RANGE * positive.min())


def run_colors(runs: Sequence[Run]) -> dict[Run, str]:
    """Choose a colour for each model; earlier steps of one model are paler."""
    models = dict(zip(dict.fromkeys(model for model, _ in runs), cycle(PALETTE), strict=False))
    colors: dict[Run, str] = {}
    for model, color in models.items():
        own = sorted((run for run in runs if run[0] == model), key=lambda run: run[1] or 0)
        for place, run in enumerate(own, start=1):
            colors[run] = _blend("#D5D9E0", color, place / len(own))
    return colors


def layer_colors(n_layers: int) -> list[str]:
    """Choose a colour for each layer, running evenly from the first to the last.

    Examples
    --------
    >>> layer_colors(2)
    ['#2B5FA8', '#E8A02C']
    """
    spans = len(_DEPTH_RAMP) - 1
    colors = []
    for place in np.linspace(0, spans, n_layers):
        start = min(int(place), spans - 1)
        colors.append(_blend(_DEPTH_RAMP[start], _DEPTH_RAMP[start + 1], place - start))
    return colors


def _blend(first: str, second: str, share: float) -> str:
    """Two hexadecimal colours mixed: ``share`` of the second."""
    channels = zip(bytes.fromhex(first[1:]), bytes.fromhex(second[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in channels)
