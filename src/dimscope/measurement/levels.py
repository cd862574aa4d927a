"""Estimates on all points and on blocks of them; a failing statistic does not stop the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import cast

import numpy as np
from jaxtyping import Float64

from dimscope.errors import or_reason
from dimscope.measurement.blocks import HALVINGS, Cut, Part, decimation_cuts
from dimscope.measurement.statistic import Known, Numbers, Statistic, VectorStatistic
from dimscope.measurement.vectors import read_numbers
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate

_WAITING_BYTES = 2**28  # bytes of graphs that wait until their vectors are read together

#: An estimate by name, or the reason why there is none.
Answers = dict[str, DimensionEstimate | str]


@dataclass(frozen=True)
class Level:
    """The estimates on disjoint blocks of ``n_samples`` points."""

    n_samples: int
    values: Float64[np.ndarray, " blocks"]


def block_levels(
    statistics: Mapping[str, Statistic],
    known: Known,
    *,
    halvings: Sequence[int] = HALVINGS,
    seed: int = 0,
    n_repeats: int = 1,
) -> dict[str, list[Level]]:
    """Estimate on disjoint blocks of N/2, N/4 and N/8 points, at least 50 each.

    Blocks on which an estimate fails are left out, and so are levels with fewer than two blocks.

    Parameters
    ----------
    statistics
        By name; ``known`` must be what they need.
    known
        Graph or spectrum of all points.
    halvings
        How often N is halved, one number for each level.
    seed
        Seed of the partitions.
    n_repeats
        Random partitions into blocks of each size.
    """
    cuts = decimation_cuts(
        known.n_samples,
        statistics,
        halvings=halvings,
        seed=seed,
        n_repeats=n_repeats,
        groups=known.groups if isinstance(known, NeighborGraph) else None,
    )
    return by_name(statistics, answer(known, {}, cuts)[1])


def by_name(
    statistics: Iterable[str], levels: Iterable[Mapping[str, Level]]
) -> dict[str, list[Level]]:
    """Regroup levels by statistic."""
    levels = list(levels)
    return {name: [level[name] for level in levels if name in level] for name in statistics}


def answer(
    known: Known, statistics: Mapping[str, Statistic], cuts: Sequence[Cut]
) -> tuple[Answers, list[dict[str, Level]]]:
    """Estimate the statistics on all points, and those of each cut on its blocks.

    Neighbour vectors are read once for all statistics, for the whole and its blocks together.
    """
    whole: Answers = {}
    found: dict[Cut, dict[str, list[float]]] = {
        cut: {name: [] for name in cut.statistics} for cut in cuts
    }
    parts = chain([Part(known, statistics)], *(cut.parts(known) for cut in cuts))
    for part, answers in _answered(parts):
        if part.cut is None:
            whole = answers
            continue
        for name, estimate in answers.items():
            if not isinstance(estimate, str) and estimate.value is not None:
                found[part.cut][name].append(estimate.value)
    levels = [
        {n: Level(cut.size, np.array(v)) for n, v in found[cut].items() if len(v) > 1}
        for cut in cuts
    ]
    return whole, levels


def _answered(parts: Iterable[Part]) -> Iterator[tuple[Part, Answers]]:
    """Yield each part with its answers; parts that need vectors wait to be read together."""
    waiting: list[Part] = []
    held = 0
    for part in parts:
        waiting.append(part)
        held += _bytes(part)
        if held > _WAITING_BYTES or not _of_vectors(part):
            yield from _answered_together(waiting)
            waiting, held = [], 0
    yield from _answered_together(waiting)


def _answered_together(parts: Sequence[Part]) -> Iterator[tuple[Part, Answers]]:
    """Yield each part with its answers, reading neighbour vectors once for all parts."""
    unusable = [_unusable(part) for part in parts]
    usable = [
        {name: s for name, s in _of_vectors(part).items() if name not in reasons}
        for part, reasons in zip(parts, unusable, strict=True)
    ]
    asked = [
        (cast("NeighborGraph", part.known), list(own.values()))
        for part, own in zip(parts, usable, strict=True)
        if own
    ]
    read = iter(read_numbers(asked))
    for part, reasons, own in zip(parts, unusable, usable, strict=True):
        numbers = dict(zip(own, next(read), strict=True)) if own else {}
        known = numbers | reasons
        yield part, {n: _answer(s, part.known, known.get(n)) for n, s in part.statistics.items()}


def _unusable(part: Part) -> dict[str, str]:
    """Why statistics of vectors cannot be estimated from this graph, by name."""
    graph = cast("NeighborGraph", part.known)
    checked = {
        name: or_reason(partial(statistic.check_graph, graph))
        for name, statistic in _of_vectors(part).items()
    }
    return {name: reason for name, reason in checked.items() if reason is not None}


def _answer(
    statistic: Statistic, known: Known, numbers: Numbers | str | None
) -> DimensionEstimate | str:
    if isinstance(numbers, str):
        return numbers
    if numbers is None:
        return or_reason(partial(statistic.estimate, known))
    of_vectors = cast("VectorStatistic", statistic)
    return or_reason(partial(of_vectors.estimate_of, cast("NeighborGraph", known), numbers))


def _of_vectors(part: Part) -> dict[str, VectorStatistic]:
    if not isinstance(part.known, NeighborGraph):
        return {}
    return {n: s for n, s in part.statistics.items() if isinstance(s, VectorStatistic)}


def _bytes(part: Part) -> int:
    if isinstance(part.known, NeighborGraph):
        return part.known.distances.nbytes + part.known.indices.nbytes
    return part.known.matrix.nbytes
