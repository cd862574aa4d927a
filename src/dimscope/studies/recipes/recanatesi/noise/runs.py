"""Runs of conditions over seeds: the jobs of a recipe, and the frame of all their rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.jobs import Job
from dimscope.studies.recipe import Option
from dimscope.studies.recipes.recanatesi.noise.conditions import Condition

#: Conditions, grouped by the comparison that they serve.
Groups = Mapping[str, Sequence[Condition]]

#: What the paper reports on the noise of SGD.
PUBLISHED = "the abstract says that the noise regularises the dimension, without a value"

_LEAST_SEEDS, _LEAST_STEPS = 3, 10


def training_time_option(default: float) -> Option:
    """The option that says how long every network is trained."""
    return Option(
        name="training_time", kind=float, default=default, help="Learning rate times steps."
    )


def require_seeds(n_seeds: int) -> None:
    """Refuse fewer seeds than the verdicts need.

    Raises
    ------
    InputError
        If there are fewer than three seeds.
    """
    if n_seeds < _LEAST_SEEDS:
        raise InputError(f"n_seeds={n_seeds}: the verdicts need at least {_LEAST_SEEDS} seeds")


def jobs_of(groups: Groups, training_time: float, seeds: Sequence[Job]) -> list[Job]:
    """Make a job for each entry of ``seeds`` and each condition.

    Parameters
    ----------
    groups
        The conditions; one that stands in several groups gets one job.
    training_time
        Learning rate times steps.
    seeds
        The other arguments of a job: one seed, or the number of all seeds.

    Raises
    ------
    InputError
        If training is too short, or infinite.
    """
    conditions = list(dict.fromkeys(c for group in groups.values() for c in group))
    least = _LEAST_STEPS * max(c.learning_rate for c in conditions)
    if not least <= training_time < math.inf:
        raise InputError(
            f"training_time={training_time:g} must be at least {least:g}, {_LEAST_STEPS} steps of "
            "the largest learning rate, and finite"
        )
    return [
        {"condition": asdict(condition), "training_time": training_time, **which}
        for which in seeds
        for condition in conditions
    ]


def with_conditions(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of `jobs_of`, with the name and the fields of each condition as columns."""
    fields = frame["condition"]
    names = fields.map(lambda of: Condition(**of).name).rename("name")
    others = frame.drop(columns="condition")
    return pd.concat([names, pd.DataFrame(fields.tolist()), others], axis=1)
