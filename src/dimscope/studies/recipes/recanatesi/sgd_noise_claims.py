"""Verdicts of `recanatesi/sgd_noise`: our predictions, then what the published design shows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pandas as pd
from jaxtyping import Float64
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies.claims import LEVEL, Claim, decreases, judged
from dimscope.studies.recipes.recanatesi.noise.runs import PUBLISHED

RATES = (1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2)
OPTIMIZERS = {"sgd": "SGD", "rmsprop": "RMSprop"}
EPOCH = 800
_NEAR = 0.05
_MIDDLE = 1e-3
_DESIGN = "in the published design"
_KEYS = ["optimizer", "learning_rate", "batch_size", "frozen_readout", "seed"]


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
    known = [column[np.isfinite(column)] for column in ratios.T]
    means = np.array([column.mean() if len(column) else np.nan for column in known])
    halves = np.array(
        [stats.sem(c) * stats.t.ppf(1 - LEVEL, len(c) - 1) if len(c) > 1 else np.nan for c in known]
    )
    excess = -(means - 1) if may_grow else np.abs(means - 1)
    shown = ", ".join(
        f"{mean:.3g} ± {half:.1g} at {rate:g}"
        + (f" ({len(ratios) - len(column)} diverged)" if len(column) < len(ratios) else "")
        for mean, half, rate, column in zip(means, halves, rates, known, strict=True)
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


def falls(statement: str, values: Float64[np.ndarray, "seeds levels"]) -> Claim:
    """Test that a quantity falls from level to level, over the seeds of which no run diverged."""
    known = np.isfinite(values).all(axis=1)
    if known.all() or not known.any():
        return decreases(statement, values)
    claim = decreases(statement, values[known])
    means = ", ".join(f"{mean:.3g}" for mean in claim.shown)
    lost = f"{len(values) - known.sum()} of {len(values)} seeds left out, a run diverged"
    return replace(claim, ours=f"{means}; {lost}")


def _compression(end: Moment, large: tuple[float, ...]) -> list[Claim]:
    ratio = partial(end.of, "orthogonal_ratio")
    one = np.ones_like(ratio("sgd", large[0]))
    compressed = [
        ("SGD", "sgd", 1, large), ("RMSprop", "rmsprop", 1, (_MIDDLE,)),
        ("RMSprop", "rmsprop", EPOCH, (_MIDDLE,)),
    ]  # fmt: skip
    return [
        *(
            falls(
                f"{_DESIGN} {name} with {batch_said(size)} compresses at {_each(rates)}"
                f"{', the more the larger the rate' if len(rates) > 1 else ''}",
                np.hstack([one, ratio(optimizer, *rates, size=size)]),
            )
            for name, optimizer, size, rates in compressed
        ),
        falls(
            f"{_DESIGN} RMSprop at {_MIDDLE:g} compresses more with batch 1 than with full batches",
            np.hstack([ratio("rmsprop", _MIDDLE, size=EPOCH), ratio("rmsprop", _MIDDLE)]),
        ),
    ]


def _dimension(start: Moment, middle: Moment, end: Moment) -> list[Claim]:
    """Of PR and of the readout's weights."""
    found = [
        falls(
            f"{_DESIGN} {OPTIMIZERS[optimizer]} with batch 1 lowers the dimension (PR) at {rate:g}",
            np.hstack([m.of("participation_ratio", optimizer, rate) for m in (start, end)]),
        )
        for optimizer, rate in (("sgd", RATES[-1]), ("rmsprop", _MIDDLE))
    ]
    varies = partial(middle.of, "weight_variance")
    falling = tuple(reversed(RATES))
    return [
        *found,
        falls(
            f"{_DESIGN} RMSprop's readout varies more than SGD's at {_MIDDLE:g}, batch 1",
            np.hstack([varies("rmsprop", _MIDDLE), varies("sgd", _MIDDLE)]),
        ),
        falls(
            f"{_DESIGN} the readout varies less at smaller rates (SGD, batch 1, {_each(falling)})",
            varies("sgd", *falling),
        ),
    ]


def batch_said(size: int) -> str:
    """A batch of one, or of a whole epoch, in words."""
    return "batch 1" if size == 1 else "full batches"


def _each(rates: tuple[float, ...]) -> str:
    return ", ".join(f"{rate:g}" for rate in rates)
