"""Notes on points that depend on each other: by their groups, or as the order of rows shows."""

from __future__ import annotations

import math

import numpy as np

from dimscope.neighbors import NeighborGraph, share_together, stand_together
from dimscope.results import Note

_NEXT = 2  # rows before and after a row that are next to it
_AROUND = 10  # rows before and after it, among which the next ones stand out
_LEAST_SHARE = 0.1
_EXCESS = 2  # classes of 20 rows, sorted, make the next rows 1.4 times as frequent as those around
_SIGMAS = 6
_MOST_TIED = 0.05


def kin_notes(graph: NeighborGraph) -> tuple[Note, ...]:
    """Say what groups did to the lists of neighbours, or that groups are missing."""
    said = ""
    if graph.n_thinned:
        said = (
            "Rows of one group stood together among the neighbours of others, and ratios saw these "
            f"groups: {graph.n_thinned} of {graph.n_samples + graph.n_thinned} points were set "
            "aside, in equal shares of each group, until they no longer did."
        )
    elif graph.n_thinned is None and stand_together(graph):
        said = (
            f"In {share_together(graph):.0%} of the lists, beyond chance, the two nearest "
            "neighbours are of one group: ratios of their distances see groups, not the set. "
            "dimscope.estimate and fit thin the groups first."
        )
    return (*((Note("groups", said),) if said else ()), *_row_order(graph))


def dependence_notes(graph: NeighborGraph, stderr: float | None) -> tuple[Note, ...]:
    """Say that an estimator's own error takes points of one group as independent."""
    if stderr is None or graph.groups is None:
        return ()
    said = (
        f"The interval takes {graph.n_samples} points as independent, and they are in "
        f"{graph.n_groups} groups: it is too narrow."
    )
    return (Note("dependence", said),)


def _row_order(graph: NeighborGraph) -> tuple[Note, ...]:
    """A warning where nearest neighbours are the next rows far more often than rows around these.

    Rows that are sorted by class, or by anything else that many rows share, have neighbours near in
    the order, but not next to them. Next are the first rows beyond a window in time, if one is
    given. Where many distances are equal, which neighbour is first says nothing: they are ordered
    by row.
    """
    n = graph.n_samples
    tied = graph.distances[:, 0] == graph.distances[:, min(1, graph.n_neighbors - 1)]
    if graph.n_neighbors > 1 and tied.mean() > _MOST_TIED:
        return ()
    rows = graph.original_rows
    reach = 0 if graph.kin is None else graph.kin.reach
    lags = np.abs(rows - rows[graph.indices[:, 0]]) - reach
    n_next = int((lags <= _NEXT).sum())
    n_around = int((lags <= _AROUND).sum()) - n_next
    by_chance = 2 * _NEXT * n / (n - 1)
    expected = max(by_chance, _EXCESS * n_around * _NEXT / (_AROUND - _NEXT))
    surprising = n_next > expected + _SIGMAS * math.sqrt(2 * expected)
    if n_next < _LEAST_SHARE * n or not surprising:
        return ()
    beyond = f" beyond the window of {reach}" if reach else ""
    said = (
        f"The nearest neighbour of {n_next / n:.0%} of the points is one of the next {_NEXT} rows"
        f"{beyond} ({by_chance / n:.1%} in random order): rows depend on each other, and the value "
        "may be that of a few rows in a row. Say which: groups=labels of texts, films, trials or "
        "views (--groups), or, in order of time, groups=ds.TimeWindow(steps) (--window), a few "
        "times as long as rows stay correlated."
    )
    return (Note("row_order", said),)
