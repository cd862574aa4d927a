"""The noise of SGD and the dimension of a deep network: seven dense layers on Fashion-MNIST.

Recanatesi et al. (2019) claim that the noise of SGD acts as a regulariser that balances the
dimension of a representation. They train a seven-layer network on Fashion-MNIST; their settings
could not be recovered, so these are our own.
"""

from __future__ import annotations

from functools import partial

import pandas as pd

from dimscope.neighbors import checked_device
from dimscope.studies.claims import Claim, decreases
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import DEVICE, N_SEEDS, Recipe
from dimscope.studies.recipes.recanatesi.noise.conditions import Condition
from dimscope.studies.recipes.recanatesi.noise.figures import figures
from dimscope.studies.recipes.recanatesi.noise.last_moments import LastMoments, summary
from dimscope.studies.recipes.recanatesi.noise.runs import (
    PUBLISHED,
    jobs_of,
    require_seeds,
    training_time_option,
    with_conditions,
)

QUANTITIES = ("two_nn", "participation_ratio", "feature_variance", "test_accuracy")
TRAINING_TIME, FULL_TRAINING_TIME = 100.0, 200.0
_RATES, _BATCHES, _LABEL_NOISES = (0.01, 0.02, 0.04), (16, 64, 256), (0.0, 0.2)
MAIN = Condition(learning_rate=max(_RATES), batch_size=min(_BATCHES))


def conditions() -> dict[str, list[Condition]]:
    """The conditions of the experiment, grouped by the comparison that they serve."""
    return {
        "sweep": [
            Condition(learning_rate=eta, batch_size=size) for eta in _RATES for size in _BATCHES
        ],
        "label noise": [
            Condition(learning_rate=max(_RATES), batch_size=size, label_noise=share)
            for size in (min(_BATCHES), max(_BATCHES))
            for share in _LABEL_NOISES
        ],
        "controls": [
            MAIN,
            Condition(
                learning_rate=max(_RATES), batch_size=min(_BATCHES), frozen_readout=True
            ),
        ],
    }  # fmt: skip


def jobs(*, n_seeds: int, training_time: float, device: str) -> list[Job]:
    """A run for each condition: it trains the networks of all seeds side by side.

    Raises
    ------
    InputError
        If there are too few seeds, training is too short, or there is no such device.
    """
    require_seeds(n_seeds)
    checked_device(device)
    return jobs_of(conditions(), training_time, [{"n_seeds": n_seeds, "device": device}])


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge what the theory suggests for a deep network, from the last moment of every run.

    None of this follows from the theory, which describes a readout near a minimum.

    Raises
    ------
    InputError
        If runs are missing.
    """
    parts = conditions()
    of = LastMoments(frame)
    at_batch = [c for c in parts["sweep"] if c.batch_size == MAIN.batch_size]
    at_rate = sorted(
        (c for c in parts["sweep"] if c.learning_rate == MAIN.learning_rate),
        key=lambda c: -c.batch_size,
    )
    rates = ", ".join(f"{c.learning_rate:g}" for c in at_batch)
    batches = ", ".join(str(c.batch_size) for c in at_rate)
    quiet, noisy = (
        next(c for c in parts["label noise"] if c.batch_size == size and c.label_noise > 0)
        for size in (max(_BATCHES), min(_BATCHES))
    )
    found = []
    for quantity, name in (("participation_ratio", "PR"), ("two_nn", "TwoNN")):
        found += [
            decreases(f"{name} falls as B does ({batches})", of.last(quantity, *at_rate)),
            decreases(f"{name} falls as eta grows ({rates})", of.last(quantity, *at_batch)),
            decreases(f"{name} with label noise falls as B does", of.last(quantity, quiet, noisy)),
            decreases(
                f"{name} is higher with a frozen readout",
                of.last(quantity, *reversed(parts["controls"])),
            ),
        ]  # fmt: skip
    return [claim.of(10, published=PUBLISHED) for claim in found]


RECIPE = Recipe(
    name="recanatesi/noise_fashion",
    earlier=({"experiment": "dimscope.studies.fashion.train_fashion", "version": "0.1.0"},),
    paper="Recanatesi et al. (2019), arXiv:1906.00443",
    title="The noise of SGD: Fashion-MNIST and a network of seven dense layers",
    differs=(
        "The paper's settings could not be recovered: initialisation, training and conditions are "
        "our own. None of the predictions follows from the theory, which describes a readout near "
        "a minimum."
    ),
    options=(N_SEEDS, training_time_option(TRAINING_TIME), DEVICE),
    budgets={
        "quick": {"n_seeds": 3, "training_time": 0.4},
        "full": {"training_time": FULL_TRAINING_TIME},
    },
    jobs=jobs,
    work="dimscope.studies.recipes.recanatesi.noise.dense_networks:train_dense_networks",
    tidy=with_conditions,
    summary=partial(summary, quantities=QUANTITIES),
    claims=claims,
    figures=partial(figures, quantities=QUANTITIES, groups=conditions()),
)
