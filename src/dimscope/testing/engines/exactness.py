"""What an engine answers: neighbours, distances at ranks and counts as all distances give them."""

from __future__ import annotations

import numpy as np

from dimscope.neighbors import Engine
from dimscope.points import as_points
from dimscope.testing.checks import require
from dimscope.testing.engines._clouds import (
    CLOUDS,
    N_POINTS,
    cloud,
    distances,
    lattice,
    radii_between,
)
from dimscope.testing.engines._subject import (
    HARD,
    RANKS,
    K,
    Search,
    require_close,
    require_nearest,
)


def check_nearest(engine: Engine) -> None:
    """The nearest points are right on every cloud, with offsets, twins and outliers too."""
    for name in CLOUDS:
        x = cloud(name)
        rows = np.arange(len(x))
        require_nearest(engine, Search(as_points(x), x, rows, rows), f"on {name}")


def check_some_points_among_others(engine: Engine) -> None:
    """Queries and pool may be any of the points, and indices are positions among all of them."""
    x = cloud("gaussian")
    points, rows = as_points(x), np.arange(N_POINTS)
    cases = {
        "few queries": (rows[::100], rows),
        "queries in a pool of some": (rows[::6], rows[::2]),
        "queries outside the pool": (rows[1::2], rows[::2]),
        "a small pool": (rows, rows[5:60]),
        "a pool in another order": (rows[::3], rows[::-1].copy()),
    }
    for when, ends in cases.items():
        require_nearest(engine, Search(points, x, *ends), f"with {when}")


def check_all_neighbors(engine: Engine) -> None:
    """All other points of a set can be asked for."""
    x = cloud("gaussian")[:300]
    rows = np.arange(300)
    require_nearest(engine, Search(as_points(x), x, rows, rows, 299), "with all asked for")


def check_ties_are_ordered_by_index(engine: Engine) -> None:
    """Neighbours at equal distances are ordered by index."""
    for x in (lattice(), lattice()[::7].copy()):
        rows = np.arange(len(x))
        found = engine.nearest(as_points(x), rows, rows, K)
        wanted = np.argsort(distances(x, rows, rows), axis=1, kind="stable")[:, :K]
        wrong = np.flatnonzero((found.indices != wanted).any(axis=1))
        require(
            not len(wrong),
            f"{len(wrong)} of {len(x)} points of a lattice have wrong neighbours: equal distances "
            "must be ordered by index",
        )


def check_copies_are_neighbors(engine: Engine) -> None:
    """Copies of a point are its nearest, at distance 0; only the point itself is left out."""
    x = np.repeat(cloud("gaussian")[: N_POINTS // 4], 4, axis=0)
    rows = np.arange(len(x))
    found = engine.nearest(as_points(x), rows, rows, 4)
    require(bool((found.distances[:, :3] == 0).all()), "a copy is not at distance 0")
    require(bool((found.distances[:, 3] > 0).all()), "a point is among its own neighbours")
    groups = rows[:, None] // 4 * 4 + np.arange(4)
    copies = groups[groups != rows[:, None]].reshape(-1, 3)
    require(np.array_equal(found.indices[:, :3], copies), "the copies are not the nearest")


def check_distances_at_ranks(engine: Engine) -> None:
    """Distances at ranks near and far are those of all distances in order."""
    for name in HARD:
        x = cloud(name)
        for rows in (np.arange(N_POINTS), np.arange(0, N_POINTS, 5)):
            ranks = np.array([rank for rank in RANKS if rank < len(rows)])
            found = engine.distances_at(as_points(x), rows, ranks)
            wanted = np.sort(distances(x, rows, rows), axis=1)[:, ranks - 1]
            require_close(found, wanted, f"at ranks among {len(rows)} points on {name}")


def check_counts_within(engine: Engine) -> None:
    """Counts within radii are those of all distances, one at exactly a radius included."""
    rows = np.arange(N_POINTS)
    cases = [(cloud(name), (rows, rows), name) for name in HARD]
    cases += [(cloud("gaussian"), (rows[1::2], rows[::4]), "some points among others")]
    cases += [(lattice(), (rows, rows), "a lattice")]
    for x, ends, when in cases:
        apart = distances(x, *ends)
        radii = radii_between(apart)
        if when == "a lattice":
            radii = np.array([0.0, 1.0, 2.0, 5.0])  # exactly distances, in float64
        found = engine.counts_within(as_points(x), *ends, radii)
        wanted = np.stack([(apart <= radius).sum(axis=1) for radius in radii], axis=1)
        wrong = int((found != wanted).any(axis=1).sum())
        require(not wrong, f"{wrong} of {len(ends[0])} points have wrong counts on {when}")
