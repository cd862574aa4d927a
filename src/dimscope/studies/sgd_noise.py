"""The experiments on the noise of SGD, each from its conditions to its figures and its verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dimscope.errors import InputError
from dimscope.neighbors import checked_device, threads_to_use
from dimscope.studies import clusters, fashion
from dimscope.studies.claims import Claim
from dimscope.studies.conditions import Condition
from dimscope.studies.jobs import Rows, run_jobs

_LEAST_STEPS = 10
_WORKERS_ON_A_DEVICE = 4


@dataclass(frozen=True, kw_only=True)
class Study:
    """An experiment that can be run and judged.

    Attributes
    ----------
    title
        What it is of.
    conditions
        What is compared, by the comparison.
    train
        Runs one condition (`dimscope.studies.clusters.train_clusters` and the like).
    claims
        Judges a frame of all runs.
    quantities
        Columns worth a figure.
    training_time
        Learning rate times steps, by default.
    is_stacked
        Whether ``train`` takes all seeds of a condition at once, and a device.
    """

    title: str
    conditions: Mapping[str, list[Condition]]
    train: Callable[..., Rows]
    claims: Callable[[pd.DataFrame], list[Claim]]
    quantities: tuple[str, ...]
    training_time: float
    is_stacked: bool


STUDIES: Mapping[str, Study] = {
    "sgd_noise_clusters": Study(
        title="clusters and a two-layer linear network",
        conditions=clusters.conditions(),
        train=clusters.train_clusters,
        claims=clusters.clusters_claims,
        quantities=("orthogonal_ratio", "feature_variance", "participation_ratio"),
        training_time=clusters.TRAINING_TIME,
        is_stacked=False,
    ),
    "sgd_noise_fashion": Study(
        title="Fashion-MNIST and a network of seven dense layers",
        conditions=fashion.conditions(),
        train=fashion.train_fashion,
        claims=fashion.fashion_claims,
        quantities=("two_nn", "participation_ratio", "feature_variance", "test_accuracy"),
        training_time=fashion.TRAINING_TIME,
        is_stacked=True,
    ),
}


def run_study(  # noqa: PLR0913 - all but the first two have defaults
    name: str,
    out: str | Path,
    *,
    n_seeds: int = 5,
    training_time: float | None = None,
    device: str = "cpu",
    n_workers: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Run the experiment ``name`` in the folder ``out``, and return every measurement.

    Each run is recorded as it ends: started again, a study goes on with those that are missing.

    Parameters
    ----------
    name
        ``"sgd_noise_clusters"`` or ``"sgd_noise_fashion"``.
    out
        Folder of the record.
    n_seeds
        At least three, for the verdicts.
    training_time
        Learning rate times steps; each experiment has its own.
    device
        Where networks are trained; the clusters' are trained on the CPU only.
    n_workers
        Processes; by default one for each core, or four that share a device. With several, a
        script must call this below ``if __name__ == "__main__":``.
    progress
        Show it, where a person is looking.

    Returns
    -------
    pandas.DataFrame
        A row for each condition, seed and moment.

    Raises
    ------
    InputError
        If there is no such experiment or device, or a number is too small.
    TrainingError
        If training diverges or fails.
    StoreError
        If ``out`` cannot be written.
    """
    study = get_study(name)
    if n_seeds < 3:
        raise InputError(f"n_seeds={n_seeds}: the verdicts need at least 3")
    time = study.training_time if training_time is None else float(training_time)
    if device != "cpu" and not study.is_stacked:
        raise InputError(f"{name} runs on the CPU only, not on {device!r}")
    checked_device(device)
    wanted = list(dict.fromkeys(c for group in study.conditions.values() for c in group))
    seeds: list[dict[str, Any]] = [{"seed": seed} for seed in range(n_seeds)]
    if study.is_stacked:
        seeds = [{"n_seeds": n_seeds, "device": device}]
    least = _LEAST_STEPS * max(c.learning_rate for c in wanted)
    if not least <= time < math.inf:
        raise InputError(
            f"training_time={time:g} must be at least {least:g}, {_LEAST_STEPS} steps of the "
            "largest learning rate, and finite"
        )
    if n_workers is None:
        n_workers = threads_to_use(None) if device == "cpu" else _WORKERS_ON_A_DEVICE
    jobs = [
        {"condition": asdict(condition), "training_time": time} | which
        for which in seeds
        for condition in wanted
    ]
    frame = run_jobs(jobs, study.train, Path(out), n_workers=n_workers, progress=progress)
    how = frame.pop("condition")
    names = how.map(lambda fields: Condition(**fields).name).rename("name")
    return pd.concat([names, pd.DataFrame(how.tolist()), frame], axis=1)


def get_study(name: str) -> Study:
    """The experiment of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in STUDIES:
        raise InputError(f"no study {name!r}: choose {' or '.join(STUDIES)}")
    return STUDIES[name]
