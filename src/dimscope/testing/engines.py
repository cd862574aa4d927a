"""What an engine must answer: the nearest, distances at ranks and counts, against all distances.

The distances to compare with are direct differences of all pairs in float64. There are few points,
and enough of them for the ways that an engine may keep for larger searches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import zarr
from jaxtyping import Int64

from dimscope.errors import InputError
from dimscope.neighbors import Engine, Resources
from dimscope.points import Points, as_points
from dimscope.testing.checks import Check, require, run_checks
from dimscope.testing.clouds import (
    CLOUDS,
    N_POINTS,
    Distances,
    Rows,
    cloud,
    distances,
    lattice,
    radii_between,
)

_K = 10
_EXACT = 1e-12  # relative error of a distance
_HARD = ("gaussian", "offset", "far_classes")  # where most can go wrong, for slower checks
_RANKS = (1, 2, 17, 300, 1_000)


def check_says_its_resources(engine: Engine) -> None:
    """It has `Resources`."""
    found = engine.resources
    require(isinstance(found, Resources), f"resources is a {type(found).__name__}")


def check_shapes_and_types(engine: Engine) -> None:
    """Distances are float64, indices and counts int64, a row for each query."""
    points, rows = as_points(cloud("gaussian")[:50]), np.arange(50)
    found = engine.nearest(points, rows[:20], rows, 3)
    at_ranks = engine.distances_at(points, rows, np.array([1, 5]))
    counts = engine.counts_within(points, rows[:20], rows, np.array([1.0, 2.0, 3.0]))
    for what, array, shape, dtype in (
        ("distances", found.distances, (20, 3), np.float64),
        ("indices", found.indices, (20, 3), np.int64),
        ("distances at ranks", at_ranks, (50, 2), np.float64),
        ("counts", counts, (20, 3), np.int64),
    ):
        require(
            isinstance(array, np.ndarray) and array.shape == shape and array.dtype == dtype,
            f"{what} are {getattr(array, 'dtype', type(array))} of shape "
            f"{getattr(array, 'shape', None)}, not {np.dtype(dtype)} of shape {shape}",
        )


def check_nearest(engine: Engine) -> None:
    """The nearest of all points are those of all distances, offset, twins and outliers or not."""
    for name in CLOUDS:
        x = cloud(name)
        rows = np.arange(len(x))
        _require_nearest(engine, _Search(as_points(x), x, rows, rows), f"on {name}")


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
        _require_nearest(engine, _Search(points, x, *ends), f"with {when}")


def check_all_neighbors(engine: Engine) -> None:
    """All points but one can be asked for."""
    x = cloud("gaussian")[:300]
    rows = np.arange(300)
    _require_nearest(engine, _Search(as_points(x), x, rows, rows, 299), "with all asked for")


def check_ties_are_ordered_by_index(engine: Engine) -> None:
    """Of points at the same distance the first come first."""
    for x in (lattice(), lattice()[::7].copy()):
        rows = np.arange(len(x))
        found = engine.nearest(as_points(x), rows, rows, _K)
        wanted = np.argsort(distances(x, rows, rows), axis=1, kind="stable")[:, :_K]
        wrong = np.flatnonzero((found.indices != wanted).any(axis=1))
        require(
            not len(wrong),
            f"{len(wrong)} of {len(x)} points of a lattice have other neighbours: equal distances "
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
    for name in _HARD:
        x = cloud(name)
        for rows in (np.arange(N_POINTS), np.arange(0, N_POINTS, 5)):
            ranks = np.array([rank for rank in _RANKS if rank < len(rows)])
            found = engine.distances_at(as_points(x), rows, ranks)
            wanted = np.sort(distances(x, rows, rows), axis=1)[:, ranks - 1]
            _require_close(found, wanted, f"at ranks among {len(rows)} points on {name}")


def check_counts_within(engine: Engine) -> None:
    """Counts within radii are those of all distances, one at exactly a radius included."""
    rows = np.arange(N_POINTS)
    cases = [(cloud(name), (rows, rows), name) for name in _HARD]
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
        require(not wrong, f"{wrong} of {len(ends[0])} points have other counts on {when}")


def check_units(engine: Engine) -> None:
    """Distances are in the units of the input, whose squares may leave the range of float64."""
    x = cloud("gaussian")
    rows, ranks, radii = np.arange(N_POINTS), np.array([2, 700]), np.array([2.0, 4.0])
    one = as_points(x)
    for exponent in (-700, 700):
        scaled = as_points(np.ldexp(x, exponent))
        when = f"in units of 2^{exponent}"
        found = engine.nearest(scaled, rows, rows, _K).distances
        near = engine.nearest(one, rows, rows, _K).distances
        _require_close(np.ldexp(found, -exponent), near, f"of the nearest {when}")
        found = engine.distances_at(scaled, rows, ranks)
        far = engine.distances_at(one, rows, ranks)
        _require_close(np.ldexp(found, -exponent), far, f"at ranks {when}")
        counts = engine.counts_within(scaled, rows, rows, np.ldexp(radii, exponent))
        require(
            np.array_equal(counts, engine.counts_within(one, rows, rows, radii)),
            f"other counts {when}",
        )


def check_points_under_a_metric(engine: Engine) -> None:
    """Points that are scaled to unit length are searched as such, whatever their own length."""
    x = np.ldexp(cloud("gaussian") + 1, 600)
    points, rows = as_points(x).normalised(), np.arange(N_POINTS)
    unit = np.concatenate(list(points.row_blocks()))
    _require_nearest(engine, _Search(points, unit, rows, rows), "under the cosine metric")
    found = engine.distances_at(points, rows, np.array([800]))
    wanted = np.sort(distances(unit, rows, rows), axis=1)[:, 799:800]
    _require_close(found, wanted, "at a rank under the cosine metric")


def check_storage(engine: Engine) -> None:
    """Points of narrow types and points that are not in memory are searched in float64."""
    whole = np.random.default_rng(2).integers(0, 256, size=(N_POINTS, 12))
    rows = np.arange(N_POINTS)
    narrow = cloud("gaussian").astype(np.float16)
    for source, when in (
        (whole.astype(np.uint8), "as bytes"),
        (narrow, "in float16"),
        (zarr.array(cloud("gaussian")), "not in memory"),
    ):
        x = np.asarray(source[:], dtype=np.float64)
        _require_nearest(engine, _Search(as_points(source), x, rows, rows), when)


def check_taken_points(engine: Engine) -> None:
    """Some rows of a source, in an order of their own, are points like any other."""
    x = cloud("offset")
    order = np.random.default_rng(3).permutation(N_POINTS)[:1_000]
    rows = np.arange(1_000)
    points = as_points(x).take(order)
    _require_nearest(engine, _Search(points, x[order], rows, rows), "of rows that were taken")


def check_points_are_left_alone(engine: Engine) -> None:
    """Nothing is written into the points, nor into what is asked."""
    x = cloud("gaussian")
    rows, ranks, radii = np.arange(N_POINTS), np.array([1, 500]), np.array([3.0])
    held = [array.copy() for array in (x, rows, ranks, radii)]
    points = as_points(x)
    engine.nearest(points, rows, rows, _K)
    engine.distances_at(points, rows, ranks)
    engine.counts_within(points, rows, rows, radii)
    for before, after in zip(held, (x, rows, ranks, radii), strict=True):
        require(np.array_equal(before, after), "a search wrote into an array that it was given")


def check_answers_repeat(engine: Engine) -> None:
    """The same question has the same answer to the bit, whatever was asked between."""
    first, second = as_points(cloud("gaussian")), as_points(cloud("outlier"))
    before = _answers(engine, first)
    _answers(engine, second)
    _require_same(before, _answers(engine, first), "when asked again")


def check_resources_change_nothing(engines: Sequence[Engine]) -> None:
    """Engines that differ in their resources only agree to the bit."""
    for name in _HARD:
        points = as_points(cloud(name))
        wanted = _answers(engines[0], points)
        for other in engines[1:]:
            found = _answers(other, points)
            _require_same(wanted, found, f"with {other.resources} on {name}")


_CHECKS: tuple[Callable[[Engine], None], ...] = (
    check_says_its_resources,
    check_shapes_and_types,
    check_nearest,
    check_some_points_among_others,
    check_all_neighbors,
    check_ties_are_ordered_by_index,
    check_copies_are_neighbors,
    check_distances_at_ranks,
    check_counts_within,
    check_units,
    check_points_under_a_metric,
    check_storage,
    check_taken_points,
    check_points_are_left_alone,
    check_answers_repeat,
)


def engine_checks(engine: Engine, *, others: Sequence[Engine] = ()) -> list[Check]:
    """The checks of an engine, one by one, for pytest; see `check_engine`.

    Raises
    ------
    InputError
        If it, or one of the others, is not an `Engine`.
    """
    for one in (engine, *others):
        if not isinstance(one, Engine):
            raise InputError(
                f"{type(one).__name__} is not an Engine: it needs resources, nearest, "
                "distances_at and counts_within"
            )
    checks = [Check(function, engine) for function in _CHECKS]
    if others:
        checks.append(Check(check_resources_change_nothing, (engine, *others)))
    return checks


def check_engine(
    engine: Engine,
    *,
    others: Sequence[Engine] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> None:
    """Run every check of an engine, and say which failed and why.

    Its answers are compared with direct differences in float64, on clouds with offsets, outliers,
    classes far apart, ties and copies. All checks together take seconds.

    Parameters
    ----------
    engine
        What is checked.
    others
        The same engine with other resources: fewer threads, a device. Their answers must be equal
        to the last bit.
    expected_failures
        Checks by name that it is known to fail, each with the reason.

    Raises
    ------
    ConformanceError
        If a check failed; its message has a line for each.
    InputError
        If it is not an `Engine`, or a name is not that of a check.
    """
    checks = engine_checks(engine, others=others)
    run_checks(type(engine).__name__, checks, expected_failures)


class _Answers(NamedTuple):
    distances: Distances
    indices: Int64[np.ndarray, "n k"]
    at_ranks: Distances
    counts: Int64[np.ndarray, "n r"]


def _answers(engine: Engine, points: Points) -> _Answers:
    rows = np.arange(points.n_samples)
    found = engine.nearest(points, rows, rows, _K)
    return _Answers(
        found.distances,
        found.indices,
        engine.distances_at(points, rows, np.array(_RANKS)),
        engine.counts_within(points, rows, rows, np.array([0.1, 4.0])),
    )


def _require_same(one: _Answers, other: _Answers, when: str) -> None:
    for name, a, b in zip(_Answers._fields, one, other, strict=True):
        require(np.array_equal(a, b), f"other {name} {when}")


class _Search(NamedTuple):
    """Points, their values in float64, and what is searched among them."""

    points: Points
    x: Any
    queries: Rows
    pool: Rows
    n_neighbors: int = _K


def _require_nearest(engine: Engine, search: _Search, when: str) -> None:
    """Fail unless the neighbours of some points are those of all distances, up to rounding."""
    points, x, queries, pool, n_neighbors = search
    found = engine.nearest(points, queries, pool, n_neighbors)
    require(found.indices.shape == (len(queries), n_neighbors), f"too few neighbours {when}")
    require(bool(np.isin(found.indices, pool).all()), f"neighbours that are not in the pool {when}")
    require(
        not (found.indices == queries[:, None]).any(), f"a point is among its neighbours {when}"
    )
    repeated = (np.diff(np.sort(found.indices, axis=1), axis=1) == 0).any(axis=1)
    require(not repeated.any(), f"{repeated.sum()} points have the same neighbour twice {when}")
    apart = distances(x, queries, pool)
    _require_close(
        found.distances, np.sort(apart, axis=1)[:, :n_neighbors], f"of the nearest {when}"
    )
    column = np.empty(len(x), dtype=np.int64)
    column[pool] = np.arange(len(pool))
    led_to = np.take_along_axis(apart, column[found.indices], axis=1)
    _require_close(found.distances, led_to, f"to the points that the indices name {when}")


def _require_close(found: Distances, wanted: Distances, when: str) -> None:
    require(found.shape == wanted.shape, f"distances of shape {found.shape} {when}")
    with np.errstate(invalid="ignore"):
        error = np.abs(found - wanted) / np.where(wanted > 0, wanted, 1)
    worst = float(np.max(error))
    require(worst <= _EXACT, f"distances {when} are off by a relative {worst:.2g}")
