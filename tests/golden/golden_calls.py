"""Every call of dimscope that makes golden numbers: where a name changes, it changes here only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import dimscope as ds
from dimscope.errors import InputError
from dimscope.estimators import ESTIMATORS


def fit_one(x: np.ndarray, name: str) -> ds.DimensionEstimate:
    """The estimate of one method with its defaults."""
    estimator = ESTIMATORS[name]()
    estimator.fit(x)  # type: ignore[attr-defined]
    return estimator.estimate_  # type: ignore[attr-defined, no-any-return]


def estimate_jointly(x: np.ndarray, names: Sequence[str]) -> Mapping[str, ds.DimensionEstimate]:
    """The estimates of several methods that share one search."""
    return ds.estimate(x, list(names))


def profile_array(x: np.ndarray, names: Sequence[str]) -> ds.Profile:
    """The profile of an array, as the input of a network that does nothing."""
    network = torch.nn.Sequential(torch.nn.Identity())
    return ds.profile(
        network, torch.from_numpy(x), layers=["input"], methods=list(names), progress=False
    )


def method_names() -> tuple[str, ...]:
    """The names of all estimators that have no needs of their own."""
    return tuple(ESTIMATORS)


def refusal_of(make: Callable[[], Any]) -> Any:
    """What ``make`` returns, or the message of the InputError that it raises."""
    try:
        return make()
    except InputError as error:
        return f"InputError: {error}"


def profile_network(loaded: Any, images: Any, layers: Sequence[str], n_samples: int) -> ds.Profile:
    """The profile of a network as the demo makes it, of some layers."""
    return ds.profile(
        loaded.model,
        images.transformed(loaded.preprocess),
        layers=list(layers),
        n_samples=n_samples,
        label=loaded.label,
        rng=0,
        batch_size=16,
        progress=False,
    )


def open_tracker(model: Any, x: Any, out: Path, **options: Any) -> ds.Tracker:
    """A tracker of the tiny run."""
    return ds.Tracker(
        model, x, out, schedule=[0, 2, 5, 12], curves=("scale", "spectrum"), progress=False,
        **options,
    )  # fmt: skip


def run_clusters(out: Path) -> pd.DataFrame:
    """The shortest run of the study of clusters."""
    return ds.studies.run_recipe(
        "recanatesi/noise_clusters", out, n_seeds=3, training_time=0.04, n_workers=1, progress=False
    )


def scale_curves(x: np.ndarray) -> ds.ScaleCurves:
    """Dimension against scale by all methods."""
    return ds.scale_curve(x)


def local_values(x: np.ndarray) -> dict[str, np.ndarray]:
    """Neighbours, and local dimensions from them, as they are and smoothed."""
    graph = ds.NeighborGraph.from_points(x, 50)
    found = {
        "distances": graph.distances,
        "indices": graph.indices,
        "original_rows": graph.original_rows,
    }
    for estimator in (ds.LevinaBickel(), ds.LocalPCA()):
        local = estimator.estimate_local(graph)
        found[f"{estimator.name} local"] = local.values
        found[f"{estimator.name} smooth"] = ds.smooth_local(local, graph).values
        found[f"{estimator.name} by_row"] = ds.local_by_row(local, graph)
    return found


def spectrum_of(x: np.ndarray) -> ds.Spectrum:
    """The spectrum of an array."""
    return ds.Spectrum.from_points(x)
