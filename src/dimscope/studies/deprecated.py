"""The old names of version 0.1; getting one from `dimscope.studies` warns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.studies.claims import Claim
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.recanatesi import noise_clusters, noise_fashion
from dimscope.studies.recipes.recanatesi.noise.conditions import Condition
from dimscope.studies.recipes.recanatesi.noise.dense_networks import train_dense_networks
from dimscope.studies.recipes.recanatesi.noise.linear_network import train_linear_network
from dimscope.studies.registry import get_recipe, run_recipe


@dataclass(frozen=True, kw_only=True)
class Study:
    """An experiment on the noise of SGD, as version 0.1 described it. Use `Recipe` instead."""

    title: str
    conditions: Mapping[str, list[Condition]]
    train: Callable[..., Rows]
    claims: Callable[[pd.DataFrame], list[Claim]]
    quantities: tuple[str, ...]
    training_time: float
    is_stacked: bool


STUDIES: Mapping[str, Study] = {
    "sgd_noise_clusters": Study(
        title=noise_clusters.RECIPE.title,
        conditions=noise_clusters.conditions(),
        train=train_linear_network,
        claims=noise_clusters.claims,
        quantities=noise_clusters.QUANTITIES,
        training_time=noise_clusters.TRAINING_TIME,
        is_stacked=False,
    ),
    "sgd_noise_fashion": Study(
        title=noise_fashion.RECIPE.title,
        conditions=noise_fashion.conditions(),
        train=train_dense_networks,
        claims=noise_fashion.claims,
        quantities=noise_fashion.QUANTITIES,
        training_time=noise_fashion.TRAINING_TIME,
        is_stacked=True,
    ),
}


def get_study(name: str) -> Study:
    """Return the experiment of this name. Use `get_recipe` instead.

    Raises
    ------
    InputError
        If there is no such experiment.
    """
    if name not in STUDIES:
        raise InputError(f"no study {name!r}: choose {' or '.join(STUDIES)}")
    return STUDIES[name]


def run_study(
    name: str, out: str | Path, *, device: str = "cpu", progress: bool = True, **options: Any
) -> pd.DataFrame:
    """Run an experiment. Use `run_recipe` instead; there, only some recipes have a ``device``.

    Raises
    ------
    InputError
        If there is no such experiment, option or device, or a number is too small.
    TrainingError
        If training diverges or fails.
    StoreError
        If ``out`` cannot be written.
    """
    recipe = get_recipe(name)
    if any(option.name == "device" for option in recipe.options):
        options["device"] = device
    elif device != "cpu":
        raise InputError(f"{name} runs on the CPU only, not on {device!r}")
    return run_recipe(name, out, progress=progress, **options)
