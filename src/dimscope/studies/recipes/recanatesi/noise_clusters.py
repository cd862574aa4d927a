"""The noise of SGD compresses what a readout does not see: clusters and a linear network.

Recanatesi et al. (2019) claim that the noise of SGD acts as a regulariser that balances the
dimension of a representation. The experiment of that paper could not be recovered. Task and network
are those of Farrell et al. (2022); conditions and predictions are this software's own
(`dimscope.studies.recipes.recanatesi.noise.linear_network`).
"""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from dimscope.studies.claims import Claim, decreases, vanishes
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import N_SEEDS, Recipe
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

QUANTITIES = ("orthogonal_ratio", "feature_variance", "participation_ratio")
TRAINING_TIME = 200.0
_RATES, _BATCHES, _LABEL_NOISES = (1e-3, 2e-3, 4e-3), (1, 4, 16), (0.0, 0.25, 0.5, 1.0)
_POPULATION = 800
_NOISE = 0.5
MAIN = Condition(learning_rate=max(_RATES), label_noise=_NOISE)
#: Noise of the readout in every step, as strong as SGD's own under the main condition.
READOUT_NOISE = math.sqrt(MAIN.rate_per_sample * _NOISE**2 / 2)


def conditions() -> dict[str, list[Condition]]:
    """The conditions of the experiment, grouped by the comparison that they serve."""
    rate = MAIN.learning_rate
    return {
        "sweep": [
            Condition(learning_rate=eta, batch_size=size, label_noise=_NOISE)
            for eta in _RATES
            for size in _BATCHES
        ],
        "label noise": [Condition(learning_rate=rate, label_noise=s) for s in _LABEL_NOISES],
        "controls": [
            MAIN,
            Condition(learning_rate=rate, label_noise=_NOISE, population=_POPULATION),
            Condition(
                learning_rate=rate,
                batch_size=_POPULATION,
                label_noise=_NOISE,
                population=_POPULATION,
            ),
            Condition(learning_rate=rate, label_noise=_NOISE, frozen_readout=True),
            Condition(learning_rate=rate),
            Condition(learning_rate=rate, readout_noise=READOUT_NOISE),
        ],
    }


def jobs(*, n_seeds: int, training_time: float) -> list[Job]:
    """A run for each condition and seed.

    Raises
    ------
    InputError
        If there are too few seeds, or training is too short.
    """
    require_seeds(n_seeds)
    return jobs_of(conditions(), training_time, [{"seed": seed} for seed in range(n_seeds)])


def claims(frame: pd.DataFrame) -> list[Claim]:
    """Judge the predictions from the last moment of every run.

    Compression is -ln of the orthogonal ratio; Tr C_h is the column ``feature_variance``.

    Raises
    ------
    InputError
        If runs are missing.
    """
    parts = conditions()
    by_rate = sorted({c.rate_per_sample: c for c in parts["sweep"]}.items(), reverse=True)
    of = LastMoments(frame)
    main, finite, full, frozen, quiet, injected = parts["controls"]
    ordered = [c for _, c in by_rate]
    names = ", ".join(f"{c.rate_per_sample:.3g}" for c in ordered)
    noises = list(reversed(parts["label noise"]))
    found = [
        decreases(f"compression grows with eta/B ({names})", of.compression(*ordered)),
        decreases("compression grows with label noise", of.compression(*noises)),
        vanishes(
            "compression vanishes at full batch",
            of.compression(finite)[:, 0], of.compression(full)[:, 0],
        ),
        vanishes(
            "compression vanishes with a frozen readout",
            of.compression(main)[:, 0], of.compression(frozen)[:, 0],
        ),
        vanishes(
            "compression vanishes without residual noise",
            of.compression(main)[:, 0], of.compression(quiet)[:, 0],
        ),
        decreases(
            "noise injected into the readout brings it back", of.compression(injected, quiet)
        ),
        decreases("Tr C_h falls with eta/B", of.last("feature_variance", *reversed(ordered))),
        decreases(
            "the dimension (PR) falls below that of the frozen readout",
            of.last("participation_ratio", frozen, main),
        ),
    ]  # fmt: skip
    return [claim.of(10, published=PUBLISHED) for claim in found]


RECIPE = Recipe(
    name="recanatesi/noise_clusters",
    earlier=({"experiment": "dimscope.studies.clusters.train_clusters", "version": "0.1.0"},),
    paper="Recanatesi et al. (2019), arXiv:1906.00443",
    title="The noise of SGD: clusters and a two-layer linear network",
    differs=(
        "The paper's experiment on this claim could not be recovered. Task and network are those "
        "of Farrell et al. (2022); the conditions and the predictions are our own."
    ),
    options=(N_SEEDS, training_time_option(TRAINING_TIME)),
    budgets={"quick": {"n_seeds": 3, "training_time": 0.4}},
    jobs=jobs,
    work="dimscope.studies.recipes.recanatesi.noise.linear_network:train_linear_network",
    tidy=with_conditions,
    summary=partial(summary, quantities=QUANTITIES),
    claims=claims,
    figures=partial(figures, quantities=QUANTITIES, groups=conditions()),
)
