"""When, and where, training squeezes the tangent space of a network on CIFAR-10.

At steps 0 to 1,955 of a small network, layer by layer: the tangent spectra of inputs of known
dimension (smooth maps of 16 and 64 dimensions, eight changes of each of 20 test images), what TwoNN
reads of 2,000 test images and of as many points of the smooth map of 64 dimensions, and the test
accuracy. About 10 minutes of one core for a seed, training included; what was measured is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

import dimscope as ds
from benchmarks.belief.training import EPOCH, STEPS, Images, load, network
from benchmarks.shared.markdown import table
from benchmarks.shared.messages import say
from benchmarks.shared.paths import DOCS, OUTPUT
from dimscope.controls import InputFamily, picture_directions, smooth_maps, tangent_spectrum
from dimscope.results import Subject

SEEDS = [0, 1]
LAYERS = ["input", "pool1", "pool2", "pool3", "fc_relu1", "fc_relu2", "fc3"]
N, POINTS = 2000, 20
SMOOTH, WIDE, PICTURES = "smooth_d16", "smooth_d64", "affine_d8"
RATIO = "tangent_participation_ratio"
KEPT = OUTPUT / "belief" / "tangents_training.json"
FIGURE = DOCS / "images" / "tangents_training.png"

Row = dict[str, Any]


class Family(NamedTuple):
    """Inputs of known dimension, with where their derivatives are taken."""

    families: InputFamily | Sequence[InputFamily]
    points: int | np.ndarray


@cache
def test() -> Images:
    return load()[1]


@cache
def families() -> Mapping[str, Family]:
    images = test().images
    return {
        SMOOTH: Family(smooth_maps(images[:1000], 16, rng=0), POINTS),
        WIDE: Family(smooth_maps(images[:1000], 64, rng=0), POINTS),
        PICTURES: Family(picture_directions(images[:POINTS], 8), np.zeros((1, 8))),
    }


def measure(model: nn.Module, seed: int, step: int) -> Iterator[Row]:
    """All that is kept of a network at one step, a value a row."""
    here = {"seed": seed, "step": step}
    yield here | {"method": "accuracy", "value": accuracy(model), "stderr": None}
    samples = {"data": test().images[:N], WIDE: families()[WIDE].families.sample(N).float()}
    for sample, inputs in samples.items():
        profile = ds.profile(model, inputs, LAYERS, methods="two_nn", n_repeats=1, progress=False)
        for row in profile.to_frame("estimate").itertuples():
            found = {"layer": row.layer, "value": row.value, "stderr": row.stderr}
            yield here | {"method": "two_nn", "sample": sample} | found
    for name, (family, points) in families().items():
        spectra = tangent_spectrum(
            model, family, points, layers=LAYERS, dtype="float64", progress=False
        )
        for value in spectra.values(Subject(model="cifar_cnn", sample=name)):
            found = {"layer": value.subject.layer, "value": value.value, "stderr": value.stderr}
            yield here | {"method": value.quantity.method, "sample": name} | found


@torch.no_grad()
def accuracy(model: nn.Module) -> float:
    images, labels = test()
    pairs = zip(images.split(500), labels.split(500), strict=True)
    return float(torch.cat([model(x).argmax(1) == y for x, y in pairs]).float().mean())


def measured() -> list[Row]:
    kept: list[Row] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else []
    done = {(row["seed"], row["step"]) for row in kept}
    for seed, step in ((seed, step) for seed in SEEDS for step in STEPS):
        if (seed, step) not in done:
            kept += measure(network(seed, step), seed, step)
            KEPT.write_text(json.dumps(kept, indent=1), "utf-8")
            say(f"seed {seed}, step {step}: accuracy {value(kept, 'accuracy', seed, step):.3f}")
    return kept


def value(rows: Sequence[Row], method: str, seed: int, step: int, *of: str) -> float:
    """The only such value; ``of`` are its sample and its layer."""
    wanted = dict(zip(("sample", "layer"), of, strict=False))
    wanted |= {"method": method, "seed": seed, "step": step}
    (found,) = (row for row in rows if all(row.get(k) == v for k, v in wanted.items()))
    return float("nan") if found["value"] is None else float(found["value"])


def course(rows: Sequence[Row], method: str, *of: str) -> np.ndarray:
    """The values of each seed (a row) at each step."""
    seeds = sorted({row["seed"] for row in rows})
    return np.array([[value(rows, method, seed, step, *of) for step in STEPS] for seed in seeds])


def as_table(rows: Sequence[Row]) -> str:
    """Means over the seeds: what TwoNN reads and how many directions act, by layer and step."""
    quantities = [
        ("TwoNN, test images", "two_nn", "data"),
        (f"TwoNN, {WIDE}", "two_nn", WIDE),
        *((f"directions that act, {name}", RATIO, name) for name in (PICTURES, SMOOTH, WIDE)),
        *((f"rank, {name}", "tangent_rank", name) for name in (PICTURES, SMOOTH, WIDE)),
    ]
    head = ["", "layer", *(f"{step / EPOCH:.3g} epochs" for step in STEPS)]
    cells = [["test accuracy", "", *(f"{v:.3f}" for v in course(rows, "accuracy").mean(0))]]
    for title, method, sample in quantities:
        for layer in LAYERS:
            means = course(rows, method, sample, layer).mean(0)
            cells.append([title, layer, *(f"{mean:.1f}" for mean in means)])
    return table(head, cells)


def draw_figure(rows: Sequence[Row]) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    panels = {
        f"Directions that act: {WIDE}": (RATIO, WIDE),
        f"Directions that act: {SMOOTH}": (RATIO, SMOOTH),
        f"Directions that act: {PICTURES}, 20 images": (RATIO, PICTURES),
        "TwoNN: 2,000 test images": ("two_nn", "data"),
        f"TwoNN: 2,000 points of {WIDE}": ("two_nn", WIDE),
    }
    figure, axes = pyplot.subplots(2, 3, figsize=(13, 7), sharex=True, layout="constrained")
    at = np.array(STEPS) / EPOCH
    colors = pyplot.get_cmap("viridis")(np.linspace(0, 0.95, len(LAYERS)))
    for ax, (title, (method, sample)) in zip(axes.flat, panels.items(), strict=False):
        for layer, color in zip(LAYERS, colors, strict=True):
            values = course(rows, method, sample, layer)
            ax.plot(at, values.mean(0), "o-", ms=3, color=color, label=layer)
            ax.fill_between(at, values.min(0), values.max(0), color=color, alpha=0.2, lw=0)
        ax.set(title=title, yscale="log")
    last = axes.flat[-1]
    values = course(rows, "accuracy")
    last.plot(at, values.mean(0), "ko-", ms=3)
    last.fill_between(at, values.min(0), values.max(0), color="k", alpha=0.2, lw=0)
    last.set(title="Test accuracy")
    for ax in axes.flat:
        ax.set_xscale("symlog", linthresh=1 / 32)
        ax.set_xticks([0, 1 / 16, 1 / 4, 1, 5], ["0", "1/16", "1/4", "1", "5"])
        ax.grid(alpha=0.3, which="both")
    for ax in axes[1]:
        ax.set_xlabel("epochs")
    axes[0, 0].legend(fontsize=8)
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, dpi=100)


def main() -> None:
    SEEDS[:] = map(int, sys.argv[1:]) if len(sys.argv) > 1 else SEEDS
    rows = measured()
    print(as_table(rows))
    draw_figure(rows)


if __name__ == "__main__":
    main()
