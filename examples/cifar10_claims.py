"""Phases through training judged, and drawn over the published curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import dimscope as ds
from dimscope.phases import Phase, through_depth, through_training
from dimscope.studies.published import published

PUBLISHED_TOTAL = 16  # convolutions and linear maps of VGG-16
LEAST_TICKS = 4
SCATTER = 0.05  # of curves through training beyond their error bars, as SGD's noise gives them


@dataclass(frozen=True, kw_only=True)
class Network:
    """What is measured of a network, and what is claimed of it.

    Attributes
    ----------
    name
        In the registry.
    depths
        Convolutions and linear maps up to each layer; those of the last layer are all.
    expanding, compressing
        Early and middle layers, whose dimension grows through training; final ones, where it falls.
    """

    name: str
    depths: Mapping[str, int]
    expanding: tuple[str, ...]
    compressing: tuple[str, ...]


def judge(
    epochs: ds.Profile,
    iterations: ds.Profile,
    network: Network,
    last_hidden: str,
    steps_per_epoch: int,
) -> bool:
    """Print every claim with its uncertainty; whether all hold."""
    fewest = min(len(epochs.ticks), len(iterations.ticks))
    if fewest < LEAST_TICKS:
        print(f"{fewest} ticks are too few to tell phases: train longer")
        return False
    depth = through_depth(epochs, "two_nn")
    print(depth)
    hunchback = _begins_and_ends(depth.phases, "expansion", "compression")
    verdicts = {"the dimension rises, then falls through depth": hunchback}
    for layers, grows in ((network.expanding, True), (network.compressing, False)):
        for layer in layers:
            print(through_training(epochs, layer, "two_nn", scatter=SCATTER))
            low, ratio, high = net_change(epochs, layer)
            print(f"  in all x {ratio:.2f} ({low:.2f} .. {high:.2f})")
            claim = f"{layer} {'expands' if grows else 'compresses'} through training"
            verdicts[claim] = low > 1 if grows else high < 1
    verdicts |= _first_compression(iterations, last_hidden, steps_per_epoch)
    for claim, holds in verdicts.items():
        print(f"{'holds' if holds else 'DOES NOT HOLD'}: {claim}")
    return all(verdicts.values())


def net_change(profile: ds.Profile, layer: str) -> tuple[float, float, float]:
    """The last dimension over the first, between the bounds of its 95 % interval.

    The errors of the two are taken as independent; on the same samples they are less than that.
    """
    rows = of_layer(profile, layer)
    first, last = rows.iloc[0], rows.iloc[-1]
    ratio = last["value"] / first["value"]
    error = math.hypot(first["stderr"] / first["value"], last["stderr"] / last["value"])
    return ratio * math.exp(-1.96 * error), ratio, ratio * math.exp(1.96 * error)


def _first_compression(profile: ds.Profile, layer: str, steps_per_epoch: int) -> Mapping[str, bool]:
    """Whether the layer first compresses within an epoch, and then expands."""
    found = through_training(profile, layer, "two_nn", scatter=SCATTER)
    print(found)
    falls = [i for i, phase in enumerate(found.phases) if phase.direction == "compression"]
    if not falls:
        return {f"{layer} compresses within the first epoch": False}
    phases = found.phases[falls[0] :]
    first, low, high = phases[0].end, *phases[0].end_interval
    print(f"  lowest at iteration {first} ({low} .. {high}), of {steps_per_epoch} in an epoch")
    grows = len(phases) > 1 and phases[1].ratio_interval[0] > 1
    return {
        f"{layer} compresses within the first epoch": high <= steps_per_epoch,
        f"{layer} then expands": grows,
    }


def _begins_and_ends(phases: tuple[Phase, ...], first: str, last: str) -> bool:
    return bool(phases) and (phases[0].direction, phases[-1].direction) == (first, last)


def of_layer(profile: ds.Profile, layer: str) -> pd.DataFrame:
    """The estimates of a layer through training, with the epoch of each."""
    rows = profile.to_frame("estimate").merge(profile.ticks[["step", "epoch"]], on="step")
    return rows[rows["layer"] == layer].sort_values("step")


def draw(
    epochs: ds.Profile, iterations: ds.Profile, network: Network, last_hidden: str, out: Path
) -> None:
    """Write both figures: all layers by epoch, and the last hidden layer by iteration."""
    for name, figure in (
        ("depth", depth_figure(epochs, network)),
        ("iterations", iteration_figure(iterations, network, last_hidden)),
    ):
        figure.savefig(out / f"cifar10-{name}.png", dpi=150)


def depth_figure(profile: ds.Profile, network: Network) -> Figure:
    """Dimension against relative depth after some epochs, measured beside published."""
    reference = published("dynamics")
    curves = {layer: of_layer(profile, layer).set_index("epoch") for layer in network.depths}
    measured = sorted(curves["input"].index)
    total = max(network.depths.values())
    x = [depth / total for depth in network.depths.values()]
    shown = [epoch for epoch in reference["id_by_epoch"] if epoch in measured]
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    between = [epoch for epoch in (10, 20) if epoch in measured and epoch <= measured[-1] / 2]
    ours = {*shown, *between, measured[-1]}  # the colours of 20 and 21 would be the same
    colors = _colors([*ours, *reference["id_by_epoch"]])
    for epoch in sorted(ours):
        y = np.array([curves[layer].loc[epoch, "value"] for layer in network.depths])
        error = np.array([curves[layer].loc[epoch, "stderr"] for layer in network.depths])
        style = {"color": colors[epoch], "marker": "o", "markersize": 4, "label": str(epoch)}
        left.plot(x, y, "-", **style)
        left.fill_between(x, y - 1.96 * error, y + 1.96 * error, color=colors[epoch], alpha=0.15)
    depths = [depth / PUBLISHED_TOTAL for depth in reference["depths"]]
    for epoch, values in reference["id_by_epoch"].items():
        for ax in (left, right) if epoch in shown else (right,):
            label = str(epoch) if ax is right else None
            ax.plot(depths, values, "--", color=colors[epoch], marker="D", ms=3, label=label)
    n_samples = int(curves["input"]["n_samples"].iloc[0])
    _dress(left, f"{network.name}, N = {n_samples:,} (solid), over published", "layer")
    _dress(right, "published, VGG-16", "relative depth")
    left.set_xticks(x, list(network.depths), rotation=50, ha="right", fontsize=8)
    left.set_yscale("log")
    left.set_yticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
    left.set_ylabel("intrinsic dimension (TwoNN)")
    for ax in (left, right):
        ax.legend(title="epoch", fontsize=8, frameon=False, loc="lower left")
    return figure


def iteration_figure(profile: ds.Profile, network: Network, last_hidden: str) -> Figure:
    """Dimension of the last hidden layer against iterations, measured beside published."""
    rows = of_layer(profile, last_hidden)
    reference = published("dynamics")["last_hidden_by_iteration"]
    figure = Figure(figsize=(10.5, 3.9), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    x, y = rows["step"].to_numpy(float), rows["value"].to_numpy(float)
    error = rows["stderr"].to_numpy(float)
    for ax in panels:
        ax.fill_between(x, y - 1.96 * error, y + 1.96 * error, color="C0", alpha=0.18, linewidth=0)
        ax.plot(x, y, "o-", color="C0", markersize=3, linewidth=1.2, label=network.name)
        ax.plot(
            list(reference),
            list(reference.values()),
            "D--",
            color="C1",
            markersize=4,
            label="published, VGG-16",
        )
        ax.set_ylim(bottom=0)
    _dress(panels[0], f"{last_hidden}, the last hidden layer", "iteration")
    _dress(panels[1], "its first epoch", "iteration")
    panels[1].set_xlim(-8, 390)
    panels[0].set_ylabel("intrinsic dimension (TwoNN)")
    panels[0].legend(fontsize=9, frameon=False)
    return figure


def _colors(epochs: list[int]) -> Mapping[int, tuple[float, ...]]:
    """A colour for each epoch, by its logarithm."""
    known = sorted(set(epochs))
    top = math.log1p(known[-1]) or 1.0
    return {
        epoch: mpl.colormaps["viridis_r"](0.1 + 0.9 * math.log1p(epoch) / top) for epoch in known
    }


def _dress(ax: Axes, title: str, xlabel: str) -> None:
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
    ax.set_xlabel(xlabel)
    ax.grid(visible=True, axis="y", color="#E6E8EC", linewidth=0.8)
    ax.spines[["top", "right"]].set_visible(False)
