"""Estimates on disjoint blocks of fewer points: how they change with N, and how they scatter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import scipy.special
from jaxtyping import Float64, Int64

from dimscope.errors import or_reason
from dimscope.estimators._shared.base import (
    Estimator,
    apply_estimator,
    neighbors_needed,
)
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, Note
from dimscope.spectra import Spectrum

_LEAST_BLOCK = 50
_HALVINGS = (1, 2, 3)
_HALVINGS_FOR_ERRORS = (4, 3, 2, 1)  # the more blocks, the better known is their scatter


@dataclass(frozen=True)
class Level:
    """The estimates on disjoint blocks of ``n_samples`` points."""

    n_samples: int
    values: Float64[np.ndarray, " blocks"]


class ErrorBar(NamedTuple):
    """A standard error, and the 95 % interval that goes with it."""

    stderr: float
    interval: tuple[float, float]


def block_levels(
    estimators: Mapping[str, Estimator],
    statistic: NeighborGraph | Spectrum,
    *,
    halvings: Sequence[int] = _HALVINGS,
    seed: int = 0,
    n_repeats: int = 1,
) -> dict[str, list[Level]]:
    """Estimates by method on disjoint blocks of N/2, N/4 and N/8 points, at least 50.

    Blocks whose estimate cannot be made are left out, and levels with fewer than two.

    Parameters
    ----------
    estimators
        Of the family that ``statistic`` is for.
    statistic
        Of all points.
    halvings
        How often N is halved, by level.
    seed
        Of the partitions.
    n_repeats
        Random partitions into blocks of each size.
    """
    n_neighbors = neighbors_needed(estimators.values())
    levels: dict[str, list[Level]] = {name: [] for name in estimators}
    for halving in halvings:
        size = statistic.n_samples >> halving
        if size < max(_LEAST_BLOCK, n_neighbors + 1):
            continue
        found: dict[str, list[float]] = {name: [] for name in estimators}
        for block in _blocks(statistic.n_samples, size, seed, n_repeats):
            part = or_reason(partial(_part, statistic, block, n_neighbors))
            if isinstance(part, str):  # lists of neighbours that were given are too short
                continue
            for name, estimator in estimators.items():
                estimate = or_reason(partial(apply_estimator, estimator, part))
                if not isinstance(estimate, str) and estimate.value is not None:
                    found[name].append(estimate.value)
        for name, values in found.items():
            if len(values) > 1:
                levels[name].append(Level(size, np.array(values)))
    return levels


def block_error(estimate: DimensionEstimate, levels: list[Level]) -> ErrorBar | None:
    """The error at full N from the scatter of disjoint blocks.

    Independent samples of N/m points scatter with a relative variance m times that of N points;
    the levels' answers are pooled by their degrees of freedom. The interval is Student's, with
    those of one partition, m - 1 a level. None without any block, and where all blocks agree to the
    last digit, as those of methods that count may: that shows no error.
    """
    if estimate.value is None or not levels:
        return None
    freedom = np.array([len(level.values) - 1 for level in levels])
    relative = np.array([level.values.var(ddof=1) / level.values.mean() ** 2 for level in levels])
    shrink = np.array([level.n_samples / estimate.n_samples for level in levels])
    stderr = estimate.value * math.sqrt(float(freedom @ (relative * shrink)) / freedom.sum())
    if stderr == 0:
        return None
    of_one = sum(max(round(1 / share) - 1, 1) for share in shrink)
    reach = float(scipy.special.stdtrit(of_one, 0.975)) * stderr
    return ErrorBar(stderr, (estimate.value - reach, estimate.value + reach))


def with_block_errors(
    found: Mapping[str, DimensionEstimate],
    estimators: Mapping[str, Estimator],
    graph: NeighborGraph,
) -> dict[str, DimensionEstimate]:
    """The estimates, with errors from blocks where these hold and there are no others.

    From sixteen blocks, whose neighbours cost a sixteenth of a search, or from fewer and larger
    ones where an estimate needs more points.
    """
    return {
        name: _with_block_error(estimate, estimators[name], graph)
        for name, estimate in found.items()
    }


def _with_block_error(
    estimate: DimensionEstimate, estimator: Estimator, graph: NeighborGraph
) -> DimensionEstimate:
    if estimator.errs_as_blocks and estimate.stderr is None:
        for halving in _HALVINGS_FOR_ERRORS:
            levels = block_levels({"": estimator}, graph, halvings=[halving])[""]
            error = block_error(estimate, levels)
            if error is not None:
                said = (
                    f"The error is the scatter over {2**halving} disjoint blocks of points: the "
                    "interval does not include the bias of edges and curvature."
                )
                notes = (*estimate.notes, Note("block_errors", said))
                return replace(estimate, **error._asdict(), error_kind="blocks", notes=notes)
    return estimate


def _part(
    statistic: NeighborGraph | Spectrum, block: Int64[np.ndarray, " size"], n_neighbors: int
) -> NeighborGraph | Spectrum:
    if isinstance(statistic, NeighborGraph):
        return statistic.subset(block, n_neighbors)
    return statistic.subset(block)


def _blocks(
    n_samples: int, size: int, seed: int, n_repeats: int
) -> Iterator[Int64[np.ndarray, " size"]]:
    """Random partitions into disjoint blocks, as many as there are repeats."""
    rng = np.random.default_rng([seed, size])
    for _ in range(n_repeats):
        yield from rng.permutation(n_samples)[: n_samples // size * size].reshape(-1, size)
