"""The sweep of Farrell et al. (2022): learning rate, optimiser, batch size, readout trained or not.

It is the nearest thing to a published experiment on the claim of Recanatesi et al. (2019) that the
noise of SGD regularises the dimension. The design is Farrell's; the predictions are those of this
software's effective regulariser (`dimscope.noise`), which describes plain SGD with small steps:
noise of the readout compresses, and nothing else does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float64
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import Option, Recipe, seeds_option
from dimscope.studies.recipes.recanatesi.noise.runs import require_seeds
from dimscope.studies.recipes.recanatesi.sgd_noise_claims import (
    EPOCH,
    OPTIMIZERS,
    RATES,
    Moment,
    batch_said,
    claims,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_EPOCHS, _QUICK_EPOCHS = 5, 6
_MORE_EPOCHS = 10  # with full batches, as many times as with batches of one
_SHOWN_RATES = (1e-3, 5e-3, 5e-2)
_WAYS = tuple(product(OPTIMIZERS, (1, EPOCH), (False, True)))


def jobs(*, n_seeds: int, epochs: int) -> list[Job]:
    """A run for each point of the grid and each seed.

    Raises
    ------
    InputError
        If there are too few seeds or epochs.
    """
    require_seeds(n_seeds)
    if epochs < _LEAST_EPOCHS:
        raise InputError(f"epochs={epochs} must be at least {_LEAST_EPOCHS}")
    return [
        {
            "optimizer": optimizer, "learning_rate": rate, "batch_size": size,
            "frozen_readout": frozen, "epochs": epochs * (_MORE_EPOCHS if size > 1 else 1),
            "seed": seed,
        }
        for seed in range(n_seeds)
        for (optimizer, size, frozen), rate in product(_WAYS, RATES)
    ]  # fmt: skip


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """The orthogonal ratio and PR after training, a row for each optimiser, batch and readout."""
    end = Moment(frame, 1.0)
    rows = {}
    for optimizer, size, frozen in _WAYS:
        readout = "frozen" if frozen else "trained"
        for quantity, short in _QUANTITIES.items():
            values = end.of(quantity, optimizer, *RATES, size=size, frozen=frozen)
            rows[f"{OPTIMIZERS[optimizer]}, {batch_said(size)}, {readout}: {short}"] = [
                _cell(c) for c in values.T
            ]
    index = pd.Index(rows, name=f"mean of {frame['seed'].nunique()} seeds at the rate")
    return pd.DataFrame(list(rows.values()), index=index, columns=[f"{r:g}" for r in RATES])


def _cell(values: Float64[np.ndarray, " seeds"]) -> str:
    n = int(np.isnan(values).sum())
    return f"{n} diverged" if n else f"{values.mean():.3g} ± {stats.sem(values):.1g}"


def figures(frame: pd.DataFrame) -> Mapping[str, Callable[[], Axes]]:
    """After training against the learning rate, and through training at batch 1."""
    return {
        **{f"rates-{q}": partial(_against_rate, frame, q) for q in _QUANTITIES},
        **{f"course-{q}": partial(_course, frame, q) for q in _QUANTITIES},
        "course-weight_variance": partial(_course, frame, "weight_variance"),
    }


_QUANTITIES = {"orthogonal_ratio": "orthogonal ratio", "participation_ratio": "PR"}
_LABELS = _QUANTITIES | {"weight_variance": "variance of the readout's weights in an epoch"}


def _against_rate(frame: pd.DataFrame, quantity: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415

    end = Moment(frame, 1.0)
    curves = []
    drawn = [key for key in _WAYS if key != ("sgd", EPOCH, True)]  # flat, as other curves of SGD
    for optimizer, size, frozen in drawn:
        values = end.of(quantity, optimizer, *RATES, size=size, frozen=frozen)
        label = f"{OPTIMIZERS[optimizer]}, {batch_said(size)}{', frozen readout' if frozen else ''}"
        curves.append(
            StudyCurve(label, RATES, list(values.mean(axis=0)), list(stats.sem(values)))
        )  # fmt: skip
    return plot_study_curves(
        curves, title=f"{_LABELS[quantity]} after training", x_label="largest learning rate",
        y_label=_LABELS[quantity], logarithmic="xy",
    )  # fmt: skip


def _course(frame: pd.DataFrame, quantity: str) -> Axes:
    from dimscope.plots import StudyCurve, plot_study_curves  # noqa: PLC0415

    is_shown = (frame["batch_size"] == 1) & ~frame["frozen_readout"]
    curves = []
    for (optimizer, name), rate in product(OPTIMIZERS.items(), _SHOWN_RATES):
        runs = frame[
            is_shown & (frame["optimizer"] == optimizer) & (frame["learning_rate"] == rate)
        ]
        means = runs.groupby("epoch")[quantity].agg(["mean", "sem"]).dropna()
        curves.append(
            StudyCurve(
                f"{name}, {rate:g}", list(means.index), list(means["mean"]), list(means["sem"])
            )
        )
    return plot_study_curves(
        curves, title=f"{_LABELS[quantity]}, batch 1", x_label="epoch",
        y_label=_LABELS[quantity], logarithmic="y" if quantity == "weight_variance" else "",
    )  # fmt: skip


RECIPE = Recipe(
    name="recanatesi/sgd_noise",
    paper="Recanatesi et al. (2019), arXiv:1906.00443",
    title="The noise of SGD: the sweep of Farrell et al. (2022) over a two-layer linear network",
    differs=(
        "The experiment of Recanatesi et al. on this claim could not be recovered. Task, network "
        "and sweep are those of Farrell et al. (2022), as their public code has them: 800 fresh "
        "samples an epoch, also where a batch is an epoch, and a one-cycle learning rate. We have "
        "no values of theirs to compare with; the orthogonal ratio leaves out both rows of the "
        "readout, theirs that of a sample's class. Which rates the claims name, and the rule for "
        "small steps, were chosen after a look at the first of the four seeds."
    ),
    options=(
        seeds_option(4),
        Option(
            name="epochs",
            kind=int,
            default=100,
            help="Epochs of 800 samples with batches of one; ten times as many with full batches.",
        ),
    ),
    budgets={"quick": {"n_seeds": 3, "epochs": _QUICK_EPOCHS}},
    jobs=jobs,
    work="dimscope.studies.recipes.recanatesi.noise.grid_runs:train_in_grid",
    summary=summary,
    claims=claims,
    figures=figures,
)
