"""The MNIST table of Ansuini et al. (2019): the ID of each layer of a small network.

What the authors' code leaves open (which 2,000 images, where exactly a layer is taken, what another
seed gives) is measured, so that a difference can be told from a choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.claims import LEAST_SEEDS, LEVEL, Claim, decreases, judged
from dimscope.studies.intervals import prediction_interval
from dimscope.studies.jobs import Job
from dimscope.studies.published import published_figure
from dimscope.studies.recipe import Option, Recipe, seeds_option
from dimscope.studies.recipes.ansuini.mnist_layers import (
    ALL_IMAGES,
    LAYERS,
    N_UNITS,
    all_images_claim,
    layer_curve,
    plot_layers,
    published_layers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FAST, _FASTER = 10, 40
_FURTHER = 4
#: The sample that the published input agrees with: the first 2,000 test images.
_SAMPLE = "test 1"
_PUBLISHED = published_layers("mnist")


def jobs(  # noqa: PLR0913 - the options
    *, n_seeds: int, n_exact: int, n_further: int, epochs: int, n_images: int, n_blocks: int
) -> list[Job]:
    """Runs at ten times the paper's learning rate, longer ones at 40 times, and the paper's own.

    Raises
    ------
    InputError
        If there are no seeds, or the epochs cannot be divided by 40.
    """
    if n_seeds < 1 or n_exact < 0 or n_further < 0:
        raise InputError(
            f"n_seeds={n_seeds}, n_exact={n_exact}, n_further={n_further} must be at least 1, 0, 0"
        )
    if epochs < _FASTER or epochs % _FASTER:
        raise InputError(f"epochs={epochs} must be a multiple of {_FASTER}")
    how = [
        *((seed, _FASTER, _FURTHER * epochs) for seed in range(n_further)),
        *((seed, _FAST, epochs) for seed in range(n_seeds)),
        *((seed, 1, epochs) for seed in range(n_exact)),
    ]
    return [
        {
            "seed": seed, "speed": speed, "epochs": length, "n_images": n_images,
            "n_blocks": n_blocks,
        }
        for seed, speed, length in how
    ]  # fmt: skip


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge the table layer by layer, and what decides about it."""
    exact, fast = _of_speed(frame, 1), _of_speed(frame, _FAST)
    found = [_within_bars(layer, exact, fast) for layer in LAYERS]
    found += [_one_of_ours(_values(fast)), _which_images(frame), _of_all_images(frame, fast)]
    if len(exact):
        found.append(_same_table(exact, fast))
    values = _values(fast)
    least = (np.array([*N_UNITS.values()]) / values).min(axis=0)
    found += [
        decreases("the ID falls from each layer to the next, from the input on", values),
        judged(
            "the ID is below a hundredth of the number of units in all four convolutional layers",
            bool((least[1:5] > 100).all()),
            ours="units over ID: "
            + ", ".join(f"{layer} {r:.3g}" for layer, r in zip(LAYERS, least, strict=True)),
            n_seeds=len(values),
        ).of(1, published="1,717, 456, 798, 171; d1 16, output 1.6 (MNIST figure)"),
    ]
    return found


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """The published table, ours, and what each choice changes."""
    rows = {"published": _with_bars(_PUBLISHED.values, _PUBLISHED.bars)}
    exact, fast = _of_speed(frame, 1), _of_speed(frame, _FAST)
    for seed, run in exact.groupby("seed"):
        rows[f"the paper's schedule, seed {seed} ± bar"] = _with_bars(run["two_nn"], run["bar"])
        rows[f"its sampling error, seed {seed}"] = [f"± {e:.2f}" for e in run["stderr"]]
    rows |= _spread(fast, "learning rate x 10, mean ± sd over {n} seeds")
    last = frame[(frame["epoch"] == _length(frame)) & (frame["speed"] == _FAST)]
    rows |= _spread(last[last["sample"] == "training 1"], "the same, first 2,000 training images")
    rows |= _spread(last[last["sample"] == ALL_IMAGES], "the same, all 10,000 test images")
    blocks = last[last["sample"].astype("str").str.startswith("test")]
    of_blocks = blocks.groupby(["sample", "layer"], as_index=False)[["two_nn"]].mean()
    rows |= _spread(
        of_blocks.assign(seed=of_blocks["sample"]), "mean ± sd over {n} blocks of 2,000 test images"
    )
    for epoch, part in _through_training(frame):
        rows |= _spread(part, f"the same after {epoch} epochs (n = {{n}})")
    other = last[last["sample"] == _SAMPLE].set_index("layer")["two_nn"].groupby(level=0).mean()
    names = [("pool1 before ReLU", "pool1"), ("pool2 before ReLU", "pool2"), ("logits", "output")]
    rows["pools before ReLU, logits"] = [
        next((f"{other[name]:.2f}" for name, of in names if of == layer and name in other), "")
        for layer in LAYERS
    ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(LAYERS))


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """The table beside the published one, and how it comes about in training."""
    return {
        "table": lambda: _table_figure(frame),
        "training": lambda: _training_figure(frame),
    }


def _length(frame: pd.DataFrame) -> int:
    return int(frame.loc[frame["speed"] == _FAST, "epoch"].max())


def _of_speed(frame: pd.DataFrame, speed: int) -> pd.DataFrame:
    """The table of the runs at one learning rate at the end, in the order of the layers."""
    part = frame[
        (frame["speed"] == speed)
        & (frame["epoch"] == _length(frame))
        & (frame["sample"] == _SAMPLE)
        & frame["layer"].isin(LAYERS)
    ]
    order = part["layer"].map(LAYERS.index)
    return part.assign(order=order).sort_values(["seed", "order"])


def _through_training(frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    """The fast runs at each moment; beyond the paper's length, those that go on further."""
    of_sample = frame[frame["sample"] == _SAMPLE]
    for epoch in sorted(int(e) for e in of_sample["epoch"].unique()):
        speed = _FASTER if epoch > _length(frame) else _FAST
        part = of_sample[(of_sample["epoch"] == epoch) & (of_sample["speed"] == speed)]
        if len(part):
            yield epoch, part


def _values(part: pd.DataFrame) -> np.ndarray:
    """The dimension, a row for each seed and a column for each layer."""
    return part["two_nn"].to_numpy(dtype=np.float64).reshape(-1, len(LAYERS))


def _within_bars(layer: str, exact: pd.DataFrame, fast: pd.DataFrame) -> Claim:
    at = LAYERS.index(layer)
    value, bar = _PUBLISHED.values[at], _PUBLISHED.bars[at]
    nets = fast[fast["layer"] == layer]
    seeds, mean = nets["two_nn"], nets[["two_nn", "bar", "stderr"]].mean()
    said = f"{mean['two_nn']:.2f} ± {mean['bar']:.2f} (sampling error ± {mean['stderr']:.2f}"
    said += f"; {len(seeds)} seeds {seeds.min():.2f} .. {seeds.max():.2f}"
    for own in exact.loc[exact["layer"] == layer, "two_nn"]:
        said += f"; by the paper's schedule {own:.2f}"
    claim = judged(
        f"{layer}: the mean over networks is within the published bar plus ours",
        bool(abs(mean["two_nn"] - value) <= bar + mean["bar"]),
        ours=said + ")",
        n_seeds=len(seeds),
        any_budget=layer == "input",
    )
    return replace(claim, published=f"{value:.2f} ± {bar:.2f}")


def _one_of_ours(values: np.ndarray) -> Claim:
    """Whether the published network can be another seed of ours, by prediction intervals."""
    statement = "each layer after the input lies within the scatter over seeds"
    n = len(values)
    if n < LEAST_SEEDS:
        why = f"at least {LEAST_SEEDS} seeds are needed"
        return judged(statement, None, ours="", n_seeds=n, why=why)
    published, ours = np.array(_PUBLISHED.values)[1:], values[:, 1:]
    low, high = prediction_interval(ours, level=LEVEL / len(published))
    said = ", ".join(
        f"{layer} {value:+.2f} of ± {bound:.2f}"
        for layer, value, bound in zip(
            LAYERS[1:], published - ours.mean(axis=0), (high - low) / 2, strict=True
        )
    )
    is_within = bool(((low <= published) & (published <= high)).all())
    return judged(statement, is_within, ours=f"published less ours: {said}", n_seeds=n)


def _which_images(frame: pd.DataFrame) -> Claim:
    inputs = frame[(frame["layer"] == "input") & (frame["epoch"] == _length(frame))]
    inputs = inputs[inputs["sample"] != ALL_IMAGES]
    inputs = inputs.groupby("sample", sort=False)[["two_nn", "bar"]].mean()
    near = (inputs["two_nn"] - _PUBLISHED.values[0]).abs() <= inputs["bar"] + _PUBLISHED.bars[0]
    said = ", ".join(f"{name} {row['two_nn']:.2f}" for name, row in inputs.iterrows())
    return judged(
        "the 2,000 images are the first test images, not the first training images",
        bool(near[_SAMPLE] and not near["training 1"]),
        ours=f"input of blocks of 2,000: {said}",
        n_seeds=len(inputs),
        any_budget=True,
    )


def _of_all_images(frame: pd.DataFrame, fast: pd.DataFrame) -> Claim:
    conv1 = frame[(frame["layer"] == "conv1") & (frame["speed"] == _FAST)]
    of_sample, of_all = fast[fast["layer"] == "conv1"], conv1[conv1["sample"] == ALL_IMAGES]
    return all_images_claim(of_sample, of_all, _PUBLISHED)


def _same_table(exact: pd.DataFrame, fast: pd.DataFrame) -> Claim:
    seeds = sorted(set(exact["seed"]) & set(fast["seed"]))
    first, second = (_values(part[part["seed"].isin(seeds)]) for part in (exact, fast))
    bars = exact.loc[exact["seed"].isin(seeds), "bar"].to_numpy().reshape(-1, len(LAYERS))
    away = np.abs(first - second).max(axis=0)
    return judged(
        "ten times the learning rate for a tenth of the epochs gives the same table, within a bar",
        bool((np.abs(first - second) <= bars).all()),
        ours=", ".join(f"{layer} {d:.2f}" for layer, d in zip(LAYERS, away, strict=True)),
        n_seeds=len(seeds),
    )


def _with_bars(values: object, bars: object) -> list[str]:
    pairs = zip(values, bars, strict=True)  # type: ignore[call-overload] # two columns
    return [f"{value:.2f} ± {bar:.2f}" for value, bar in pairs]


def _spread(part: pd.DataFrame, label: str) -> dict[str, list[str]]:
    """A row of means over seeds with their standard deviations, if there is anything."""
    of_layer = part.groupby("layer")["two_nn"]
    mean, sd, n = of_layer.mean(), of_layer.std(), part["seed"].nunique()
    if n == 0:
        return {}
    cells = [f"{mean[x]:.2f}" + (f" ± {sd[x]:.2f}" if n > 1 else "") for x in LAYERS]
    return {label.format(n=n): cells}


def _table_figure(frame: pd.DataFrame) -> Axes:
    exact, fast = _of_speed(frame, 1), _of_speed(frame, _FAST)
    curves = []
    if len(exact):
        run = exact[exact["seed"] == exact["seed"].min()].set_index("layer")
        name = "ours, the paper's schedule (one net)"
        curves.append(layer_curve(name, run["two_nn"], run["bar"]))
    of_layer, n = fast.groupby("layer")["two_nn"], fast["seed"].nunique()
    name = f"ours, learning rate x {_FAST} (mean ± sd of {n} nets)"
    curves.append(layer_curve(name, of_layer.mean(), of_layer.std() if n > 1 else None))
    return plot_layers([*curves, _PUBLISHED.curve()], "MNIST: dimension of each layer")


def _training_figure(frame: pd.DataFrame) -> Axes:
    curves = []
    for epoch, part in _through_training(frame):
        curves.append(layer_curve(f"{epoch} epochs", part.groupby("layer")["two_nn"].mean()))
        if epoch == _length(frame):
            curves.append(_PUBLISHED.curve())
    return plot_layers(curves, "MNIST: the dimension of each layer through training")


RECIPE = Recipe(
    name="ansuini/mnist",
    paper="Ansuini et al. (2019), arXiv:1905.12784",
    title="MNIST: the dimension of each layer of the paper's small network",
    differs=(
        "Network, schedule, sample and estimator are the paper's; the 32 images that fill no batch "
        "are left out of each epoch, where the paper's code keeps them. The scatter over seeds, "
        "which the paper does not have, is of nets at ten times the learning rate for a tenth of "
        "the epochs. A bar over overlapping draws of 90 % is no sampling error: that stands beside."
        " The mean over those nets is compared since the one net of the paper's schedule was seen "
        "to miss the bars at the output (6.28) as well as at conv1."
    ),
    options=(
        seeds_option(5),
        Option(
            name="n_exact", kind=int, default=1, help="Runs of the paper's own schedule.",
            is_fixed=False,
        ),
        Option(
            name="n_further", kind=int, default=1, help="Runs of four times the paper's length.",
            is_fixed=False,
        ),
        Option(name="epochs", kind=int, default=200, help="Length of the paper's schedule."),
        Option(name="n_images", kind=int, default=60000, help="Training images."),
        Option(
            name="n_blocks", kind=int, default=5, help="Blocks of 2,000 test images at the end."
        ),
    ),
    budgets={
        "quick": {"n_seeds": 1, "n_exact": 0, "n_further": 0, "epochs": 40, "n_images": 5000,
                  "n_blocks": 1},
        "full": {"n_exact": 5},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.ansuini.mnist_runs:train_on_mnist",
    keeps_state=True,
    summary=summary,
    claims=claims,
    figures=figures,
    published=published_figure("mnist_B")["values"]["mnist"],
)  # fmt: skip
