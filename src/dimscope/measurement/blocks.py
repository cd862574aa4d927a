"""How points are divided into disjoint random blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Int64

from dimscope.errors import or_reason
from dimscope.measurement.statistic import Known, Statistic, neighbors_needed
from dimscope.neighbors import NeighborGraph

#: A block has at least so many points; smaller ones tell too little.
LEAST_BLOCK = 50
#: How often N is halved at each step of the decimation: blocks of N/2, N/4 and N/8 points.
HALVINGS = (1, 2, 3)


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
    """

    size: int
    statistics: Mapping[str, Statistic]
    seed: int = 0
    n_repeats: int = 1

    def parts(self, known: Known) -> Iterator[Part]:
        """Yield the blocks one by one, each with the statistics that can be measured on it."""
        if self.statistics:
            for rows in partition(known.n_samples, self.size, self.seed, self.n_repeats):
                part = _part(known, rows, self)
                if part is not None:
                    yield part


def partition(
    n_samples: int, size: int, seed: int = 0, n_repeats: int = 1
) -> Iterator[Int64[np.ndarray, " size"]]:
    """Yield the rows of each block, for ``n_repeats`` random partitions into disjoint blocks.

    Rows left over by the division are in no block.
    """
    rng = np.random.default_rng([seed, size])
    for _ in range(n_repeats):
        yield from rng.permutation(n_samples)[: n_samples // size * size].reshape(-1, size)


def nested_blocks(
    n_samples: int, most_blocks: int, seed: int = 0
) -> Iterator[Int64[np.ndarray, "blocks size"]]:
    """Cut one random order of the rows into 1, 2, 4, ... blocks of at least `LEAST_BLOCK` rows.

    The first step is one block of all rows; later steps may leave out a remainder.
    """
    order = np.random.default_rng(seed).permutation(n_samples)
    for n_blocks in (2**j for j in range(most_blocks.bit_length())):
        size = n_samples // n_blocks
        if n_blocks > 1 and size < LEAST_BLOCK:
            break
        yield order[: size * n_blocks].reshape(n_blocks, size)


def decimation_cuts(
    n_samples: int,
    statistics: Mapping[str, Statistic],
    *,
    halvings: Sequence[int] = HALVINGS,
    seed: int = 0,
    n_repeats: int = 1,
) -> list[Cut]:
    """Cut blocks of N/2, N/4 and N/8 points, where these are enough for every statistic."""
    least = max(LEAST_BLOCK, neighbors_needed(statistics.values()) + 1)
    sizes = [n_samples >> halving for halving in halvings]
    return [
        Cut(size=size, statistics=statistics, seed=seed, n_repeats=n_repeats)
        for size in sizes
        if size >= least
    ]


def error_cut(
    n_samples: int, halving: int, statistics: Mapping[str, Statistic], seed: int = 0
) -> Cut:
    """Cut 2^halving blocks, for those of the statistics that can be measured on so few points."""
    size = n_samples >> halving
    fitting = {
        name: statistic
        for name, statistic in statistics.items()
        if size >= max(LEAST_BLOCK, neighbors_needed([statistic]) + 1)
    }
    return Cut(size=size, statistics=fitting, seed=seed)


def _part(known: Known, rows: Int64[np.ndarray, " size"], cut: Cut) -> Part | None:
    """The part of one block, without the statistics that it has too few neighbours for.

    This happens in graphs made from lists of neighbours, which may be too short for a block. None
    where no statistic is left.
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
        return known.subset(rows, n_neighbors)
    return known.subset(rows)
