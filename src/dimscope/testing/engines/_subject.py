"""What the checks of engines share: searches, their true answers, and how both are compared."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

from dimscope.neighbors import Engine
from dimscope.points import Points
from dimscope.testing.checks import require
from dimscope.testing.engines._clouds import Distances, Rows, distances

K = 10
RANKS = (1, 2, 17, 300, 1_000)
HARD = ("gaussian", "offset", "far_classes")  # clouds for slower checks: most goes wrong there

_EXACT = 1e-12  # relative error of a distance


class Search(NamedTuple):
    """Points, their values in float64, and what is searched among them."""

    points: Points
    x: Any
    queries: Rows
    pool: Rows
    n_neighbors: int = K


def require_nearest(engine: Engine, search: Search, when: str) -> None:
    """Fail the check unless an engine finds the neighbours that all distances give."""
    points, x, queries, pool, n_neighbors = search
    found = engine.nearest(points, queries, pool, n_neighbors)
    require(
        found.indices.shape == (len(queries), n_neighbors),
        f"the number of neighbours is wrong {when}",
    )
    require(bool(np.isin(found.indices, pool).all()), f"neighbours that are not in the pool {when}")
    require(
        not (found.indices == queries[:, None]).any(), f"a point is among its neighbours {when}"
    )
    repeated = (np.diff(np.sort(found.indices, axis=1), axis=1) == 0).any(axis=1)
    require(not repeated.any(), f"{repeated.sum()} points have the same neighbour twice {when}")
    apart = distances(x, queries, pool)
    require_close(
        found.distances, np.sort(apart, axis=1)[:, :n_neighbors], f"of the nearest {when}"
    )
    column = np.empty(len(x), dtype=np.int64)
    column[pool] = np.arange(len(pool))
    led_to = np.take_along_axis(apart, column[found.indices], axis=1)
    require_close(found.distances, led_to, f"to the points that the indices name {when}")


def require_close(found: Distances, wanted: Distances, when: str) -> None:
    """Fail the check unless distances agree to a relative 1e-12."""
    require(found.shape == wanted.shape, f"distances of shape {found.shape} {when}")
    with np.errstate(invalid="ignore"):
        error = np.abs(found - wanted) / np.where(wanted > 0, wanted, 1)
    worst = float(np.max(error))
    require(worst <= _EXACT, f"distances {when} are off by a relative {worst:.2g}")


class Answers(NamedTuple):
    """What an engine answers about all of some points."""

    distances: Distances
    indices: Int64[np.ndarray, "n k"]
    at_ranks: Distances
    counts: Int64[np.ndarray, "n r"]


def answers(engine: Engine, points: Points) -> Answers:
    """Ask an engine each of its three questions about all points."""
    rows = np.arange(points.n_samples)
    found = engine.nearest(points, rows, rows, K)
    return Answers(
        found.distances,
        found.indices,
        engine.distances_at(points, rows, np.array(RANKS)),
        engine.counts_within(points, rows, rows, np.array([0.1, 4.0])),
    )


def require_same(one: Answers, other: Answers, when: str) -> None:
    """Fail the check unless two answers are equal to the bit."""
    for name, a, b in zip(Answers._fields, one, other, strict=True):
        require(np.array_equal(a, b), f"{name} differ {when}")
