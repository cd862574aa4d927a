"""How points are divided into disjoint random blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Int64

from dimscope.errors import or_reason
from dimscope.measurement.statistic import Known, Statistic, neighbors_needed
from dimscope.neighbors import NeighborGraph, thinned

#: A block has at least so many points; smaller ones tell too little.
LEAST_BLOCK = 50
#: How often N is halved at each step of the decimation: blocks of N/2, N/4 and N/8 points.
HALVINGS = (1, 2, 3)
#: A block has at least so many groups, where rows depend on each other within groups.
LEAST_GROUPS = 4

#: The number of each point's group; None where all points are independent.
Groups = Int64[np.ndarray, " n_samples"] | None


@dataclass(frozen=True)
class Part:
    """Some of the points, as a graph or spectrum, and the statistics to measure on them.

    Attributes
    ----------
    known
        Graph or spectrum of these points.
    statistics
        What to measure, by name.
    cut
        The cut that this block comes from; None for all points.
    """

    known: Known
    statistics: Mapping[str, Statistic]
    cut: Cut | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Cut:
    """Disjoint random blocks of one size, and the statistics to measure on each.

    Attributes
    ----------
    size
        Points of each block.
    statistics
        What to measure, by name: all from a graph, or all from a spectrum.
    seed
        Seed of the partitions.
    n_repeats
        How many random partitions into such blocks.
    groups
        The number of each point's group, from 0: a block then holds whole groups, and about
        ``size`` points. None where all points are independent.
    """

    size: int
    statistics: Mapping[str, Statistic]
    seed: int = 0
    n_repeats: int = 1
    groups: Groups = None

    def parts(self, known: Known) -> Iterator[Part]:
        """Yield the blocks one by one, each with the statistics that can be measured on it."""
        if self.statistics:
            n = known.n_samples
            for rows in partition(n, self.size, self.seed, self.n_repeats, groups=self.groups):
                part = _part(known, rows, self)
                if part is not None:
                    yield part


def partition(
    n_samples: int, size: int, seed: int = 0, n_repeats: int = 1, *, groups: Groups = None
) -> Iterator[Int64[np.ndarray, " size"]]:
    """Yield the rows of each block, for ``n_repeats`` random partitions into disjoint blocks.

    Rows left over by the division are in no block. With groups the blocks hold equally many whole
    groups, drawn at random.
    """
    rng = np.random.default_rng([seed, size])
    n_blocks = n_samples // size
    for _ in range(n_repeats):
        if groups is None:
            yield from rng.permutation(n_samples)[: n_blocks * size].reshape(-1, size)
        else:
            yield from _whole_groups(groups, rng.permutation(int(groups.max()) + 1), n_blocks)


def nested_blocks(
    n_samples: int, most_blocks: int, seed: int = 0, *, groups: Groups = None
) -> Iterator[list[Int64[np.ndarray, " size"]]]:
    """Cut one random order of the rows into 1, 2, 4, ... blocks of at least `LEAST_BLOCK` rows.

    The first step is one block of all rows; later steps may leave out a remainder. With groups
    the order is one of whole groups, of which a block has at least `LEAST_GROUPS`.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(n_samples if groups is None else int(groups.max()) + 1)
    for n_blocks in (2**j for j in range(most_blocks.bit_length())):
        size = n_samples // n_blocks
        if n_blocks > 1 and (size < LEAST_BLOCK or _too_few(groups, n_blocks)):
            break
        if groups is None:
            yield list(order[: size * n_blocks].reshape(n_blocks, size))
        else:
            yield _whole_groups(groups, order, n_blocks)


def _whole_groups(
    groups: Int64[np.ndarray, " n"], order: Int64[np.ndarray, " g"], n_blocks: int
) -> list[Int64[np.ndarray, " m"]]:
    """Deal the groups, in this order, to blocks; return the rows of each."""
    n_each = len(order) // n_blocks
    block = np.full(len(order), n_blocks)
    block[order[: n_each * n_blocks]] = np.repeat(np.arange(n_blocks), n_each)
    return [np.flatnonzero(block[groups] == number) for number in range(n_blocks)]


def _too_few(groups: Groups, n_blocks: int) -> bool:
    """Whether so many blocks of whole groups would have fewer than `LEAST_GROUPS` each."""
    return groups is not None and int(groups.max()) + 1 < n_blocks * LEAST_GROUPS


def decimation_cuts(  # noqa: PLR0913 - all but the first two have defaults
    n_samples: int,
    statistics: Mapping[str, Statistic],
    *,
    halvings: Sequence[int] = HALVINGS,
    seed: int = 0,
    n_repeats: int = 1,
    groups: Groups = None,
) -> list[Cut]:
    """Cut blocks of N/2, N/4 and N/8 points, where these are enough for every statistic."""
    least = max(LEAST_BLOCK, neighbors_needed(statistics.values()) + 1)
    sizes = [n_samples >> halving for halving in halvings]
    return [
        Cut(size=size, statistics=statistics, seed=seed, n_repeats=n_repeats, groups=groups)
        for size in sizes
        if size >= least and not _too_few(groups, n_samples // size)
    ]


def error_cut(
    n_samples: int,
    halving: int,
    statistics: Mapping[str, Statistic],
    seed: int = 0,
    *,
    groups: Groups = None,
) -> Cut:
    """Cut 2^halving blocks, for those of the statistics that can be measured on so few points."""
    size = n_samples >> halving
    fitting = {
        name: statistic
        for name, statistic in statistics.items()
        if size >= max(LEAST_BLOCK, neighbors_needed([statistic]) + 1)
        and not _too_few(groups, n_samples // size)
    }
    return Cut(size=size, statistics=fitting, seed=seed, groups=groups)


def _part(known: Known, rows: Int64[np.ndarray, " size"], cut: Cut) -> Part | None:
    """The part of one block, without the statistics that it has too few neighbours for.

    This happens in graphs made from lists of neighbours, which may be too short for a block, and
    where a block has few groups. None where no statistic is left.
    """
    statistics = cut.statistics
    while statistics:
        needed = neighbors_needed(statistics.values())
        part = or_reason(partial(_subset, known, rows, needed))
        if not isinstance(part, str):
            return Part(part, statistics, cut)
        statistics = {n: s for n, s in statistics.items() if neighbors_needed([s]) < needed}
    return None


def _subset(known: Known, rows: Int64[np.ndarray, " size"], n_neighbors: int) -> Known:
    if isinstance(known, NeighborGraph):
        return thinned(known.subset(rows, n_neighbors), n_neighbors)
    return known.subset(rows)
