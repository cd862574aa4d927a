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
from dimscope.studies.claims import LEVEL, Claim, decreases, judged
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import Option, Recipe, seeds_option
from dimscope.studies.recipes.recanatesi.noise.runs import PUBLISHED, require_seeds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RATES = (1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2)
OPTIMIZERS = {"sgd": "SGD", "rmsprop": "RMSprop"}
EPOCH = 800
_MORE_EPOCHS = 10  # with full batches, as many times as with batches of one
_LEAST_EPOCHS, _QUICK_EPOCHS = 5, 6
_NEAR = 0.05
_MIDDLE = 1e-3
_SHOWN_RATES = (1e-3, 5e-3, 5e-2)
_DESIGN = "in the published design"
_WAYS = tuple(product(OPTIMIZERS, (1, EPOCH), (False, True)))
_KEYS = ["optimizer", "learning_rate", "batch_size", "frozen_readout", "seed"]


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


class Moment:
    """The rows of all runs at a share of their training; 1 is the end.

    Raises
    ------
    InputError
        If runs of the grid are missing.
    """

    def __init__(self, frame: pd.DataFrame, share: float) -> None:
        until = frame[frame["epoch"] <= share * frame["epochs"]]
        self._rows = until.loc[until.groupby(_KEYS)["epoch"].idxmax()].set_index(_KEYS).sort_index()
        seeds = set(frame["seed"])
        missing = [
            (*run, seed)
            for run in product(OPTIMIZERS, RATES, (1, EPOCH), (False, True))
            for seed in seeds
            if (*run, seed) not in self._rows.index
        ]
        if missing:
            raise InputError(f"no run of {missing[0]}: give the whole grid")

    def of(
        self, quantity: str, optimizer: str, *rates: float, size: int = 1, frozen: bool = False
    ) -> Float64[np.ndarray, "seeds rates"]:
        """A quantity of the runs with these settings, sorted by seed; nan where one diverged."""
        values = self._rows[quantity]
        columns = [values.xs((optimizer, rate, size, frozen)) for rate in rates]
        return np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)


def stays(
    statement: str,
    ratios: Float64[np.ndarray, "seeds rates"],
    rates: tuple[float, ...],
    *,
    may_grow: bool = False,
) -> Claim:
    """Judge that the mean ratio is within 0.05 of 1 at every rate, by its interval over seeds.

    It is contradicted if the interval of one rate lies outside. ``may_grow`` allows more than 1.
    """
    means = ratios.mean(axis=0)
    halves = stats.sem(ratios, axis=0) * stats.t.ppf(1 - LEVEL, len(ratios) - 1)
    excess = -(means - 1) if may_grow else np.abs(means - 1)
    shown = ", ".join(
        f"{mean:.3g} ± {half:.1g} at {rate:g}"
        for mean, half, rate in zip(means, halves, rates, strict=True)
    )
    why = ""
    if (excess - halves > _NEAR).any():
        holds = False
    elif not np.isfinite(ratios).all():
        holds, why = None, "a run diverged"
    elif (excess + halves <= _NEAR).all():
        holds = True
    else:
        holds, why = None, f"an interval lies across 1 ± {_NEAR}"
    return judged(statement, holds, ours=f"ratio {shown}", n_seeds=len(ratios), why=why)


def small_steps(start: Moment) -> tuple[float, ...]:
    """The rates below 2 / Tr C_h of the start: above, the step of a single sample overshoots."""
    variance = start.of("feature_variance", "sgd", RATES[0]).mean()
    return tuple(rate for rate in RATES if rate * variance < 2)


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge the predictions for SGD and RMSprop, then what the published design shows.

    Raises
    ------
    InputError
        If runs are missing.
    """
    start, end = Moment(frame, 0.0), Moment(frame, 1.0)
    small = small_steps(start)
    large = tuple(rate for rate in RATES if rate not in small)
    found = [
        *_predictions(end, small, large),
        *_compression(end, large),
        *_dimension(start, Moment(frame, 0.5), end),
    ]
    return [claim.of(10, published=PUBLISHED) for claim in found]


def _predictions(end: Moment, small: tuple[float, ...], large: tuple[float, ...]) -> list[Claim]:
    ratio = partial(end.of, "orthogonal_ratio")
    return [
        stays(
            "predicted: SGD with batch 1 and small steps hardly compresses, since the residual "
            "vanishes",
            ratio("sgd", *small), small,
        ),
        stays("predicted: nor with the larger steps of the grid", ratio("sgd", *large), large),
        stays(
            "predicted: SGD with full batches does not compress",
            ratio("sgd", *RATES, size=EPOCH), RATES,
        ),
        stays(
            "predicted: SGD with a frozen readout does not compress",
            ratio("sgd", *RATES, frozen=True), RATES,
        ),
        stays(
            "carried over to RMSprop: no compression with a frozen readout",
            ratio("rmsprop", *RATES, frozen=True), RATES, may_grow=True,
        ),
        stays(
            "carried over to RMSprop: no compression with full batches",
            ratio("rmsprop", *RATES, size=EPOCH), RATES,
        ),
    ]  # fmt: skip


def _compression(end: Moment, large: tuple[float, ...]) -> list[Claim]:
    ratio = partial(end.of, "orthogonal_ratio")
    one = np.ones_like(ratio("sgd", large[0]))
    compressed = [
        ("SGD", "sgd", 1, large), ("RMSprop", "rmsprop", 1, (_MIDDLE,)),
        ("RMSprop", "rmsprop", EPOCH, (_MIDDLE,)),
    ]  # fmt: skip
    return [
        *(
            decreases(
                f"{_DESIGN} {name} with {_of(size)} compresses at {_each(rates)}"
                f"{', the more the larger the rate' if len(rates) > 1 else ''}",
                np.hstack([one, ratio(optimizer, *rates, size=size)]),
            )
            for name, optimizer, size, rates in compressed
        ),
        decreases(
            f"{_DESIGN} RMSprop at {_MIDDLE:g} compresses more with batch 1 than with full batches",
            np.hstack([ratio("rmsprop", _MIDDLE, size=EPOCH), ratio("rmsprop", _MIDDLE)]),
        ),
    ]


def _dimension(start: Moment, middle: Moment, end: Moment) -> list[Claim]:
    """Of PR and of the readout's weights."""
    found = [
        decreases(
            f"{_DESIGN} {OPTIMIZERS[optimizer]} with batch 1 lowers the dimension (PR) at {rate:g}",
            np.hstack([m.of("participation_ratio", optimizer, rate) for m in (start, end)]),
        )
        for optimizer, rate in (("sgd", RATES[-1]), ("rmsprop", _MIDDLE))
    ]
    varies = partial(middle.of, "weight_variance")
    falling = tuple(reversed(RATES))
    return [
        *found,
        decreases(
            f"{_DESIGN} RMSprop's readout varies more than SGD's at {_MIDDLE:g}, batch 1",
            np.hstack([varies("rmsprop", _MIDDLE), varies("sgd", _MIDDLE)]),
        ),
        decreases(
            f"{_DESIGN} the readout varies less at smaller rates (SGD, batch 1, {_each(falling)})",
            varies("sgd", *falling),
        ),
    ]


def _of(size: int) -> str:
    return "batch 1" if size == 1 else "full batches"


def _each(rates: tuple[float, ...]) -> str:
    return ", ".join(f"{rate:g}" for rate in rates)


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """The orthogonal ratio and PR after training, a row for each optimiser, batch and readout."""
    end = Moment(frame, 1.0)
    rows = {}
    for optimizer, size, frozen in _WAYS:
        readout = "frozen" if frozen else "trained"
        for quantity, short in _QUANTITIES.items():
            values = end.of(quantity, optimizer, *RATES, size=size, frozen=frozen)
            rows[f"{OPTIMIZERS[optimizer]}, {_of(size)}, {readout}: {short}"] = [
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
        label = f"{OPTIMIZERS[optimizer]}, {_of(size)}{', frozen readout' if frozen else ''}"
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
