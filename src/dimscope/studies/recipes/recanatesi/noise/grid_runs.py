"""The sweep of Farrell et al. (2022) over a two-layer linear network, run by run.

Settings are those of their public code: SGD, or RMSprop with smoothing 0.9; torch's mean squared
error, which for two outputs is 1/2 |f(x) - y|^2; 800 fresh samples an epoch; and a learning rate
that follows torch's `OneCycleLR`, a step an epoch, from a tenth of its maximum up (over a fifth of
the epochs, or a tenth where a batch is an epoch) and down to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64

from dimscope.errors import or_reason
from dimscope.noise import readout_geometry
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.recanatesi.noise.clusters import ClusterTask, initial_weights

EPOCH = 800
_N_PROBE = 500
_N_SNAPSHOTS = 20
_MOMENTS = (0.1, 0.2, 0.5, 1.0)  # of training
_RISE, _RISE_BATCHED = 0.2, 0.1  # of all epochs
_START, _END = 10.0, 4e4  # the maximum over the first learning rate; the first over the last
_SMOOTHING, _EPSILON = 0.9, 1e-8  # of RMSprop
_GEOMETRY = ("orthogonal_ratio", "feature_variance", "participation_ratio")
_DIGITS = 4

Weights = tuple[Float64[np.ndarray, "h d"], Float64[np.ndarray, "c h"]]


def train_in_grid(  # noqa: PLR0913 - the axes of the grid
    *,
    optimizer: str,
    learning_rate: float,
    batch_size: int,
    frozen_readout: bool,
    epochs: int,
    seed: int,
) -> Rows:
    """Train one network; measure its hidden layer on 500 points before and through training.

    Parameters
    ----------
    optimizer
        ``"sgd"`` or ``"rmsprop"``.
    learning_rate
        The maximum of the schedule.
    batch_size
        Samples of a step; an epoch has 800.
    frozen_readout
        Whether the readout keeps its initial weights.
    epochs
        Passes over fresh samples.
    seed
        Seed of the task, the network and the samples.

    Returns
    -------
    list of dict
        A row for each moment: ``epoch``, ``orthogonal_ratio``, ``feature_variance``,
        ``participation_ratio``, ``error`` (the mean squared error) and ``weight_variance``, the
        variance of the readout's weights over 20 moments of the epoch before, averaged over
        weights; left out if the readout is frozen or an epoch has fewer steps. A run that diverges
        ends with a row of the epoch alone.
    """
    rng = np.random.default_rng(seed)
    task = ClusterTask.draw(rng)
    weights = initial_weights(rng)
    probe = task.samples(rng, _N_PROBE)
    first = (probe[0] @ weights[0].T, weights[1].copy())
    squares = tuple(np.zeros_like(w) for w in weights)
    moments = {max(1, round(share * epochs)) for share in _MOMENTS}
    rows: Rows = [{"epoch": 0, **_measured(weights, probe, first)}]
    rise = _RISE_BATCHED if batch_size == EPOCH else _RISE
    for epoch, rate in enumerate(one_cycle(learning_rate, epochs, rise), start=1):
        rates = (rate, 0.0 if frozen_readout else rate)
        x, y = task.samples(rng, EPOCH)
        seen = []
        for part in _parts(batch_size):
            _train(optimizer, weights, squares, x[part], y[part], batch_size, rates)
            seen.append(weights[1].copy())
        if not all(np.isfinite(w).all() for w in weights):
            return [*rows, {"epoch": epoch}]
        if epoch in moments:
            row = {"epoch": epoch, **_measured(weights, probe, first)}
            if len(seen) > 1 and not frozen_readout:
                row["weight_variance"] = _rounded(np.var(seen, axis=0, ddof=1).mean())
            rows.append(row)
    return rows


def one_cycle(highest: float, epochs: int, rise: float) -> Iterator[float]:
    """The learning rates of all epochs, as torch's `OneCycleLR` has them.

    Parameters
    ----------
    highest
        The maximum.
    epochs
        How many there are; one of them at least must be within the rise.
    rise
        The share of the epochs over which the rate rises.
    """
    peak, last = epochs * rise - 1, epochs - 1
    lowest, end = highest / _START, highest / _START / _END
    for epoch in range(epochs):
        if epoch < peak:
            yield _annealed(lowest, highest, epoch / peak)
        else:
            yield _annealed(highest, end, (epoch - peak) / (last - peak))


def _annealed(start: float, end: float, done: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))


def _parts(batch_size: int) -> list[slice]:
    """The parts of an epoch between snapshots: whole batches."""
    n = max(batch_size, EPOCH // _N_SNAPSHOTS)
    return [slice(i, i + n) for i in range(0, EPOCH, n)]


def _train(  # noqa: PLR0913, PLR0917 - what a step needs
    optimizer: str, weights: Any, squares: Any, x: Any, y: Any, batch_size: int, rates: Any
) -> None:
    from dimscope.studies.recipes.recanatesi.noise.linear_kernels import (  # noqa: PLC0415
        train_linear,  # compiles on import
        train_linear_rmsprop,
    )

    if optimizer == "sgd":
        train_linear(*weights, x, y, batch_size, rates, np.zeros((0, *weights[1].shape)))
    else:
        train_linear_rmsprop(*weights, squares, x, y, batch_size, rates, _SMOOTHING, _EPSILON)


def _measured(weights: Weights, probe: Any, first: Any) -> dict[str, float | None]:
    features = probe[0] @ weights[0].T
    geometry = or_reason(
        lambda: readout_geometry(
            *(torch.from_numpy(a) for a in (features, weights[1])),
            initial_features=torch.from_numpy(first[0]),
            initial_readout=torch.from_numpy(first[1]),
        )
    )
    return {
        **{name: _rounded(getattr(geometry, name, None)) for name in _GEOMETRY},
        "error": _rounded(np.square(features @ weights[1].T - probe[1]).mean()),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")
