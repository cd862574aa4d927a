"""`estimate`: one array, one or many methods, one neighbour search and one spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, overload

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import checked_parameters
from dimscope._rng import Rng, seed_of
from dimscope.estimators.registry import Method, is_one_method, make_estimators
from dimscope.measurement import Errors, Representation, Search, measure
from dimscope.neighbors import Duplicates, LocalEngine, Metric, Resources
from dimscope.neighbors.checks import check_choice
from dimscope.results import DimensionEstimate


@overload
def estimate(
    x: Any,
    method: Method = ...,
    *,
    metric: Metric = ...,
    duplicates: Duplicates = ...,
    near_copies: Duplicates = ...,
    groups: Any = ...,
    n_jobs: int | None = ...,
    search_device: str | None = ...,
    rng: Rng = ...,
    errors: Errors = ...,
) -> DimensionEstimate: ...
@overload
def estimate(
    x: Any,
    method: Sequence[Method],
    *,
    metric: Metric = ...,
    duplicates: Duplicates = ...,
    near_copies: Duplicates = ...,
    groups: Any = ...,
    n_jobs: int | None = ...,
    search_device: str | None = ...,
    rng: Rng = ...,
    errors: Errors = ...,
) -> dict[str, DimensionEstimate]: ...


@renamed_parameters(device="search_device")
@checked_parameters
def estimate(  # noqa: PLR0913 - all but the array have defaults
    x: Any,
    method: Method | Sequence[Method] = "two_nn",
    *,
    metric: Metric = "euclidean",
    duplicates: Duplicates = "first",
    near_copies: Duplicates = "first",
    groups: Any = None,
    n_jobs: int | None = None,
    search_device: str | None = None,
    rng: Rng = 0,
    errors: Errors = "auto",
) -> DimensionEstimate | dict[str, DimensionEstimate]:
    """Estimate the dimension of an array, by one method or by several at once.

    Parameters
    ----------
    x
        Shape (n_samples, n_features): array, tensor, data frame, SciPy sparse matrix or array on
        disk; a column of lists, a row in each; or a `NeighborGraph`, which is used as it is.
    method
        A registry name, an estimator, or another library's with ``fit`` and ``dimension_``, such
        as ``skdim.id.DANCo()``; a sequence of them shares one neighbour search and one spectrum.
    metric, duplicates, near_copies, n_jobs, search_device
        As in `NeighborGraph.from_points`; linear methods and graphs ignore them.
    groups
        Shape (n_samples,): a label for each row, such as its text, film, trial or subject; or, for
        rows in order of time, a `TimeWindow`. Rows of one group (within the window) depend on each
        other: they are no neighbours, errors are from blocks of whole groups, and where the
        neighbours of a point belong to one group too, groups are thinned until they no longer do.
        The estimates say how many groups there are.
    rng
        Seed of the blocks that errors come from, or a generator that draws one.
    errors
        ``"auto"``: the method's own standard error where simulation has shown that it holds, else
        the scatter over up to 16 disjoint blocks of points, which at most doubles the time. Other
        libraries' estimators and ``hidalgo``, which may cost much however few the points are, have
        blocks in profiles only. ``"blocks"``: blocks for all methods. ``"own"``: the methods' own
        errors, without the cost of blocks.

    Returns
    -------
    DimensionEstimate, or a dict of them by method name
        One estimate for one method, a dict for a sequence. In a sequence, a method that fails has
        no value, and its ``problem`` says why.

    Raises
    ------
    InputError
        If ``x`` or ``groups`` cannot be used, a method is unknown, or all methods fail.

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
    >>> views = np.repeat(sphere[:500], 4, axis=0) + 1e-3 * np.random.default_rng(1).normal(
    ...     size=(2000, 3)
    ... )
    >>> print(estimate(views, groups=np.repeat(np.arange(500), 4)))
    two_nn: 1.96 ± 0.12 (N = 500 in 500 groups)
    """
    engine = LocalEngine(Resources(n_jobs, search_device))
    estimators = make_estimators(method)
    search = Search(metric=metric, duplicates=duplicates, near_copies=near_copies)
    check_choice("errors", errors, get_args(Errors))
    representation = Representation.of(x, groups=groups, engine=engine)
    found = measure(
        representation, estimators, search=search, errors=errors, seed=seed_of(rng)
    ).or_error()
    if is_one_method(method):
        return next(iter(found.estimates.values()))
    return found.estimates
