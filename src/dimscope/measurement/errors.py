"""One policy for standard errors: theory where it is known to hold, else disjoint blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import scipy.special

from dimscope.measurement.levels import Level
from dimscope.measurement.statistic import Statistic
from dimscope.results import DimensionEstimate, Note

#: Which errors are given: ``"auto"``, the estimator's own where simulation has shown that they
#: hold and blocks for all others; ``"blocks"`` for all; ``"own"`` for the estimators' only.
Errors = Literal["auto", "blocks", "own"]
#: How often N is halved, tried in this order: the more blocks, the better known is their scatter.
#: Sixteen blocks cost a sixteenth of a search.
HALVINGS_FOR_ERRORS = (4, 3, 2, 1)

_RIGHT = 0.8, 1.5  # ratios of the error to the true scatter that need no word


class ErrorBar(NamedTuple):
    """A standard error, and the 95 % interval that goes with it."""

    stderr: float
    interval: tuple[float, float]


def wants_blocks(
    statistic: Statistic,
    errors: Errors,
    estimate: DimensionEstimate | None = None,
    *,
    decimated: bool = False,
) -> bool:
    """Whether the error is to come from blocks; without an estimate, whether that is sure.

    A statistic that may cost much in each block has them on request, and where a decimation
    measures it on blocks anyway.
    """
    if errors != "auto":
        return errors == "blocks"
    has_none = estimate is not None and estimate.stderr is None
    affordable = statistic.cheap_in_blocks or decimated
    return affordable and (statistic.error_kind == "blocks" or has_none)


def block_error(estimate: DimensionEstimate, levels: Sequence[Level]) -> ErrorBar | None:
    """The error at full N from the scatter of disjoint blocks.

    Independent samples of N/m points scatter with a relative variance m times that of N points;
    the levels' answers are pooled by their degrees of freedom. The interval is Student's, with
    those of one partition, m - 1 a level. None without any block, and where all blocks agree to the
    last digit, as those of methods that count may: that shows no error.
    """
    if estimate.value is None or not levels:
        return None
    relative = [level.values.var(ddof=1) / level.values.mean() ** 2 for level in levels]
    share = pooled_variance(levels, relative, estimate.n_samples)
    return error_bar(estimate.value, estimate.value * math.sqrt(share), levels, estimate.n_samples)


def pooled_variance(levels: Sequence[Level], variances: Sequence[float], n_samples: int) -> float:
    """The variance at ``n_samples`` points from that on the blocks of each level."""
    freedom = np.array([len(level.values) - 1 for level in levels])
    shrink = np.array([level.n_samples / n_samples for level in levels])
    return float(freedom @ (np.array(variances) * shrink)) / float(freedom.sum())


def error_bar(
    value: float, stderr: float, levels: Sequence[Level], n_samples: int
) -> ErrorBar | None:
    """The error with Student's interval; None where blocks agree to the last digit."""
    if stderr == 0:
        return None
    of_one = sum(max(round(n_samples / level.n_samples) - 1, 1) for level in levels)
    reach = float(scipy.special.stdtrit(of_one, 0.975)) * stderr
    return ErrorBar(stderr, (value - reach, value + reach))


def with_own_error(estimate: DimensionEstimate, statistic: Statistic) -> DimensionEstimate:
    """The estimate, saying where its own error comes from."""
    if estimate.stderr is None or estimate.error_kind is not None:
        return estimate
    kind = statistic.error_kind
    return replace(estimate, error_kind="theory" if kind == "blocks" else kind)


def with_block_error(
    estimate: DimensionEstimate, statistic: Statistic, level: Level
) -> DimensionEstimate:
    """The estimate with the error from the blocks of a level; as it is where they show none.

    Blocks of fewer points that agree to the last digit leave nothing for larger ones to show.
    """
    error = block_error(estimate, [level])
    if error is None:
        return estimate
    note = block_note(statistic, len(level.values))
    return replace(estimate, **error._asdict(), error_kind="blocks", notes=(*estimate.notes, note))


def block_note(statistic: Statistic, n_blocks: int) -> Note:
    """What a reader must know of an error from blocks."""
    bias = "a finite sample" if statistic.quantity.family == "linear" else "edges and curvature"
    said = (
        f"The error is the scatter over {n_blocks} disjoint blocks of points: the interval does "
        f"not include the bias of {bias}."
    )
    known = statistic.block_error_range
    if known is None:
        said += " Whether that is the true scatter has not been simulated."
    elif known[0] < _RIGHT[0] or known[1] > _RIGHT[1]:
        said += f" In simulation it was {known[0]:g} to {known[1]:g} times the true scatter."
    return Note("block_errors", said)
