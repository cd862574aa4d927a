"""Golden rows of networks: the demo's layers, a tracked run, a study."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from golden_calls import open_tracker, profile_network, run_clusters
from golden_files import Row, Rows, by_subject, encode_frame, encode_profile
from sklearn.datasets import load_digits
from torch import nn

import dimscope as ds

_LAYERS = ("input", "_blocks.2", "_blocks.7", "_blocks.14", "_avg_pooling", "_fc")
_KEYS = ("model", "step", "layer", "curve", "method", "n_samples", "rank")
_TIMES = ("seconds", "training_seconds")
_OTHERS = {
    "layers": ["input", "3", "4"],
    "methods": ("levina_bickel", "mst_dimension", "pca_dimension"),
}


def demo() -> Rows:
    """The network of the demo on 100 crops of photographs, and its untrained twin on 60."""
    images = ds.load_data("photo_crops", n_samples=100, rng=0)
    rows: Rows = {}
    for untrained, n_samples in ((False, 100), (True, 60)):
        loaded = ds.load_model("efficientnet_lite0", untrained=untrained, rng=0)
        frame = profile_network(loaded, images, _LAYERS, n_samples).to_frame()
        rows |= by_subject(encode_profile(frame), _KEYS)
    return rows


def tracker() -> Rows:
    """A small network that learns digits, tracked by the default methods and by others."""
    rows: Rows = {}
    runs: dict[str, dict[str, Any]] = {"default": {}, "others": _OTHERS}
    for name, options in runs.items():
        with TemporaryDirectory() as folder:
            tracked = _tracked_run(Path(folder), options)
            frame, ticks = tracked.to_frame(None), tracked.profile.ticks
        said = [column for column in ticks if column not in _TIMES]
        measured = frame.drop(columns=[c for c in said if c not in _KEYS])
        rows |= by_subject(encode_profile(measured), _KEYS, name)
        rows |= by_subject(encode_frame(ticks[said]), ("step",), f"{name} / ticks")
        shown = frame[said].drop_duplicates()  # the same in every row of a step, or it has no name
        rows |= by_subject(encode_frame(shown), ("step",), f"{name} / in the rows of step")
    return rows


def _tracked_run(out: Path, options: dict[str, Any]) -> ds.Tracker:
    """Twelve steps of SGD."""
    digits = load_digits()
    x = torch.from_numpy(digits.data).float() / 16
    y = torch.from_numpy(digits.target)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    with open_tracker(model, x[:200], out, label="digits", **options) as tracked:
        for i in range(12):
            batch = slice(100 * i, 100 * (i + 1))
            logits = model(x[batch])
            loss = nn.functional.cross_entropy(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            right = (logits.argmax(1) == y[batch]).float().mean()
            tracked.step(loss=loss, accuracy=right)
            if i == 5:
                tracked.epoch()
    return tracked


def study() -> Rows:
    """The first, the middle and the last moment of every run of the study of clusters."""
    with TemporaryDirectory() as folder:
        frame = run_clusters(Path(folder))
    frame["moment"] = frame.groupby(["name", "seed"]).cumcount()
    kept: list[Row] = encode_frame(frame[frame["moment"].isin([0, 5, 10])])
    return by_subject(kept, ("name", "seed", "moment"))


NETWORKS = {"demo": demo, "tracker": tracker, "study": study}
