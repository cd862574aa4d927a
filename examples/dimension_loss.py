"""What a loss on the dimension does: whether it is followed, and what accuracy and calibration pay.

Trains dense networks on Fashion-MNIST with cross-entropy + weight * DimensionLoss on the last
hidden layer (what the readout receives): without it, minimised, maximised, and led to targets of
0.7 and 1.4 times what networks without it have; every estimator and goal from the same five
starts. A target means the estimate from a batch, so test batches of that size are measured beside
thousands of test images at once. Exit code 1 if the dimension does not follow.

About 19 minutes on 2 busy cores, 3 on a GPU: --device cuda --workers 5 --images 60000.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats
from torch import Tensor, nn
from training import as_tensors

import dimscope as ds

METHODS = ["two_nn", "participation_ratio", "levina_bickel"]
#: Minimised and maximised with these: weight times the range that the estimator can reach (about
#: 10 for neighbours, 170 for the participation ratio) stays well below the cross-entropy of
#: guessing, ln 10, or a network is paid more for its dimension than for any answer.
WEIGHTS = {"two_nn": 0.03, "levina_bickel": 0.03, "participation_ratio": 0.003}
TARGET_WEIGHT = 1.0
LOWER, HIGHER = 0.7, 1.4
GOALS = ["minimize", "lower target", "higher target", "maximize"]
COLORS = {
    "minimize": "#1D4E89",
    "lower target": "#5B9BD5",
    "none": "#6B7280",
    "higher target": "#E9A23B",
    "maximize": "#B5391F",
}
N_BINS = 15
#: What a table shows of a network beside its dimensions.
OUTCOMES = ["accuracy", "ece", "nll"]
CHEATS = ["top_share", "between", "active", "spread"]


@dataclass(frozen=True)
class Run:
    """One network to be trained: everything a worker needs to know."""

    seed: int
    device: str
    epochs: int
    plain_epochs: int
    n_images: int
    batch: int
    n_samples: int
    method: str = "none"
    goal: str = "none"
    target: float | None = None
    weight: float = 0.0

    @property
    def loss(self) -> ds.DimensionLoss | None:
        if self.method == "none":
            return None
        return ds.DimensionLoss(self.method, self.target or self.goal)


def main() -> None:
    options = parse_options()
    start = time.perf_counter()
    common = {
        name: getattr(options, name)
        for name in ("device", "epochs", "plain_epochs", "n_images", "batch", "n_samples")
    }
    seeds = range(options.seeds)
    with pool(options.workers) as every:
        plain = list(show_progress(every(train_and_measure, [Run(s, **common) for s in seeds])))
        aims = {m: float(np.mean([row[f"{m} batch"] for row in plain])) for m in options.methods}
        runs = [
            Run(s, **common, **condition)
            for method, dimension in aims.items()
            for condition in conditions(method, dimension, options.strength)
            for s in seeds
        ]
        rows = plain + list(show_progress(every(train_and_measure, runs)))
    table = pd.DataFrame(rows)
    options.out.mkdir(parents=True, exist_ok=True)
    table.to_csv(options.out / "networks.csv", index=False)
    compared = compare(table)
    compared.to_csv(options.out / "differences.csv", index=False)
    (options.out / "table.md").write_text(as_markdown(table, compared), encoding="utf-8")
    draw(table, options.methods).savefig(options.out / "dimension_loss.png", dpi=150)
    print_tables(table, compared)
    print(f"{len(table)} networks in {time.perf_counter() - start:.0f} s")
    holds = [follows(table, method) for method in options.methods]
    raise SystemExit(0 if all(holds) else 1)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("examples-output") / "dimension_loss")
    add("--methods", nargs="+", choices=METHODS, default=["two_nn", "participation_ratio"])
    add("--strength", type=float, default=1.0, help="multiplies the weight of every loss")
    add("--seeds", type=int, default=5)
    add("--epochs", type=int, default=4)
    # No dimension depends on the scale of the features, so that its gradient grows as they shrink:
    # in an untrained network, whose features are small, it drowns the task's.
    add("--plain-epochs", type=int, default=1, help="epochs before the loss is added")
    add("--images", type=int, default=20_000, dest="n_images", help="training images")
    add("--batch", type=int, default=256)
    add("--n-samples", type=int, default=5000, help="test images measured at once")
    add("--device", default="cpu")
    add("--workers", type=int, default=2, help="networks trained side by side")
    options = parser.parse_args()
    if options.seeds < 2:
        parser.error("--seeds must be at least 2: the tests are paired over seeds")
    return options


def conditions(method: str, dimension: float, strength: float) -> list[dict[str, object]]:
    """The goals set for one estimator; ``dimension`` is what it gives where it is not asked for."""
    push, pull = strength * WEIGHTS[method], strength * TARGET_WEIGHT
    targets = [round(LOWER * dimension, 1), round(HIGHER * dimension, 1)]
    settings = zip(GOALS, [None, *targets, None], [push, pull, pull, push], strict=True)
    return [{"method": method, "goal": g, "target": t, "weight": w} for g, t, w in settings]


@contextmanager
def pool(n_workers: int) -> Iterator[object]:
    """A ``map`` over fresh processes, or over this one."""
    if n_workers == 1:
        yield map
        return
    # CUDA does not survive a fork
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, context, torch.set_num_threads, (1,)) as executor:
        yield executor.map


def show_progress(rows: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
    for row in rows:
        print(
            f"  {row['method']}, {row['goal']}, seed {row['seed']}: accuracy "
            f"{row['accuracy']:.3f}, TwoNN {row['two_nn batch']:.2f}, participation ratio "
            f"{row['participation_ratio batch']:.2f} in {row['seconds']:.0f} s",
            flush=True,
        )
        yield row


@functools.cache
def images_and_labels(split: str, device: str) -> tuple[Tensor, Tensor]:
    scale = ds.load_model("dense_net").preprocess
    images, labels = as_tensors(ds.load_data("fashion_mnist", split=split).transformed(scale))
    return images.to(device), labels.to(device)


def train_and_measure(run: Run) -> dict[str, object]:
    start = time.perf_counter()
    model = train(run)
    test_images, test_labels = images_and_labels("test", run.device)
    with torch.no_grad():
        features = model[:-1](test_images)
        logits = model[-1](features)
    return {
        "method": run.method,
        "goal": run.goal,
        "seed": run.seed,
        "target": run.target,
        "weight": run.weight,
        **outcomes(logits, test_labels),
        **dimensions(features, run.batch, run.n_samples),
        **shape(features, test_labels),
        "seconds": time.perf_counter() - start,
    }


def train(run: Run) -> nn.Sequential:
    """Adam on whole batches; with one seed, every condition has the same start and batches."""
    images, labels = images_and_labels("train", run.device)
    model = ds.load_model("dense_net", seed=run.seed).model.to(run.device)
    geometry = run.loss
    generator = torch.Generator().manual_seed(run.seed)
    chosen = torch.randperm(len(images), generator=generator)[: run.n_images]
    per_epoch = len(chosen) // run.batch
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, run.epochs * per_epoch)
    model.train()
    for epoch in range(run.epochs):
        order = chosen[torch.randperm(len(chosen), generator=generator)].to(run.device)
        for batch in order.split(run.batch)[:per_epoch]:
            features = model[:-1](images[batch])
            loss = nn.functional.cross_entropy(model[-1](features), labels[batch])
            if geometry is not None and epoch >= run.plain_epochs:
                loss = loss + run.weight * geometry(features)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def outcomes(logits: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy, expected calibration error, and negative log-likelihood."""
    confidence, chosen = logits.softmax(1).max(1)
    right = (chosen == labels).double()
    bins = (confidence * N_BINS).ceil().long() - 1  # of equal width, (0, 1/15] the first
    gaps = torch.zeros(N_BINS, dtype=torch.float64, device=logits.device)
    gaps.index_add_(0, bins.clamp(0, N_BINS - 1), right - confidence.double())
    return {
        "accuracy": float(right.mean()),
        "ece": float(gaps.abs().sum()) / len(labels),
        "nll": float(nn.functional.cross_entropy(logits, labels)),
    }


def dimensions(features: Tensor, batch: int, n_samples: int) -> dict[str, float]:
    """From batches as the loss sees them, from many samples at once, and scale by scale."""
    found = {}
    parts = features.split(batch)[: len(features) // batch]
    for method in METHODS:
        measure = ds.DimensionLoss(method).dimension
        found[f"{method} batch"] = float(np.mean([float(measure(part)) for part in parts]))
    rows = features[:n_samples].cpu().numpy()
    graph = ds.NeighborGraph.from_points(rows, ds.LevinaBickel().n_neighbors, n_jobs=1)
    found["two_nn"] = ds.TwoNN().estimate(graph).value
    found["levina_bickel"] = ds.LevinaBickel().estimate(graph).value
    found["participation_ratio"] = ds.estimate(rows, "participation_ratio").value
    found["duplicates"] = n_samples - graph.n_samples
    curve = ds.Gride().scan(graph, n2_max=graph.n_samples // 8)
    return found | {f"gride {n2}": value for n2, value in zip(curve.n2, curve.values, strict=True)}


def shape(features: Tensor, labels: Tensor) -> dict[str, float]:
    """Ways to a dimension that an estimator may not tell apart."""
    x = features.double()
    centred = x - x.mean(dim=0)
    variances = torch.linalg.eigvalsh(centred.T @ centred)
    n_classes = int(labels.max()) + 1
    means = torch.stack([centred[labels == c].mean(dim=0) for c in range(n_classes)])
    return {
        "top_share": float(variances[-1] / variances.sum()),  # of variance, along one direction
        "between": float(means[labels].square().sum() / centred.square().sum()),  # classes
        "active": float((features > 0).double().mean()),  # units
        "spread": float(centred.square().sum(dim=1).mean().sqrt()),
    }


def compare(table: pd.DataFrame) -> pd.DataFrame:
    """Differences to the network of the same seed without the loss, with paired t-tests."""
    plain = table[table["method"] == "none"].set_index("seed")
    lines = []
    for (method, goal), group in table[table["method"] != "none"].groupby(
        ["method", "goal"], sort=False
    ):
        for outcome in OUTCOMES:
            difference = group.set_index("seed")[outcome] - plain[outcome]
            lines.append(
                {
                    "method": method,
                    "goal": goal,
                    "outcome": outcome,
                    "difference": difference.mean(),
                    "stderr": difference.sem(),
                    "p": float(stats.ttest_1samp(difference, 0.0).pvalue),
                }
            )
    return pd.DataFrame(lines)


def print_tables(table: pd.DataFrame, compared: pd.DataFrame) -> None:
    keys = ["method", "goal", "target", "weight"]
    measured = [f"{m}{end}" for m in METHODS for end in (" batch", "")]
    digits = dict.fromkeys(measured, 2) | dict.fromkeys(OUTCOMES, 4) | dict.fromkeys(CHEATS, 2)
    groups = table.groupby(keys, sort=False, dropna=False)
    cells = {
        name: [f"{mean:.{n}f} ± {error:.{n}f}" for mean, error in values.to_numpy()]
        for name, n in digits.items()
        for values in [groups[name].agg(["mean", "sem"])]
    }
    shown = pd.DataFrame(cells, index=groups.size().index).reset_index()
    print(f"means ± standard errors of {table['seed'].nunique()} seeds")
    for columns in (measured, [*OUTCOMES, *CHEATS]):
        print(shown[[*keys, *columns]].to_string(index=False, na_rep=""), "\n")
    scales = [name for name in table if name.startswith("gride ")]
    print("Gride by rank of the outer neighbour")
    print(groups[scales].mean().droplevel([2, 3]).round(1).to_string(), "\n")
    print(f"differences to the same seed without the loss ({len(compared)} paired t-tests)")
    print(compared.to_string(index=False, float_format=lambda value: f"{value:.4f}"), "\n")


def as_markdown(table: pd.DataFrame, compared: pd.DataFrame) -> str:
    """A row a condition: its own dimension where it has one, and what it did to the rest."""
    lines = [
        "| loss | goal | TwoNN | participation ratio | accuracy | ECE | NLL | top | between |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    chance = compared.set_index(["method", "goal", "outcome"])["p"]
    for (method, goal), group in table.groupby(["method", "goal"], sort=False):
        target = group["target"].iloc[0]
        cells = [method, goal if pd.isna(target) else f"{goal} {target}"]
        for name in ("two_nn", "participation_ratio"):
            both = [group[name + end].mean() for end in (" batch", "")]
            cells.append(f"{both[0]:.2f} / {both[1]:.2f}")
        for outcome in OUTCOMES:
            text = f"{group[outcome].mean():.4f} ± {group[outcome].sem():.4f}"
            p = chance.get((method, goal, outcome))
            cells.append(text if p is None else f"{text} (p {p:.2g})")
        cells += [f"{group[name].mean():.2f}" for name in ("top_share", "between")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def follows(table: pd.DataFrame, method: str) -> bool:
    """Whether the dimension of test data moved as asked, as the loss and as the data set see it."""
    holds = True
    for seen in (f"{method} batch", method):
        means = table[table["method"].isin([method, "none"])].groupby("goal")[seen].mean()
        lower, higher = means["lower target"], means["higher target"]
        held = (
            means["minimize"] < means["none"] < means["maximize"] and lower < means["none"] < higher
        )
        print(
            f"{seen}: minimised {means['minimize']:.2f} < without {means['none']:.2f} < maximised "
            f"{means['maximize']:.2f}, targets {lower:.2f} < without < {higher:.2f}: {held}"
        )
        holds = holds and bool(held)
    return holds


def draw(table: pd.DataFrame, methods: list[str]) -> Figure:
    """A row an estimator: the dimension against its goal, accuracy, calibration, and scales."""
    figure, axes = pyplot.subplots(
        len(methods), 4, figsize=(14, 3.5 * len(methods)), layout="constrained", squeeze=False
    )
    for method, row in zip(methods, axes, strict=True):
        if method != methods[0]:  # rows share what they are compared by
            row[1].sharey(axes[0, 1])
            row[2].sharey(axes[0, 2])
        draw_goals(row[0], table, method)
        draw_outcome(row[1], table, method, "accuracy", "test accuracy")
        draw_outcome(row[2], table, method, "ece", f"expected calibration error, {N_BINS} bins")
        draw_scales(row[3], table, method)
    for ax in axes.flat:
        ax.spines[["top", "right"]].set_visible(False)
        ax.title.set(fontsize=10)
    return figure


def each_goal(table: pd.DataFrame, method: str) -> Iterator[tuple[str, pd.DataFrame]]:
    part = table[table["method"].isin([method, "none"])]
    return ((goal, part[part["goal"] == goal]) for goal in COLORS)


def name_goals(ax: Axes) -> None:
    names = [goal.replace(" ", "\n").replace("none", "no loss") for goal in COLORS]
    ax.set_xticks(range(len(names)), names, fontsize=8)


def draw_goals(ax: Axes, table: pd.DataFrame, method: str) -> None:
    """Every network, as its loss sees it and as many images at once show it."""
    ways = {f"{method} batch": ("full", -0.18, "batches"), method: ("none", 0.18, "many images")}
    for x, (goal, group) in enumerate(each_goal(table, method)):
        for seen, (fill, shift, label) in ways.items():
            at = x + shift + np.linspace(-0.1, 0.1, len(group))
            style = {"color": COLORS[goal], "fillstyle": fill, "label": label if x == 2 else None}
            ax.plot(at, group[seen], marker="o", markersize=5, linestyle="none", **style)
        ax.hlines(group["target"].iloc[0], x - 0.4, x + 0.4, color="black", linewidth=1)
    ax.set(title=f"{method}; lines are targets", ylim=(0, None))
    ax.legend(fontsize=8, frameon=False)
    name_goals(ax)


def draw_outcome(ax: Axes, table: pd.DataFrame, method: str, outcome: str, title: str) -> None:
    for x, (goal, group) in enumerate(each_goal(table, method)):
        at = x + np.linspace(-0.15, 0.15, len(group))
        ax.plot(at, group[outcome], marker="o", color=COLORS[goal], alpha=0.4, linestyle="none")
        mean, error = group[outcome].mean(), group[outcome].sem()
        ax.errorbar(x, mean, error, color="black", marker="_", markersize=12, capsize=3)
    ax.set(title=title)
    name_goals(ax)


def draw_scales(ax: Axes, table: pd.DataFrame, method: str) -> None:
    scales = [name for name in table if name.startswith("gride ")]
    ranks = [int(name.split()[1]) for name in scales]
    for goal, group in each_goal(table, method):
        ax.plot(ranks, group[scales].mean(), color=COLORS[goal], marker=".", label=goal)
    ax.set_xscale("log", base=2)
    ax.set_xticks(ranks[::2], [str(rank) for rank in ranks[::2]])
    ax.set(title="Gride, scale by scale", xlabel="rank of the outer neighbour", ylim=(0, None))


if __name__ == "__main__":
    main()
