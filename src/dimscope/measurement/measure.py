"""One pipeline behind `fit`, `dimscope.estimate`, profiles and the tracker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Self, get_args

from dimscope.errors import InputError, or_reason
from dimscope.measurement.blocks import Groups, decimation_cuts, error_cut
from dimscope.measurement.error_bars import (
    HALVINGS_FOR_ERRORS,
    Errors,
    wants_blocks,
    wider,
    with_block_error,
    with_own_error,
    without_error,
)
from dimscope.measurement.features import checked_against_features
from dimscope.measurement.levels import Level, answer, by_name
from dimscope.measurement.representation import Representation
from dimscope.measurement.resolution import with_ceiling
from dimscope.measurement.statistic import Known, Statistic, neighbors_needed, of_graph
from dimscope.neighbors import Copies, Duplicates, Metric, NeighborGraph, thinned
from dimscope.neighbors.checks import check_choice
from dimscope.results import DimensionEstimate

Statistics = Mapping[str, Statistic]


@dataclass(frozen=True, kw_only=True)
class Search:
    """How neighbours are searched; a graph that was given is used as it is.

    Attributes
    ----------
    n_neighbors
        Neighbours of each point to search; more where a statistic needs more.
    metric, duplicates, near_copies
        As in `NeighborGraph.from_points`.
    """

    n_neighbors: int = 0
    metric: Metric = "euclidean"
    duplicates: Duplicates = "first"
    near_copies: Duplicates = "first"

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        Copies(duplicates=self.duplicates, near_copies=self.near_copies)  # which checks them

    def of(self, representation: Representation, n_neighbors: int) -> NeighborGraph:
        """Return the graph of a representation, with the larger of both numbers of neighbours.

        Where rows depend on each other it is `thinned`, and has no more neighbours than needed if
        few points are left.

        Raises
        ------
        InputError
            As `NeighborGraph.from_points` does.
        """

        def graph(n: int) -> NeighborGraph:
            return representation.graph(n, self.metric, self.duplicates, self.near_copies)

        wanted = max(n_neighbors, self.n_neighbors)
        if representation.kin is None:
            return graph(wanted)
        found = or_reason(partial(graph, wanted))
        return thinned(graph(n_neighbors) if isinstance(found, str) else found, n_neighbors)


@dataclass(frozen=True)
class Measurement:
    """What was measured of one representation.

    Attributes
    ----------
    estimates
        By the name of each statistic; if it failed, the estimate has a ``problem`` and no value.
    levels
        By the same names, the estimates on disjoint blocks of N/2, N/4 and N/8 points; empty if no
        decimation was asked for.
    """

    estimates: dict[str, DimensionEstimate]
    levels: dict[str, list[Level]]

    def or_error(self) -> Self:
        """Return the measurement itself, unless every statistic failed.

        Raises
        ------
        InputError
            If every statistic failed.
        """
        problems = {name: e.problem for name, e in self.estimates.items() if e.problem is not None}
        if not problems or len(problems) < len(self.estimates):
            return self
        if len(set(problems.values())) == 1:
            raise InputError(next(iter(problems.values())))
        each = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
        raise InputError(f"no method gave an estimate: {each}")


def measure(  # noqa: PLR0913 - all but the first two have defaults
    representation: Representation,
    statistics: Statistics,
    *,
    search: Search | None = None,
    errors: Errors = "auto",
    n_repeats: int = 0,
    seed: int = 0,
) -> Measurement:
    """Estimate all statistics with their errors, from one neighbour search and one spectrum.

    A statistic that fails does not stop the others.

    Parameters
    ----------
    representation
        What is measured.
    statistics
        By name: two settings of one estimator are two statistics.
    search
        How neighbours are searched.
    errors
        ``"auto"``: the estimators' own standard errors where simulation has shown that they hold,
        else the scatter over up to 16 disjoint blocks of points. Statistics that may cost much in
        each block have them only beside a decimation. ``"blocks"``: blocks for all. ``"own"``: the
        estimators' own errors, and no blocks.
    n_repeats
        Random partitions at each step of the decimation; 0 for no decimation.
    seed
        Seed of the blocks.

    Raises
    ------
    InputError
        If ``errors`` is none of these. What a statistic raises becomes the ``problem`` of its
        estimate.

    Examples
    --------
    >>> import numpy as np
    >>> from dimscope.estimators import MSTDimension, TwoNN
    >>> rng = np.random.default_rng(0)
    >>> cube = Representation.of(rng.random((1000, 3)))
    >>> found = measure(cube, {"two_nn": TwoNN(), "mst": MSTDimension()})
    >>> [(name, e.error_kind) for name, e in found.estimates.items()]
    [('two_nn', 'theory'), ('mst', 'blocks')]
    """
    check_choice("errors", errors, get_args(Errors))
    plan = _Plan(errors, n_repeats, seed)
    estimates: dict[str, DimensionEstimate] = {}
    levels: dict[str, list[Level]] = {name: [] for name in statistics}
    for known, own in _by_what_they_need(representation, statistics, search or Search()):
        if isinstance(known, str):
            n_samples = representation.n_samples
            estimates |= {n: _unknown(s, known, n_samples) for n, s in own.items()}
        else:
            of = known if isinstance(known, NeighborGraph) else representation
            found = _measured(known, own, replace(plan, groups=of.groups, n_groups=of.n_groups))
            estimates |= found.estimates
            levels |= found.levels
    return Measurement({name: estimates[name] for name in statistics}, levels)


@dataclass(frozen=True)
class _Plan:
    errors: Errors
    n_repeats: int
    seed: int
    groups: Groups = None
    n_groups: int | None = None

    def wants_blocks(self, statistic: Statistic, estimate: DimensionEstimate | None = None) -> bool:
        """Whether the error is to come from blocks."""
        return wants_blocks(
            statistic,
            self.errors,
            estimate,
            decimated=self.n_repeats > 0,
            grouped=self.groups is not None,
        )


def _by_what_they_need(
    representation: Representation, statistics: Statistics, search: Search
) -> Iterator[tuple[Known | str, Statistics]]:
    """Yield the graph and the spectrum, or why there is none, each with its statistics."""
    of_neighbors = {name: s for name, s in statistics.items() if of_graph(s)}
    of_spectrum = {name: s for name, s in statistics.items() if not of_graph(s)}
    if of_neighbors:
        yield from _graphs(representation, of_neighbors, search)
    if of_spectrum:
        yield or_reason(representation.spectrum), of_spectrum


def _graphs(
    representation: Representation, statistics: Statistics, search: Search
) -> Iterator[tuple[NeighborGraph | str, Statistics]]:
    """Yield one graph for all statistics, and a reason for each that needs too many neighbours."""
    needs = {name: neighbors_needed([statistic]) for name, statistic in statistics.items()}
    graph = or_reason(partial(search.of, representation, max(needs.values())))
    least = graph
    if isinstance(graph, str) and min(needs.values()) < max(needs.values()):
        least = or_reason(partial(search.of, representation, min(needs.values())))
    if isinstance(least, str) or not isinstance(graph, str):
        yield graph, statistics
        return
    for needed in sorted(set(needs.values()), reverse=True):
        found = or_reason(partial(search.of, representation, needed))
        if not isinstance(found, str):
            yield found, {n: s for n, s in statistics.items() if needs[n] <= needed}
            return
        yield found, {n: s for n, s in statistics.items() if needs[n] == needed}


def _measured(known: Known, statistics: Statistics, plan: _Plan) -> Measurement:
    """Estimate the statistics of one graph or spectrum, with errors and decimation."""
    n = known.n_samples
    cuts = []
    if plan.n_repeats:
        cuts = decimation_cuts(
            n, statistics, seed=plan.seed, n_repeats=plan.n_repeats, groups=plan.groups
        )
    surely = {name: s for name, s in statistics.items() if plan.wants_blocks(s)}
    for_errors = error_cut(n, HALVINGS_FOR_ERRORS[0], surely, plan.seed, groups=plan.groups)
    answers, found = answer(known, statistics, [*cuts, for_errors])
    *decimation, most_blocks = found
    estimates = {
        name: _unknown(statistics[name], answered, n)
        if isinstance(answered, str)
        else replace(with_own_error(answered, statistics[name]), n_groups=plan.n_groups)
        for name, answered in answers.items()
    }
    _add_block_errors(estimates, known, statistics, plan, most_blocks)
    estimates = {
        name: with_ceiling(
            _against_features(estimate, statistics[name], known), statistics[name], known
        )
        for name, estimate in estimates.items()
    }
    levels = by_name(statistics, decimation)
    failed = {name for name, estimate in estimates.items() if estimate.problem is not None}
    return Measurement(
        estimates, {name: [] if name in failed else own for name, own in levels.items()}
    )


def _add_block_errors(
    estimates: dict[str, DimensionEstimate],
    known: Known,
    statistics: Statistics,
    plan: _Plan,
    most_blocks: Mapping[str, Level],
) -> None:
    """Give each estimate that needs one an error from blocks, from as many blocks as possible."""
    missing = {
        name: statistics[name]
        for name, estimate in estimates.items()
        if estimate.value is not None and plan.wants_blocks(statistics[name], estimate)
    }
    levels = dict(most_blocks)
    for halving in HALVINGS_FOR_ERRORS:
        unknown = {name: s for name, s in missing.items() if name not in levels}
        cut = error_cut(known.n_samples, halving, unknown, plan.seed, groups=plan.groups)
        if cut.statistics:
            levels |= answer(known, {}, [cut])[1][0]
        for name in missing.keys() & levels.keys():
            found = with_block_error(estimates[name], missing.pop(name), levels[name])
            dependent = plan.groups is not None and plan.errors == "auto"
            estimates[name] = wider(estimates[name], found) if dependent else found
        levels = {}
    if plan.groups is not None and plan.n_groups is not None:
        for name in missing:
            estimates[name] = without_error(estimates[name], plan.n_groups)


def _against_features(
    estimate: DimensionEstimate, statistic: Statistic, known: Known
) -> DimensionEstimate:
    """Compare a dimension with the number of features, once it has its error.

    A linear one says itself where it is above; one of them estimates what more features would give.
    """
    if statistic.quantity.family != "intrinsic":
        return estimate
    checked = or_reason(partial(checked_against_features, estimate, known.n_features))
    return _unknown(statistic, checked, known.n_samples) if isinstance(checked, str) else checked


def _unknown(statistic: Statistic, problem: str, n_samples: int) -> DimensionEstimate:
    return DimensionEstimate.unknown(statistic.name, problem, n_samples)
