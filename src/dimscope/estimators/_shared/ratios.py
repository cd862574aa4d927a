"""Ratios of distances to neighbours, with a note on the points that have none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from dimscope.errors import InputError
from dimscope.estimators._shared.notes import graph_notes
from dimscope.neighbors import NeighborGraph
from dimscope.results import Note

_LEAST_POINTS = 5


class LogRatios(NamedTuple):
    """ln(r_n2 / r_n1) of the points with r_n1 > 0, with their scale and notes."""

    values: Float64[np.ndarray, " n"]
    scale: float
    notes: tuple[Note, ...]


def log_ratios(graph: NeighborGraph, n1: int, n2: int) -> LogRatios:
    """The log ratios of the n2-th to the n1-th distance.

    Raises
    ------
    InputError
        If fewer than 5 points have a ratio above 1.
    """
    distances = graph.distances[:, n1 - 1], graph.distances[:, n2 - 1]
    return ratios_of(graph, *distances, (n1, n2))


def ratios_of(
    graph: NeighborGraph,
    inner: Float64[np.ndarray, " n"],
    outer: Float64[np.ndarray, " n"],
    ranks: tuple[int, int],
) -> LogRatios:
    """The log ratios of distances ``outer`` to ``inner`` of given ranks, as `log_ratios`.

    Raises
    ------
    InputError
        If fewer than 5 points have a ratio above 1.
    """
    n1, n2 = ranks
    apart = inner > 0
    values = np.log(outer[apart] / inner[apart])
    n_tied = int((values == 0).sum())
    if len(values) - n_tied < _LEAST_POINTS:
        raise InputError(
            f"only {len(values) - n_tied} of {graph.n_samples} points have r_{n2} > r_{n1} > 0, at "
            f"least {_LEAST_POINTS} are needed: give more distinct samples"
        )
    notes = graph_notes(graph) + _left_out(graph, apart, n1)
    return LogRatios(values, float(outer[apart].mean()), notes)


class Neighborhoods(NamedTuple):
    """Distances r_1 ... r_k as shares of r_k, with their scale and notes.

    ``shares`` has a row for each point with r_1 > 0, which ``apart`` marks, and no column for
    r_k / r_k = 1.
    """

    shares: Float64[np.ndarray, "n k-1"]
    apart: Bool[np.ndarray, " n_samples"]
    scale: float
    notes: tuple[Note, ...]

    def local(
        self, numerator: int | Float64[np.ndarray, " n"], denominator: Float64[np.ndarray, " n"]
    ) -> Float64[np.ndarray, " n_samples"]:
        """Divide row by row; each point of the graph gets its ratio, or nan if it has none."""
        values = np.full(len(self.apart), np.nan)
        values[self.apart] = numerator / np.where(denominator > 0, denominator, np.nan)
        return values


def neighborhoods(graph: NeighborGraph, k: int) -> Neighborhoods:
    """The distances of each point to its first k neighbours as shares of the last.

    Raises
    ------
    InputError
        If every point has all of them at one distance.
    """
    apart = graph.distances[:, 0] > 0
    distances = graph.distances[apart, :k]
    shares = distances[:, :-1] / distances[:, -1:]
    if not (shares < 1).any():
        raise InputError(
            f"every point has all its {k} neighbours at one distance: there is no dimension to "
            "see at this scale; use more neighbours"
        )
    notes = graph_notes(graph) + _left_out(graph, apart, 1)
    return Neighborhoods(shares, apart, float(graph.distances[:, k - 1].mean()), notes)


def _left_out(graph: NeighborGraph, apart: Bool[np.ndarray, " n"], rank: int) -> tuple[Note, ...]:
    if n_zero := int((~apart).sum()):
        said = f"{n_zero} of {graph.n_samples} points with r_{rank} = 0 were left out."
        return (Note("left_out", said),)
    return ()
