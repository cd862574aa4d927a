"""Synthetic profiles: twelve layers of networks, with every curve and a few unknown values.

The fixtures at the end are those of tests/plots and tests/report, whose conftest.py import them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dimscope.profiling import Profile

LAYERS = {  # name: (relative depth, features, intrinsic dimension)
    "input": (0.0, 3072, 13.0),
    "conv1": (1 / 8, 65536, 19.5),
    "pool1": (1 / 8, 16384, 21.0),
    "conv2": (2 / 8, 32768, 28.5),
    "pool2": (2 / 8, 8192, 31.0),
    "conv3": (3 / 8, 16384, 36.5),
    "conv4": (4 / 8, 16384, 38.0),
    "pool4": (4 / 8, 4096, 36.0),
    "conv5": (5 / 8, 4096, 27.0),
    "pool5": (5 / 8, 1024, 22.0),
    "fc1": (7 / 8, 256, 12.5),
    "fc2": (1.0, 10, 6.2),
}
N_SAMPLES = 2000
BIASES = {"two_nn": 1.0, "gride": 0.93, "levina_bickel": 0.88}
LINEAR = {"participation_ratio": 0.9, "pca_dimension": 5.5}


def _estimate_rows(layer: dict[str, Any], dimension: float) -> list[dict[str, Any]]:
    rows = []
    for method, bias in BIASES.items():
        stderr = 0.022 * bias * dimension
        row = {"method": method, "value": bias * dimension, "stderr": stderr, "scale": 8.5}
        rows.append(layer | row | {"curve": "estimate"})
    for method, factor in LINEAR.items():
        value = min(factor * dimension**1.1, 0.9 * layer["n_features"])
        rows.append(layer | {"curve": "estimate", "method": method, "value": value})
    return rows


def _curve_rows(layer: dict[str, Any], dimension: float) -> list[dict[str, Any]]:
    rows = []
    for halvings in range(4):
        blocks = 2**halvings
        samples = N_SAMPLES // blocks
        value = dimension * (1 - 0.05 * halvings)
        row = {"curve": "decimation", "method": "two_nn", "n_blocks": blocks, "value": value}
        rows.append(layer | row | {"n_samples": samples, "stderr": value / samples**0.5})
    for step in range(1, 7):
        value = dimension * (1 - 0.035 * step)
        row = {"curve": "scale", "method": "gride", "rank": 2**step, "value": value}
        rows.append(layer | row | {"stderr": 0.015 * value, "scale": 4 * 1.15**step})
    shares = np.arange(1.0, min(layer["n_features"], 200) + 1) ** (-2.6 + 0.045 * dimension)
    for rank, share in enumerate(shares / shares.sum(), start=1):
        row = {"curve": "spectrum", "method": "eigenvalue", "rank": rank, "value": share}
        rows.append(layer | row)
    return rows


def build_profile(
    *models: str,
    layers: tuple[str, ...] = tuple(LAYERS),
    steps: tuple[int | None, ...] = (None,),
    curves: bool = True,
) -> Profile:
    """The first model has the hunchback, the others are flatter; later steps are more curved."""
    rows = []
    for flatness, model in enumerate(models):
        for place, step in enumerate(steps, start=1):
            weight = place / len(steps) / (1 + 2 * flatness)
            for index, name in enumerate(layers):
                depth, n_features, trained = LAYERS[name]
                dimension = 13 + (trained - 13) * weight
                layer = {
                    "model": model,
                    "step": step,
                    "layer": name,
                    "layer_index": index,
                    "relative_depth": depth,
                    "n_features": n_features,
                    "n_samples": N_SAMPLES,
                    "n_blocks": 1,
                    "n_duplicates": 0,
                    "notes": "",
                }
                rows += _estimate_rows(layer, dimension)
                rows += _curve_rows(layer, dimension) if curves else []
    provenance = {
        model: {"dimscope": "0.1.0", "seed": 0, "settings": {"n_samples": N_SAMPLES}}
        for model in models
    }
    return Profile.from_rows(rows, provenance)


def forget(profile: Profile, layer: str, method: str, *, note: str = "Too few points.") -> Profile:
    """The same profile with one estimate unknown, and a note that says why."""
    frame = profile.to_frame()
    hit = (frame["layer"] == layer) & (frame["method"] == method) & (frame["curve"] == "estimate")
    frame.loc[hit, ["value", "stderr"]] = np.nan
    frame.loc[hit, "notes"] = note
    return Profile.from_frame(frame, profile.provenance)


@pytest.fixture(scope="session")
def build() -> Callable[..., Profile]:
    return build_profile


@pytest.fixture(scope="session")
def unknown() -> Callable[..., Profile]:
    return forget


@pytest.fixture(scope="session")
def profile() -> Profile:
    return forget(build_profile("VGG, trained", "VGG, untrained"), "pool2", "gride")


def with_samples(layers: tuple[str, ...] = ("conv1", "conv4", "fc2")) -> Profile:
    """One network on its data, on two draws of a control, and on the samples of one class."""
    data = build_profile("net", layers=layers)
    rows = data.to_frame()
    control = Profile.from_frame(rows.assign(value=0.5 * rows["value"], sample="affine_d8"))
    cats = Profile.from_frame(rows.assign(value=0.8 * rows["value"], group="cats"))
    return data.add(control, replicate(control, 1), cats)


def replicate(profile: Profile, number: int) -> Profile:
    """The same numbers, as those of another draw of the control."""
    tables = {name: getattr(profile, name) for name in ("values", "curves")}
    drawn = {name: table.assign(replicate=number) for name, table in tables.items()}
    return replace(profile, **drawn)


def with_controls(
    model: str = "net", layers: tuple[str, ...] = ("conv1", "conv4", "fc2")
) -> Profile:
    """One network on its data, and on three draws of a control that reads higher than these."""
    data = build_profile(model, layers=layers)
    rows = data.to_frame("estimate")
    rows = rows[rows["method"].isin(BIASES)]
    draws = [
        replicate(
            Profile.from_frame(rows.assign(value=factor * rows["value"], sample="affine_d8")),
            number,
        )
        for number, factor in enumerate((1.4, 1.5, 1.7))
    ]
    return data.add(*draws)


def with_tangents() -> Profile:
    """One method on the data and on a control, and the tangent rank of the control."""
    frame = with_controls().to_frame("estimate")
    frame = frame[(frame["method"] == "two_nn") & (frame["replicate"] == 0)]
    ranks = frame[frame["sample"] != "data"].assign(
        method="tangent_rank", family="other", value=8.0, n_samples=4
    )
    return Profile.from_frame(pd.concat([frame, ranks]))
