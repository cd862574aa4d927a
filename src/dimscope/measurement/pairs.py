"""Statistics of two representations of the same samples, with errors from shared blocks of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from dimscope.errors import InputError, or_reason
from dimscope.measurement.blocks import LEAST_BLOCK, partition
from dimscope.measurement.error_bars import (
    HALVINGS_FOR_ERRORS,
    ErrorBar,
    error_bar,
    pooled_variance,
)
from dimscope.measurement.levels import Level
from dimscope.measurement.representation import Representation
from dimscope.measurement.statistic import PairStatistic


@dataclass(frozen=True, kw_only=True)
class PairEstimate:
    """One value of two representations. Unknown is None.

    Attributes
    ----------
    method
        Name of the statistic.
    value
        Its value on all samples; None where it failed.
    stderr, interval
        Standard error and 95 % interval from disjoint blocks of the shared rows.
    n_samples
        Rows that the two share.
    n_blocks
        Blocks that the error is from; 0 without an error.
    problem
        Why there is no value.
    """

    method: str
    value: float | None
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    n_samples: int
    n_blocks: int = 0
    problem: str | None = None


def measure_pair(
    first: Representation,
    second: Representation,
    statistics: Mapping[str, PairStatistic],
    *,
    seed: int = 0,
) -> dict[str, PairEstimate]:
    """Measure statistics of two representations, with errors from up to 16 blocks of shared rows.

    Row i of both is the same sample. The error comes from the absolute scatter over blocks, as a
    value of 0 has no relative one. It holds where the mean over blocks is near the value on all
    samples.

    Parameters
    ----------
    first, second
        Representations of the same samples, in the same order.
    statistics
        By name. One that fails does not stop the others: its estimate has the ``problem``.
    seed
        Seed of the blocks.

    Raises
    ------
    InputError
        If the two have different numbers of rows.
    """
    if first.n_samples != second.n_samples:
        raise InputError(
            f"the representations have {first.n_samples} and {second.n_samples} rows: give two of "
            "the same samples"
        )
    return {name: _estimate(first, second, s, seed) for name, s in statistics.items()}


def _estimate(
    first: Representation, second: Representation, statistic: PairStatistic, seed: int
) -> PairEstimate:
    n = first.n_samples
    value = or_reason(partial(statistic.value_of, first, second))
    if isinstance(value, str):
        return PairEstimate(method=statistic.name, value=None, n_samples=n, problem=value)
    for halving in HALVINGS_FOR_ERRORS:
        level = _level(first, second, statistic, n >> halving, seed)
        error = None if level is None else _error(value, level, n)
        if level is not None and error is not None:
            return PairEstimate(
                method=statistic.name,
                value=value,
                **error._asdict(),
                n_samples=n,
                n_blocks=len(level.values),
            )
    return PairEstimate(method=statistic.name, value=value, n_samples=n)


def _level(
    first: Representation, second: Representation, statistic: PairStatistic, size: int, seed: int
) -> Level | None:
    """The values on disjoint blocks of rows of both; None with fewer than two values."""
    if size < LEAST_BLOCK:
        return None
    blocks = [
        or_reason(partial(statistic.value_of, first.subset(rows), second.subset(rows)))
        for rows in partition(first.n_samples, size, seed)
    ]
    values = np.array([value for value in blocks if not isinstance(value, str)])
    return Level(size, values) if len(values) > 1 else None


def _error(value: float, level: Level, n_samples: int) -> ErrorBar | None:
    variance = pooled_variance([level], [level.values.var(ddof=1)], n_samples)
    return error_bar(value, math.sqrt(variance), [level], n_samples)
