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
from dimscope.results import DimensionEstimate, Note, as_note

#: Where errors come from. ``"auto"``: the estimator's own where simulation has shown that it holds,
#: else blocks. ``"blocks"``: blocks for all. ``"own"``: the estimators' own, and no blocks.
Errors = Literal["auto", "blocks", "own"]
#: How often N is halved to make blocks, in the order tried: more blocks tell their scatter better.
#: Sixteen blocks together cost a sixteenth of a search.
HALVINGS_FOR_ERRORS = (4, 3, 2, 1)

_RIGHT = 0.8, 1.5  # ratios of the error to the true scatter that a note need not mention


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
    grouped: bool = False,
) -> bool:
    """Whether the error of a statistic has to come from blocks.

    Without an estimate: whether that is certain before the estimate is made. A statistic that may
    cost much in each block has blocks on request, and where a decimation measures them anyway.
    Where points depend on each other within groups, no error for independent points holds.
    """
    if errors != "auto":
        return errors == "blocks"
    has_none = estimate is not None and estimate.stderr is None
    affordable = statistic.cheap_in_blocks or decimated
    return affordable and (grouped or statistic.error_kind == "blocks" or has_none)


def block_error(estimate: DimensionEstimate, levels: Sequence[Level]) -> ErrorBar | None:
    """Return the error at all N points, from the scatter over disjoint blocks.

    The estimate on N/m points has m times the relative variance of that on N points. The levels are
    pooled by their degrees of freedom. The interval is Student's, with the degrees of freedom of
    one partition: m - 1 for each level. None without any block, and where all blocks agree to the
    last digit, as counts may: then they show no error.
    """
    if estimate.value is None or not levels:
        return None
    relative = [level.values.var(ddof=1) / level.values.mean() ** 2 for level in levels]
    share = pooled_variance(levels, relative, estimate.n_samples)
    return error_bar(estimate.value, estimate.value * math.sqrt(share), levels, estimate.n_samples)


def pooled_variance(levels: Sequence[Level], variances: Sequence[float], n_samples: int) -> float:
    """Return the variance at ``n_samples`` points, from those over the blocks of each level."""
    freedom = np.array([len(level.values) - 1 for level in levels])
    shrink = np.array([level.n_samples / n_samples for level in levels])
    return float(freedom @ (np.array(variances) * shrink)) / float(freedom.sum())


def error_bar(
    value: float, stderr: float, levels: Sequence[Level], n_samples: int
) -> ErrorBar | None:
    """Add Student's interval to an error; None where the blocks agree to the last digit."""
    if stderr == 0:
        return None
    of_one = sum(max(round(n_samples / level.n_samples) - 1, 1) for level in levels)
    reach = float(scipy.special.stdtrit(of_one, 0.975)) * stderr
    return ErrorBar(stderr, (value - reach, value + reach))


def with_own_error(estimate: DimensionEstimate, statistic: Statistic) -> DimensionEstimate:
    """Say in the estimate where its own error comes from."""
    if estimate.stderr is None or estimate.error_kind is not None:
        return estimate
    kind = statistic.error_kind
    return replace(estimate, error_kind="theory" if kind == "blocks" else kind)


def with_block_error(
    estimate: DimensionEstimate, statistic: Statistic, level: Level
) -> DimensionEstimate:
    """Give the estimate the error from the blocks of a level.

    It stays as it is where the blocks agree to the last digit; larger blocks would agree as well.
    """
    error = block_error(estimate, [level])
    if error is None:
        return estimate
    notes = (*_of_dependent(estimate), block_note(statistic, len(level.values)))
    return replace(estimate, **error._asdict(), error_kind="blocks", notes=notes)


def wider(own: DimensionEstimate, by_blocks: DimensionEstimate) -> DimensionEstimate:
    """Choose the larger error, of independent points or from blocks of whole groups.

    Dependence never makes an error smaller, and a model's error holds more than the scatter.
    """
    if own.stderr is None or by_blocks.stderr is None or own.stderr <= by_blocks.stderr:
        return by_blocks
    return replace(own, notes=tuple(_of_dependent(own)))


def without_error(estimate: DimensionEstimate, n_groups: int) -> DimensionEstimate:
    """Take its error from an estimate of dependent points that cannot be cut into blocks."""
    said = (
        f"The {estimate.n_samples} points are in {n_groups} groups, too few for blocks of whole "
        "groups: the error is unknown, as one for independent points would be too small."
    )
    notes = (*_of_dependent(estimate), Note("dependence", said))
    return replace(estimate, stderr=None, interval=None, error_kind=None, notes=notes)


def _of_dependent(estimate: DimensionEstimate) -> list[Note]:
    """The notes without one that its own error takes points as independent."""
    return [note for note in estimate.notes if as_note(note).code != "dependence"]


def block_note(statistic: Statistic, n_blocks: int) -> Note:
    """Say what an error from blocks leaves out, and how right it was in simulation."""
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
