"""True against shuffled labels: the last hidden layer of networks that must memorise.

Ansuini et al. (2019) show it for one network on MNIST. Here it is three data sets and several
seeds, and networks with true labels see the same images for as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from dimscope.errors import InputError
from dimscope.plots import StudyCurve, plot_study_curves
from dimscope.studies.claims import LEAST_SEEDS, LEVEL, Claim, judged
from dimscope.studies.jobs import Job
from dimscope.studies.permutation import sign_flip_p
from dimscope.studies.published import published_figure
from dimscope.studies.recipe import Option, Recipe, seeds_option
from dimscope.studies.recipes.ansuini.mnist_layers import LAYERS, published_layers

if TYPE_CHECKING:
    from jaxtyping import Float64
    from matplotlib.axes import Axes

DATA: Mapping[str, str] = {
    "mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10",
}  # fmt: skip
LABELS = ("true", "shuffled")
#: Share of its training labels that a network with shuffled labels must know.
FITTED = 0.99
_PUBLISHED = {"true": "mnist", "shuffled": "mnist_shuffled_labels"}


def jobs(  # noqa: PLR0913 - the options
    *,
    n_seeds: int,
    n_images: int,
    n_cifar: int,
    epochs: int,
    cifar_epochs: int,
    learning_rate: float,
    annealing: str,
    precision: str,
    n_sample: int,
) -> list[Job]:
    """A run for each data set, kind of labels and seed.

    Raises
    ------
    InputError
        If there are no seeds.
    """
    if n_seeds < 1:
        raise InputError(f"n_seeds={n_seeds} must be at least 1")
    length = dict.fromkeys(DATA, (n_images, epochs)) | {"cifar10": (n_cifar, cifar_epochs)}
    return [
        {
            "data": data, "labels": labels, "seed": seed, "n_images": length[data][0],
            "epochs": length[data][1], "learning_rate": learning_rate, "annealing": annealing,
            "precision": precision, "n_sample": n_sample,
        }
        for seed in range(n_seeds)
        for data in DATA
        for labels in LABELS
    ]  # fmt: skip


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge claim 6 on each data set, by a t-test and a sign-flip test of paired differences."""
    return [claim for data in DATA for claim in _claims_of(frame[frame["data"] == data])]


def _claims_of(frame: pd.DataFrame) -> list[Claim]:
    data = str(frame["data"].iloc[0])
    name = DATA[data]
    fit = frame[(frame["labels"] == "shuffled") & frame["training_accuracy"].notna()]
    least = float(fit["training_accuracy"].min())
    unfitted = "" if least >= FITTED else f"a net knows only {least:.1%} of its shuffled labels"
    shuffled, true = _values(frame, "shuffled"), _values(frame, "true")
    at = LAYERS.index("d1")
    d1, compressed = shuffled[:, at], true[:, at]
    before = shuffled[:, :at]
    old, new = (published_layers(_PUBLISHED[labels]).values for labels in LABELS)
    is_mnist = data == "mnist"
    return [
        judged(
            f"{name}: nets learn at least {FITTED:.0%} of the shuffled labels",
            least >= FITTED,
            ours=f"{least:.2%} .. {fit['training_accuracy'].max():.2%} of the training labels",
            n_seeds=len(fit),
        ),
        larger(
            f"{name}: the ID of the last hidden layer is larger with shuffled labels",
            d1, compressed[:, None], unfitted=unfitted,
        ).of(6, published=f"{new[at]} against {old[at]}" if is_mnist else ""),
        larger(
            f"{name}: shuffled labels, the last hidden layer is not compressed below the input",
            d1, before[:, :1], unfitted=unfitted,
        ).of(6, published=f"{new[at]} against {new[0]} at the input" if is_mnist else ""),
        larger(
            f"{name}: shuffled labels, the ID grows up to the last hidden layer (its largest)",
            d1, before, unfitted=unfitted,
        ).of(6, published=f"{new[at]} after {max(new[:at])}" if is_mnist else ""),
        larger(
            f"{name}: true labels, the last hidden layer is compressed below the input",
            true[:, 0], compressed[:, None],
        ).of(6, published=f"{old[at]} against {old[0]} at the input" if is_mnist else ""),
    ]  # fmt: skip


def larger(
    statement: str,
    value: Float64[np.ndarray, " seeds"],
    others: Float64[np.ndarray, "seeds others"],
    *,
    unfitted: str = "",
) -> Claim:
    """Test that a value is larger than each of others, paired over seeds, by two tests.

    The p-value is the largest of one-sided paired t-tests and sign-flip tests against each of the
    others. It is not reproduced if both tests show the opposite of one of them, the t-test
    corrected for their number.

    Parameters
    ----------
    statement
        What is claimed.
    value, others
        The value for each seed, and those that it is compared with.
    unfitted
        Why the networks do not allow a verdict; empty if they do.
    """
    steps = value[:, None] - others
    largest = others.max(axis=1)
    n = len(value)
    ours = f"{_mean_and_sd(value)} against {_mean_and_sd(largest)}"
    if n >= 2:
        half = stats.t.ppf(0.975, n - 1) * stats.sem(value - largest)
        ours += f"; difference {(value - largest).mean():.2f} ± {half:.2f} (95 %)"
    if n < LEAST_SEEDS or unfitted:
        why = unfitted or f"at least {LEAST_SEEDS} seeds are needed"
        return judged(statement, None, ours=ours, n_seeds=n, why=why)
    p = max(_p_larger(column) for column in steps.T)
    opposite = min(_p_larger(-column, n_tests=steps.shape[1]) for column in steps.T)
    holds = True if p < LEVEL else False if opposite < LEVEL else None
    why = "" if holds is not None else f"not significant at {LEVEL:g} by both tests"
    return judged(statement, holds, ours=ours, n_seeds=n, p_value=p, why=why)


def _p_larger(differences: Float64[np.ndarray, " seeds"], n_tests: int = 1) -> float:
    """The larger p-value of two tests of a positive mean, the t-test's times ``n_tests``."""
    if np.ptp(differences) == 0:
        return sign_flip_p(differences)
    by_t = float(stats.ttest_1samp(differences, 0.0, alternative="greater").pvalue)
    return max(by_t * n_tests, sign_flip_p(differences))


def _mean_and_sd(values: Sequence[float] | Float64[np.ndarray, " n"]) -> str:
    sd = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{sd}"


def _values(frame: pd.DataFrame, labels: str) -> Float64[np.ndarray, "seeds layers"]:
    """The dimension on test images, a row for each seed and a column for each layer."""
    part = frame[(frame["labels"] == labels) & (frame["sample"] == "test")]
    return part.pivot_table(index="seed", columns="layer", values="two_nn")[list(LAYERS)].to_numpy()


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """The dimension of each layer, mean ± sd over seeds, and how well the networks fit."""
    rows: dict[str, list[str]] = {}
    for data, name in DATA.items():
        for labels in LABELS:
            if data == "mnist":
                found = [f"{value:.2f}" for value in published_layers(_PUBLISHED[labels]).values]
                rows[f"{name}, {labels} labels, published"] = [*found, "", "", ""]
            part = frame[(frame["data"] == data) & (frame["labels"] == labels)]
            layers = [_mean_and_sd(column) for column in _values(part, labels).T]
            dense = part[(part["sample"] == "training") & (part["layer"] == "d1")]
            rows[f"{name}, {labels} labels"] = [
                *layers,
                _mean_and_sd(dense["two_nn"].to_numpy()),
                f"{part['training_accuracy'].min():.4f}",
                f"{part['test_accuracy'].mean():.3f}",
            ]
    columns = [*LAYERS, "d1, training images", "least training accuracy", "test accuracy"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """The layers of both kinds of networks, a figure for each data set."""
    return {data: lambda data=data: _figure(frame, data) for data in DATA}  # type: ignore[misc]


def _figure(frame: pd.DataFrame, data: str) -> Axes:
    part = frame[frame["data"] == data]
    curves = []
    for labels in LABELS:
        values = _values(part, labels)
        sd = values.std(axis=0, ddof=1 if len(values) > 1 else 0)
        label = f"{labels} labels (mean ± sd, {len(values)} seeds)"
        x = range(len(LAYERS))
        curves.append(StudyCurve(label, x, list(values.mean(axis=0)), list(sd)))
        if data == "mnist":
            old = published_layers(_PUBLISHED[labels])
            name = f"published, {labels} labels"
            curves.append(StudyCurve(name, x, old.values, old.bars, is_published=True))
    return plot_study_curves(
        curves, title=f"{DATA[data]}: dimension of each layer on test images", x_label="layer",
        y_label="ID (TwoNN, 50 draws of 90 % of 2,000)", x_names=LAYERS,
    )  # fmt: skip


RECIPE = Recipe(
    name="ansuini/labels",
    paper="Ansuini et al. (2019), arXiv:1905.12784",
    title="True against shuffled labels: the dimension of each layer",
    differs=(
        "10,000 training images (5,000 of CIFAR-10) in place of 60,000, the same for true and "
        "shuffled labels, with a larger and annealed learning rate, so that the shuffled labels "
        "are learnt; the rise with shuffled labels grows with the learning rate. Fashion-MNIST and "
        "CIFAR-10 are not in the paper; the network for CIFAR-10 is the same but for its input."
    ),
    options=(
        seeds_option(8),
        Option(name="n_images", kind=int, default=10000, help="Training images."),
        Option(name="n_cifar", kind=int, default=5000, help="Training images of CIFAR-10."),
        Option(name="epochs", kind=int, default=60, help="Epochs."),
        Option(name="cifar_epochs", kind=int, default=40, help="Epochs on CIFAR-10."),
        Option(name="learning_rate", kind=float, default=0.02, help="Learning rate of SGD."),
        Option(name="annealing", kind=str, default="cosine", help="none or cosine."),
        Option(name="precision", kind=str, default="bfloat16", help="float32 or bfloat16."),
        Option(name="n_sample", kind=int, default=2000, help="Images of which the ID is taken."),
    ),
    budgets={
        "quick": {
            "n_seeds": 1, "n_images": 2000, "n_cifar": 2000, "epochs": 1, "cifar_epochs": 1,
            "n_sample": 500,
        },
        "full": {
            "n_images": 60000, "n_cifar": 50000, "epochs": 500, "cifar_epochs": 500,
            "learning_rate": 5e-4, "annealing": "none", "precision": "float32",
        },
    },
    jobs=jobs,
    work="dimscope.studies.recipes.ansuini.labels_runs:train_on_labels",
    summary=summary,
    claims=claims,
    figures=figures,
    published=published_figure("mnist_B")["values"],
)  # fmt: skip
