"""Local dimensions: smoothed over neighbours, and given to every row of the input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float64

from dimscope._parameters import checked_parameters
from dimscope.errors import InputError
from dimscope.estimators._shared.checks import check_at_least
from dimscope.neighbors import NeighborGraph
from dimscope.results import LocalEstimate


@checked_parameters
def smooth_local(
    local: LocalEstimate, graph: NeighborGraph, n_neighbors: int | None = None
) -> LocalEstimate:
    """Average the local dimension over each point and its nearest neighbours.

    A dimension seen from k neighbours scatters by about 1/sqrt(k) of itself from point to point;
    the mean over k points that share most of their neighbours scatters less, but blurs the
    dimension over a region as wide as its neighbourhood. The mean is of the values and not of their
    inverses, so that unbiased ones (`LevinaBickel`) stay so. Points without a dimension are left
    out of all means, and get that of their neighbours.

    Parameters
    ----------
    local
        Of the points of ``graph``.
    graph
        Their neighbours.
    n_neighbors
        Neighbours that are averaged with each point; by default as many as the estimate used.

    Raises
    ------
    InputError
        If ``n_neighbors`` is below 1 or beyond those of the graph, or the estimate is of other
        points.

    Examples
    --------
    >>> import numpy as np
    >>> from dimscope.estimators import LevinaBickel
    >>> graph = NeighborGraph.from_points(np.random.default_rng(0).random((1000, 2)), 20)
    >>> rough = LevinaBickel().estimate_local(graph)
    >>> smooth = smooth_local(rough, graph)
    >>> print(f"{rough.values.std():.2f} {smooth.values.std():.2f}")
    0.45 0.12
    """
    k = local.n_neighbors if n_neighbors is None else n_neighbors
    check_at_least("n_neighbors", k, 1)
    if k > graph.n_neighbors:
        raise InputError(
            f"n_neighbors={k} is more than the {graph.n_neighbors} neighbours that the graph "
            "knows of each point: ask for fewer, or build it with more"
        )
    _check_points(local, graph)
    around = np.concatenate([local.values[:, None], local.values[graph.indices[:, :k]]], axis=1)
    known = np.isfinite(around)
    count = known.sum(axis=1)
    mean = np.full(len(around), np.nan)
    np.divide(np.where(known, around, 0.0).sum(axis=1), count, out=mean, where=count > 0)
    return replace(local, values=mean, parameters={**local.parameters, "smoothed_over": k})


def local_by_row(local: LocalEstimate, graph: NeighborGraph) -> Float64[np.ndarray, " n_rows"]:
    """Return the local dimension of every row of the input, in its order.

    A row that was set aside as a copy has the dimension of the row that it repeats. It is nan where
    all copies were dropped.

    Parameters
    ----------
    local
        Of the points of ``graph``.
    graph
        The graph that it was estimated from.

    Raises
    ------
    InputError
        If the estimate is of other points.

    Examples
    --------
    >>> from dimscope.estimators import LevinaBickel
    >>> graph = NeighborGraph.from_points([[0.0], [0.0], [1.0], [2.1], [3.3]], 3)
    >>> local_by_row(LevinaBickel(n_neighbors=3).estimate_local(graph), graph).round(1).tolist()
    [0.6, 0.6, 0.6, 0.8, 0.7]
    """
    _check_points(local, graph)
    first = graph.first_of_row
    by_row = np.full(len(first), np.nan)
    by_row[graph.original_rows] = local.values
    return np.where(np.isnan(by_row), by_row[first], by_row)


def _check_points(local: LocalEstimate, graph: NeighborGraph) -> None:
    if len(local.values) != graph.n_samples:
        raise InputError(
            f"the local estimate has {len(local.values)} values and the graph {graph.n_samples} "
            "points: give the graph that it was estimated from"
        )
