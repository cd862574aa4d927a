"""A two-layer linear network trained on clusters, and what the effective regulariser predicts.

Task and network are those of Farrell, Recanatesi, Moore, Lajoie and Shea-Brown (2022; module
`clusters`). The noise of labels and of the readout, and the prediction, are this software's own
(`dimscope.noise`). Noise of the readout shrinks what is orthogonal to it by
dW/dt = -kappa W E[x x^T]. With residuals of variance s^2, kappa = eta s^2 C / (2 B) for SGD's own
noise; for noise of variance sigma^2 that is added to the readout, kappa = C sigma^2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64
from scipy import optimize

from dimscope.errors import TrainingError
from dimscope.noise import readout_geometry
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.recanatesi.noise.clusters import (
    N_CLUSTERS,
    N_INPUTS,
    N_OUTPUTS,
    SPREAD,
    ClusterTask,
    initial_weights,
)
from dimscope.studies.recipes.recanatesi.noise.conditions import Condition

_N_PROBE = 500
_N_TICKS = 10
_DRAWN = 2**14  # samples at a time


def train_linear_network(*, condition: dict[str, Any], seed: int, training_time: float) -> Rows:
    """Train one network; measure its hidden layer on 500 points before training and ten times.

    Plain SGD on 1/2 |f(x) - y|^2; ``label_noise`` is the standard deviation of Gaussian noise added
    to the labels.

    Parameters
    ----------
    condition
        Arguments of `Condition`.
    seed
        Seed of the task, the network and the samples: runs of one seed differ only in the
        condition.
    training_time
        Learning rate times the number of steps.

    Returns
    -------
    list of dict
        A row for each moment: ``time``, the fields of `ReadoutGeometry`, and
        ``predicted_orthogonal_ratio``, to first order in the learning rate.

    Raises
    ------
    TrainingError
        If training diverges.
    """
    from dimscope.studies.recipes.recanatesi.noise.linear_kernels import (  # noqa: PLC0415
        train_linear,  # compiles on import
    )

    how = Condition(**condition)
    rng = np.random.default_rng(seed)
    task = ClusterTask.draw(rng)
    inner, readout = initial_weights(rng)
    probe = task.samples(rng, _N_PROBE, 0.0)[0]
    population = task.samples(rng, how.population or 0, how.label_noise)
    first = (probe @ inner.T, readout.copy())
    predict = _prediction(how, task, inner, readout, probe)
    rates = (how.learning_rate, 0.0 if how.frozen_readout else how.learning_rate)

    rows: Rows = []
    n_steps = max(_N_TICKS, round(training_time / how.learning_rate))
    step = 0
    for tick in range(_N_TICKS + 1):
        for n in _chunks(n_steps * tick // _N_TICKS - step, max(1, _DRAWN // how.batch_size)):
            x, y = _batches(rng, how, task, population, n)
            noise = rng.standard_normal((n if how.readout_noise else 0, *readout.shape))
            train_linear(inner, readout, x, y, how.batch_size, rates, how.readout_noise * noise)
            step += n
        if not (np.isfinite(inner).all() and np.isfinite(readout).all()):
            raise TrainingError(f"training diverged ({how.name}): lower the learning rate")
        time = step * how.learning_rate
        geometry = readout_geometry(
            *(torch.from_numpy(a) for a in (probe @ inner.T, readout)),
            initial_features=torch.from_numpy(first[0]),
            initial_readout=torch.from_numpy(first[1]),
        )
        rows.append({"time": time, **vars(geometry), "predicted_orthogonal_ratio": predict(time)})
    return rows


def _chunks(n: int, size: int) -> list[int]:
    return [size] * (n // size) + ([n % size] if n % size else [])


def _batches(
    rng: np.random.Generator, how: Condition, task: ClusterTask, population: Any, n_batches: int
) -> tuple[Float64[np.ndarray, "n 200"], Float64[np.ndarray, "n 2"]]:
    """The samples of batches: fresh ones, or drawn without replacement within each batch."""
    if how.population is None:
        return task.samples(rng, n_batches * how.batch_size, how.label_noise)
    if how.is_full_batch:
        rows = np.tile(np.arange(how.population), n_batches)
    elif how.batch_size == 1:
        rows = rng.integers(how.population, size=n_batches)
    else:
        rows = np.concatenate(
            [rng.choice(how.population, how.batch_size, replace=False) for _ in range(n_batches)]
        )
    return population[0][rows], population[1][rows]


def _prediction(
    how: Condition, task: ClusterTask, inner: Any, readout: Any, probe: Any
) -> Callable[[float], float]:
    """The orthogonal ratio that the effective regulariser predicts, as a function of time.

    W E[x x^T] shrinks each principal direction of x at its own rate, so the ratio follows from
    K(t), the integral of kappa. The residuals have two parts: the noise of the labels, and that of
    the readout itself, which adds sigma^2 E|h|^2 with sigma^2 = kappa / C.
    """
    values, vectors = np.linalg.eigh(
        task.centres.T @ task.centres / N_CLUSTERS + SPREAD**2 * np.eye(N_INPUTS)
    )
    seen = inner @ vectors
    basis = np.linalg.qr(readout.T)[0]
    hidden = seen - basis @ (basis.T @ seen)
    coordinates = probe @ vectors
    before = np.linalg.norm(coordinates @ hidden.T, axis=1)
    norms = (seen**2).sum(axis=0)
    rate = 0.0 if how.frozen_readout or how.is_full_batch else how.rate_per_sample
    kappa = N_OUTPUTS * (how.readout_noise**2 + rate * how.label_noise**2 / 2)

    def excess(total: float, time: float) -> float:
        return total + rate / 4 * float(norms @ np.expm1(-2 * total * values)) - kappa * time

    def ratio(time: float) -> float:
        most = kappa * time + rate / 4 * float(norms.sum())
        total = optimize.brentq(excess, 0.0, most, args=(time,)) if kappa * time > 0 else 0.0
        now = np.linalg.norm(coordinates * np.exp(-total * values) @ hidden.T, axis=1)
        return float((now / before).mean())

    return ratio
