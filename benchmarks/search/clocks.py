"""CPU and wall time of interleaved calls, and the product that is the unit of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

TILE = 1024


class Clocks(NamedTuple):
    """CPU and wall time, in seconds or as a ratio."""

    cpu: float
    wall: float

    def least(self, other: Clocks) -> Clocks:
        return Clocks(min(self.cpu, other.cpu), min(self.wall, other.wall))

    def over(self, unit: Clocks) -> Clocks:
        return Clocks(self.cpu / unit.cpu, self.wall / unit.wall)


class Timed(NamedTuple):
    """The least time of some calls, and what the last of them returned."""

    seconds: Clocks
    result: Any


def half_tiles(n: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the tiles of the upper triangle of n x n."""
    for i in range(0, n, TILE):
        for j in range(i, n, TILE):
            yield slice(i, i + TILE), slice(j, j + TILE)


def half_product(x: np.ndarray) -> None:
    """All products of two rows, each pair once but for the tiles on the diagonal."""
    for rows, columns in half_tiles(len(x)):
        x[rows] @ x[columns].T


def timed(call: Callable[[], Any]) -> Timed:
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return Timed(Clocks(time.process_time() - cpu, time.perf_counter() - wall), result)


def interleaved(
    calls: Mapping[str, Callable[[], Any]], rounds: Mapping[str, int]
) -> dict[str, Timed]:
    """Call each as many times as its rounds, one after the other within a round."""
    best: dict[str, Timed] = {}
    for done in range(max(rounds.values())):
        for name, call in calls.items():
            if done < rounds[name]:
                now = timed(call)
                least = best[name].seconds.least(now.seconds) if name in best else now.seconds
                best[name] = Timed(least, now.result)
    return best
