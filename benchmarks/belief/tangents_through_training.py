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
from benchmarks.shared.markdown import MISSING, table
from benchmarks.shared.messages import say
from benchmarks.shared.paths import DOCS, OUTPUT
from dimscope.capture import capture
from dimscope.controls import InputFamily, picture_directions, smooth_maps, tangent_spectrum
from dimscope.results import Subject
from dimscope.store import ActivationStore

SEEDS = [0, 1]
LAYERS = ["input", "pool1", "pool2", "pool3", "fc_relu1", "fc_relu2", "fc3"]
N, POINTS = 2000, 20
SMOOTH, WIDE, PICTURES = "smooth_d16", "smooth_d64", "affine_d8"
RATIO = "tangent_participation_ratio"
KEPT = OUTPUT / "belief" / "tangents_training.json"
FIGURE = DOCS / "images" / "tangents_training.png"
SEED_LINES = ["o-", "o:"]

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
        with ActivationStore() as store:
            capture(model, inputs, LAYERS, store=store)
            for layer in LAYERS:
                read = ds.estimate(store[layer], errors="own")
                found = {"layer": layer, "value": read.value, "stderr": read.stderr}
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


def measured(seeds: Sequence[int]) -> list[Row]:
    kept: list[Row] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else []
    done = {(row["seed"], row["step"]) for row in kept}
    for seed, step in ((seed, step) for seed in seeds for step in STEPS):
        if (seed, step) not in done:
            kept += measure(network(seed, step), seed, step)
            KEPT.write_text(json.dumps(kept, indent=1), "utf-8")
            say(f"seed {seed}, step {step} measured")
    return kept


def course(rows: Sequence[Row], seed: int, method: str, *of: str) -> np.ndarray:
    """The values at each step, nan where there is none; ``of`` are their sample and their layer."""
    wanted = {"seed": seed, "method": method} | dict(zip(("sample", "layer"), of, strict=False))
    found = {row["step"]: row["value"] for row in rows if wanted.items() <= row.items()}
    return np.array([np.nan if found.get(s) is None else found[s] for s in STEPS])


def as_table(rows: Sequence[Row], seed: int) -> str:
    """What TwoNN reads, how many directions act and the rank, by layer and step."""
    quantities = [
        ("TwoNN, test images", "two_nn", "data"),
        (f"TwoNN, {WIDE}", "two_nn", WIDE),
        *((f"directions that act, {name}", RATIO, name) for name in (PICTURES, SMOOTH, WIDE)),
        *((f"rank, {name}", "tangent_rank", name) for name in (PICTURES, SMOOTH, WIDE)),
    ]
    head = [f"seed {seed}", "layer", *(f"{step / EPOCH:.3g} epochs" for step in STEPS)]
    shares = course(rows, seed, "accuracy")
    cells = [["test accuracy", "", *(f"{share:.3f}" for share in shares)]]
    for title, method, sample in quantities:
        for layer in LAYERS:
            values = course(rows, seed, method, sample, layer)
            cells.append([title, layer, *(f"{value:.1f}" for value in values)])
    return table(head, cells).replace("nan", MISSING)


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
    seeds = sorted({row["seed"] for row in rows})
    for ax, (title, (method, sample)) in zip(axes.flat, panels.items(), strict=False):
        for layer, color in zip(LAYERS, colors, strict=True):
            for seed, line in zip(seeds, SEED_LINES, strict=False):
                label = layer if seed == seeds[0] else None
                values = course(rows, seed, method, sample, layer)
                ax.plot(at, values, line, ms=3, color=color, label=label)
        ax.set(title=title, yscale="log")
    for seed, line in zip(seeds, SEED_LINES, strict=False):
        axes.flat[-1].plot(at, course(rows, seed, "accuracy"), line, color="k", ms=3)
    axes.flat[-1].set(title="Test accuracy")
    for ax in axes.flat:
        ax.set_xscale("symlog", linthresh=1 / 32)
        ax.set_xticks([0, 1 / 32, 1 / 8, 1 / 2, 1, 5], ["0", "1/32", "1/8", "1/2", "1", "5"])
        if ax.get_yscale() == "log":
            low, high = ax.get_ylim()
            ticks = [tick for tick in (1, 2, 3, 5, 10, 20, 30, 50) if low < tick < high]
            ax.set_yticks(ticks, [str(tick) for tick in ticks])
        ax.minorticks_off()
        ax.grid(alpha=0.3)
    for ax in axes[1]:
        ax.set_xlabel("epochs")
    axes[1, 2].legend(*axes[0, 0].get_legend_handles_labels(), fontsize=8, loc="lower right")
    FIGURE.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(FIGURE, dpi=100)


def main() -> None:
    seeds = [int(seed) for seed in sys.argv[1:]] or SEEDS
    rows = measured(seeds)
    for seed in seeds:
        print(f"{as_table(rows, seed)}\n")
    draw_figure(rows)


if __name__ == "__main__":
    main()
