"""How the files of this folder were made, by dimscope 0.1.0: ``python make.py FOLDER``.

They show that what 0.1.0 saved can still be read. Networks and data come from NumPy's draws, so
that a later version can build them again and go on with the run that is unfinished.

The version that files name is that of the package's metadata: 0.1.0 must be what is installed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import nn

import dimscope as ds
from dimscope.training import evaluate, read_run

N_SAMPLES = 120
LAYERS_AT = {0: ["input", "4"], 10: ["4", "6"]}
_BATCH = 30
_STUDY_LINES = 4  # whose it is, and three runs


def network(seed: int = 0) -> nn.Sequential:
    """A small convolutional network with NumPy's weights, the same bits everywhere."""
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(36, 16),
        nn.ReLU(),
        nn.Linear(16, 10),
    )
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for weights in model.parameters():
            drawn = rng.uniform(-0.5, 0.5, tuple(weights.shape)).astype(np.float32)
            weights.copy_(torch.from_numpy(drawn))
    return model


def samples() -> tuple[torch.Tensor, torch.Tensor]:
    """Images of 8 x 8 pixels, and classes: the quadrant that is brightest."""
    x = np.random.default_rng(1).random((N_SAMPLES, 1, 8, 8)).astype(np.float32)
    quadrants = x.reshape(N_SAMPLES, 2, 4, 2, 4).sum(axis=(2, 4)).reshape(N_SAMPLES, 4)
    return torch.from_numpy(x), torch.from_numpy(quadrants.argmax(axis=1))


def steps_of(model: nn.Module) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Steps of SGD without end; after each its loss and accuracy."""
    x, y = samples()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    while True:
        for batch in torch.arange(N_SAMPLES).split(_BATCH):
            logits = model(x[batch])
            loss = nn.functional.cross_entropy(logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss, (logits.argmax(1) == y[batch]).float().mean()


def trained(n_steps: int) -> nn.Module:
    """The network after some steps."""
    model = network()
    for _, _ in zip(range(n_steps), steps_of(model), strict=False):
        pass
    return model


def make_profiles(out: Path) -> None:
    """Finished profiles: a network and its twin, one network at two steps, and two joined."""
    x, _ = samples()
    of: dict[str, Any] = {"progress": False, "n_repeats": 1}
    pair = [
        ds.profile(model, x, label=label, out=out / name, **of)
        for model, label, name in (
            (trained(40), "trained", "profile"),
            (network(), "untrained", "profile_untrained"),
        )
    ]
    ds.Profile.join(*pair).save(out / "joined")
    for step, layers in LAYERS_AT.items():
        folder = out / "profile_step" / str(step)
        ds.profile(trained(step), x, layers, label="steps", step=step, out=folder, **of)


def make_unfinished(out: Path) -> None:
    """A profile that was stopped when its second layer was on disk: the fourth line of its file."""
    x, _ = samples()
    with mock.patch("os.fsync", side_effect=[None, None, None, KeyboardInterrupt]):
        try:
            ds.profile(network(), x, label="unfinished", out=out / "unfinished", progress=False)
        except KeyboardInterrupt:
            return
    raise RuntimeError("the profile was not stopped")


def open_tracker(model: nn.Module, out: Path) -> ds.Tracker:
    """A tracker of the run in two sessions."""
    return ds.Tracker(
        model,
        samples()[0],
        out,
        schedule=[0, 1, 2, 5, 12],
        max_overhead=0.2,
        curves=("scale",),
        label="tracked",
        progress=False,
    )


def make_tracker(out: Path) -> None:
    """A run in two sessions, with a step left out and one that was reached again otherwise.

    The first session ends at step 6, the second starts from the state of step 4, but with weights
    that are not those. Step 1 comes at once after step 0, when a tick is too costly.
    """
    model, kept = network(), {}
    with TemporaryDirectory() as folder, open_tracker(model, Path(folder)):
        pass  # what is loaded with the first tick does not count as the run's
    with open_tracker(model, out) as tracker:
        for step, (loss, accuracy) in zip(range(1, 7), steps_of(model), strict=False):
            if step > 1:
                _train_longer(tracker)
            tracker.step(loss=loss, accuracy=accuracy)
            if step == 4:
                tracker.epoch()
                kept = tracker.state_dict()
    tracker = open_tracker(model, out)
    tracker.load_state_dict(kept)
    with tracker, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # step 5 is another one now
        for _, (loss, accuracy) in zip(range(8), steps_of(model), strict=False):
            _train_longer(tracker)
            tracker.step(loss=loss, accuracy=accuracy)
        tracker.note(test_accuracy=evaluate(model, samples())["accuracy"])


def _train_longer(tracker: ds.Tracker) -> None:
    """Let time pass until ticks have taken little of it."""
    while (tracker.overhead or 0.0) > 0.08:
        time.sleep(0.1)


def make_killed(out: Path) -> None:
    """What a process leaves that is killed while it writes its third tick."""
    lines = (out / "tracker" / "ticks.jsonl").read_bytes().splitlines(keepends=True)
    third = [i for i, line in enumerate(lines) if line.startswith(b'{"tick"')][2]
    (out / "tracker_killed").mkdir()
    cut = lines[third][: len(lines[third]) // 2]
    (out / "tracker_killed" / "ticks.jsonl").write_bytes(b"".join(lines[:third]) + cut)


def make_study(out: Path) -> None:
    """The first runs of the shortest study."""
    with TemporaryDirectory() as folder:
        ds.studies.run_study(
            "sgd_noise_clusters", folder, n_seeds=3, training_time=0.04, n_workers=1, progress=False
        )
        lines = (Path(folder) / "runs.jsonl").read_bytes().splitlines(keepends=True)
    (out / "study").mkdir()
    (out / "study" / "runs.jsonl").write_bytes(b"".join(lines[:_STUDY_LINES]))


def content_of(profile: ds.Profile) -> dict[str, Any]:
    """What a profile is to hold: counts, a few numbers with all their bits, ticks."""
    frame = profile.to_frame()
    estimates = profile.to_frame("estimate")
    few = estimates.iloc[:: max(1, len(estimates) // 6)]
    names = ["model", "step", "layer", "method"]
    values = few.astype(object).where(few.notna(), None).to_dict("records")
    known = {"model", "step", "epoch", "seconds", "training_seconds"}
    return {
        "models": profile.models,
        "rows": {str(curve): int(n) for curve, n in frame.groupby("curve").size().items()},
        "values": [
            {name: row[name] for name in names}
            | {name: None if row[name] is None else row[name].hex() for name in ("value", "stderr")}
            for row in values
        ],
        "ticks": profile.ticks["step"].tolist(),
        "metrics": [name for name in profile.ticks if name not in known],
    }


def write_expected(out: Path) -> None:
    """What each folder is to be read as."""
    finished = ["profile", "profile_untrained", "profile_step/0", "profile_step/10", "joined"]
    expected: dict[str, Any] = {
        name: content_of(ds.Profile.load(out / name)) for name in [*finished, "tracker"]
    }
    for name in ("tracker", "tracker_killed"):
        profile = read_run(out / name)
        facts = profile.provenance["tracked"]
        kept = {key: facts[key] for key in ("skipped", "differing", "n_sessions")}
        expected[f"{name} by read_run"] = content_of(profile) | {"provenance": kept}
    lines = [json.loads(line) for line in (out / "unfinished" / "unfinished.jsonl").open()]
    expected["unfinished"] = {
        "layers": lines[0]["layers"],
        "measured": {line["layer"]: len(line["rows"]) for line in lines if "layer" in line},
    }
    lines = [json.loads(line) for line in (out / "study" / "runs.jsonl").open()]
    expected["study"] = {
        "jobs": [line["job"] for line in lines[1:]],
        "rows": [len(line["rows"]) for line in lines[1:]],
        "last_orthogonal_ratio": [line["rows"][-1]["orthogonal_ratio"].hex() for line in lines[1:]],
    }
    text = json.dumps(expected, indent=1)
    (out / "expected.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Make all folders anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    if version("dimscope") != "0.1.0":
        raise SystemExit(f"{version('dimscope')} is installed; these are files of 0.1.0")
    torch.set_num_threads(1)
    for path in out.glob("*/"):
        shutil.rmtree(path)
    make_profiles(out)
    make_unfinished(out)
    make_tracker(out / "tracker")
    make_killed(out)
    make_study(out)
    write_expected(out)


if __name__ == "__main__":
    main()
