"""One array, many estimators, one neighbour search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator, SpectrumEstimator, neighbors_needed
from dimscope.estimators._shared.block_errors import with_block_errors
from dimscope.estimators._shared.neighborhoods import estimate_all
from dimscope.estimators.registry import Method, is_one_method, make_estimators
from dimscope.neighbors import Duplicates, Metric, NeighborGraph
from dimscope.points import as_points
from dimscope.results import DimensionEstimate
from dimscope.spectra import Spectrum


@overload
def estimate(
    x: Any,
    method: Method = ...,
    *,
    metric: Metric = ...,
    duplicates: Duplicates = ...,
    device: str | None = ...,
) -> DimensionEstimate: ...
@overload
def estimate(
    x: Any,
    method: Sequence[Method],
    *,
    metric: Metric = ...,
    duplicates: Duplicates = ...,
    device: str | None = ...,
) -> dict[str, DimensionEstimate]: ...


def estimate(
    x: Any,
    method: Method | Sequence[Method] = "two_nn",
    *,
    metric: Metric = "euclidean",
    duplicates: Duplicates = "first",
    device: str | None = None,
) -> DimensionEstimate | dict[str, DimensionEstimate]:
    """Estimate the dimension of an array, by one method or by several at once.

    Parameters
    ----------
    x
        Shape (n_samples, n_features): array, tensor, data frame or array on disk; or a
        `NeighborGraph`, which is used as it is.
    method
        A registry name, an estimator, or another library's with ``fit`` and ``dimension_``, such
        as ``skdim.id.DANCo()``; a sequence of them shares one neighbour search and one spectrum.
    metric, duplicates, device
        As in `NeighborGraph.from_points`; linear methods and graphs ignore them.

    Returns
    -------
    DimensionEstimate, or a dict of them by method name
        One estimate for one method, a dict for a sequence. The error of methods without theory
        (``mst_dimension``, ``knn_graph_dimension``, ``danco``) is that of up to 16 disjoint blocks.

    Raises
    ------
    InputError
        If ``x`` cannot be used, or a method is unknown or needs more samples.

    Examples
    --------
    >>> import numpy as np
    >>> sphere = np.random.default_rng(0).normal(size=(2000, 3))
    >>> sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    >>> print(estimate(sphere))
    two_nn: 1.973 ± 0.062 (N = 2000)
    >>> both = estimate(sphere, ["two_nn", "participation_ratio"])
    >>> round(both["participation_ratio"].value, 2)
    3.0
    """
    estimators = make_estimators(method)
    graph = x if isinstance(x, NeighborGraph) else None
    points = as_points(x) if graph is None else graph.points
    of_neighbors = {n: e for n, e in estimators.items() if isinstance(e, NeighborEstimator)}
    of_spectrum = {n: e for n, e in estimators.items() if isinstance(e, SpectrumEstimator)}
    found: dict[str, DimensionEstimate] = {}
    if of_neighbors:
        n_neighbors = neighbors_needed(of_neighbors.values())
        graph = graph or NeighborGraph.from_points(
            points, n_neighbors, metric, duplicates=duplicates, search_device=device
        )
        found |= with_block_errors(estimate_all(of_neighbors, graph), of_neighbors, graph)
    if of_spectrum:
        if points is None:
            raise InputError(
                "linear methods need the points themselves, and this graph was made from distances "
                "or neighbours: give the array, or only methods that use neighbours"
            )
        spectrum = Spectrum.from_points(points)
        found |= {name: e.estimate(spectrum) for name, e in of_spectrum.items()}
    estimates = {name: found[name] for name in estimators}
    if is_one_method(method):
        return next(iter(estimates.values()))
    return estimates
