"""Logarithms of distance ratios, and what became of the points that have none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.estimators._base import graph_notes
from dimscope.neighbors import NeighborGraph

_MANY_TIES = 0.05


class LogRatios(NamedTuple):
    """ln(r_n2 / r_n1) of the points with r_n1 > 0, the scale, and what a reader must know."""

    values: Float64[np.ndarray, " n"]
    scale: float
    notes: tuple[str, ...]


def log_ratios(graph: NeighborGraph, n1: int, n2: int, *, least: int) -> LogRatios:
    """The log ratios of the n2-th to the n1-th distance, for at least ``least`` points.

    Raises
    ------
    InputError
        If fewer than ``least`` points have a ratio above 1.
    """
    distances = graph.distances[:, n1 - 1], graph.distances[:, n2 - 1]
    return ratios_of(graph, *distances, (n1, n2), least=least)


def ratios_of(
    graph: NeighborGraph,
    inner: Float64[np.ndarray, " n"],
    outer: Float64[np.ndarray, " n"],
    ranks: tuple[int, int],
    *,
    least: int,
) -> LogRatios:
    """The log ratios of distances ``outer`` to ``inner`` of given ranks, as `log_ratios`.

    Raises
    ------
    InputError
        If fewer than ``least`` points have a ratio above 1.
    """
    n1, n2 = ranks
    apart = inner > 0
    values = np.log(outer[apart] / inner[apart])
    n_tied = int((values == 0).sum())
    if len(values) - n_tied < least:
        raise InputError(
            f"only {len(values) - n_tied} of {graph.n_samples} points have r_{n2} > r_{n1} > 0, at "
            f"least {least} are needed: give more distinct samples"
        )
    notes = graph_notes(graph)
    if n_zero := int((~apart).sum()):
        notes += (f"{n_zero} of {graph.n_samples} points with r_{n1} = 0 were left out.",)
    if n_tied > _MANY_TIES * graph.n_samples:
        notes += (
            f"{n_tied} of {graph.n_samples} points have r_{n1} = r_{n2}: the data look discrete, "
            "and this estimator assumes continuous data.",
        )
    return LogRatios(values, float(outer[apart].mean()), notes)
