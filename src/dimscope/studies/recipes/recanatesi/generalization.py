"""Whether a low dimension goes with generalisation, as Recanatesi et al. (2019) claim.

The dimension of the last hidden layer against the generalisation gap and the test accuracy, over
batch size, learning rate, weight decay and label noise. What varies with all of these, the training
loss and norms, is partialled out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.claims import LEVEL, Claim, judged
from dimscope.studies.correlation import (
    Correlation,
    correlation,
    correlation_within,
    partial_correlation,
)
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import Option, Recipe, seeds_option

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BATCH_SIZES = (32, 128, 512)
LEARNING_RATES = (0.003, 0.01, 0.03)
WEIGHT_DECAYS = (0.0, 5e-4)
LABEL_NOISES = (0.0, 0.2, 0.4)
CONDITION = ("batch_size", "learning_rate", "weight_decay", "label_noise")
DIMENSIONS: Mapping[str, str] = {
    "two_nn": "TwoNN", "participation_ratio": "participation ratio",
}  # fmt: skip
#: Partialled out; all are positive, and their logarithms enter.
CONFOUNDERS = ("training_loss", "weight_norm", "feature_norm")
_N_CLASSES = 10
_N_TRAIN, _N_TEST = 60_000, 10_000
_LEAST_CONDITIONS = 10
_STRIDE = 23


def jobs(
    *, n_seeds: int, n_conditions: int, epochs: int, n_train: int, n_samples: int
) -> list[Job]:
    """A run for each condition and seed.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    every = list(product(BATCH_SIZES, LEARNING_RATES, WEIGHT_DECAYS, LABEL_NOISES))
    if not 1 <= n_conditions <= len(every) or n_seeds < 1 or epochs < 1:
        raise InputError(
            f"n_conditions={n_conditions} must be within 1 and {len(every)}, n_seeds={n_seeds} and "
            f"epochs={epochs} at least 1"
        )
    if not max(BATCH_SIZES) <= n_train <= _N_TRAIN or not 100 <= n_samples <= _N_TEST:
        raise InputError(
            f"n_train={n_train} must be within {max(BATCH_SIZES)} and {_N_TRAIN:,}, "
            f"n_samples={n_samples} within 100 and {_N_TEST:,}"
        )
    # evenly spread: the step is prime to the number of conditions
    chosen = [every[i * _STRIDE % len(every)] for i in range(n_conditions)]
    how = {"epochs": epochs, "n_train": n_train, "n_samples": n_samples}
    return [
        dict(zip(CONDITION, condition, strict=True)) | {"seed": seed} | how
        for seed in range(n_seeds)
        for condition in chosen
    ]


def by_condition(frame: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds, a row for each condition; with the gap, and logarithms of confounders.

    The gap is that of accuracies on labels of one kind: with a share s drawn anew, a network with
    the accuracy a on true labels is right in (1 - s) a + s / 10 of the cases.
    """
    means = frame.groupby(list(CONDITION), as_index=False, sort=True).mean(numeric_only=True)
    noise = means["label_noise"]
    expected = (1 - noise) * means["test_accuracy"] + noise / _N_CLASSES
    gap = means["training_accuracy"] - expected
    logs = {f"log_{name}": np.log(means[name]) for name in (*CONFOUNDERS, *DIMENSIONS)}
    return means.assign(gap=gap, test_error=1 - means["test_accuracy"], **logs)


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge the claim for both dimensions and both measures of generalisation, in three ways.

    As it stands, within levels of label noise, and given training loss and norms. All by ranks;
    the networks of a condition's seeds count as one.
    """
    conditions = by_condition(frame)
    return [
        _claim(conditions, dimension, outcome, way)
        for outcome in _OUTCOMES
        for way in _WAYS
        for dimension in DIMENSIONS
    ]


#: Both are small where a network generalises well.
_OUTCOMES: Mapping[str, str] = {"gap": "the generalisation gap", "test_error": "the test error"}


def _plain(x: pd.Series, y: pd.Series, _: pd.DataFrame) -> Correlation:
    return correlation(x, y, kind="spearman", rng=0)


def _within(x: pd.Series, y: pd.Series, of: pd.DataFrame) -> Correlation:
    return correlation_within(x, y, of["label_noise"], kind="spearman", rng=0)


def _given(x: pd.Series, y: pd.Series, of: pd.DataFrame) -> Correlation:
    confounders = of[[f"log_{name}" for name in CONFOUNDERS]]
    return partial_correlation(x, y, confounders, kind="spearman", rng=0)


_WAYS: Mapping[str, Callable[[pd.Series, pd.Series, pd.DataFrame], Correlation]] = {
    "": _plain,
    ", at the same label noise": _within,
    ", given training loss, norm of weights and norm of features": _given,
}


def _claim(conditions: pd.DataFrame, dimension: str, outcome: str, way: str) -> Claim:
    statement = (
        f"a lower dimension ({DIMENSIONS[dimension]}) of the last hidden layer goes with a smaller "
        f"{_OUTCOMES[outcome].removeprefix('the ')}{way}"
    )
    known = conditions.dropna(subset=[dimension])
    if len(known) < _LEAST_CONDITIONS:
        why = f"{len(known)} conditions are too few"
        return judged(statement, None, ours="", why=why, n_seeds=len(known)).of(11)
    found = _WAYS[way](known[dimension], known[outcome], known)
    holds = found.r > 0 if found.p_value < LEVEL else None
    return judged(
        statement, holds,
        ours=f"r = {found.r:.2f}"
        + ("" if found.low is None else f" ({found.low:.2f} .. {found.high:.2f})"),
        why="" if holds is not None else f"not significant at {LEVEL:g}",
        p_value=found.p_value, n_seeds=found.n,
    ).of(11)  # fmt: skip


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Each level of each setting, and the means over all conditions that have it."""
    conditions = by_condition(frame)
    shown = {
        "gap": "gap", "test_accuracy": "test accuracy", "two_nn": "TwoNN",
        "participation_ratio": "participation ratio", "training_loss": "training loss",
        "weight_norm": "weight norm", "feature_norm": "feature norm",
    }  # fmt: skip
    cells = {
        f"{name.replace('_', ' ')} {level:g}": {
            title: f"{rows[column].mean():.3g}" for column, title in shown.items()
        }
        for name in CONDITION
        for level, rows in conditions.groupby(name)
    }
    index = f"setting: means of {len(conditions)} conditions, {frame['seed'].nunique()} seeds"
    return pd.DataFrame.from_dict(cells, orient="index").rename_axis(index)


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """The gap and the test error against each dimension, a point for each condition."""
    conditions = by_condition(frame)
    labelled = conditions.assign(
        noise=[f"label noise {share:g}" for share in conditions["label_noise"]]
    ).sort_values("label_noise")
    return {
        f"{outcome.replace('_', '-')}-{dimension.replace('_', '-')}": partial(
            _draw, labelled, dimension, outcome
        )
        for outcome in _OUTCOMES
        for dimension in DIMENSIONS
    }


def _draw(conditions: pd.DataFrame, dimension: str, outcome: str) -> Axes:
    from dimscope.plots import plot_study_points  # noqa: PLC0415 - loads when needed

    return plot_study_points(
        conditions,
        dimension,
        outcome,
        "noise",
        title=f"{_OUTCOMES[outcome].capitalize()} against the last hidden layer's dimension",
        x_label=DIMENSIONS[dimension],
        y_label=_OUTCOMES[outcome].removeprefix("the "),
    )


RECIPE = Recipe(
    name="recanatesi/generalization",
    paper="Recanatesi et al. (2019), arXiv:1906.00443",
    title="Dimension against generalisation over batch, learning rate, weight decay, label noise",
    differs=(
        "The paper's experiment on this claim could not be recovered. The network (seven dense "
        "layers), data (10,000 images of Fashion-MNIST), grid and statistics are our own."
    ),
    options=(
        seeds_option(2),
        Option(
            name="n_conditions", kind=int, default=54, help="Conditions of the grid.",
            is_fixed=False,
        ),
        Option(name="epochs", kind=int, default=15, help="Passes over the training images."),
        Option(name="n_train", kind=int, default=10_000, help="Training images."),
        Option(name="n_samples", kind=int, default=2000, help="Test images that are measured."),
    ),
    budgets={
        "quick": {
            "n_seeds": 1, "n_conditions": 18, "epochs": 2, "n_train": 2000, "n_samples": 1000,
        },
        "full": {"n_seeds": 5, "epochs": 60, "n_train": 60_000},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.recanatesi.last_hidden_of_dense:train_condition",
    summary=summary,
    claims=claims,
    figures=figures,
)  # fmt: skip
