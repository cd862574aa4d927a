"""The conformance suite of engines: ours pass it, and for each check there is one that fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from dimscope.errors import ConformanceError, InputError
from dimscope.neighbors import LocalEngine, Resources
from dimscope.testing import check_engine, engine_checks

OURS = LocalEngine()
OTHERS = [LocalEngine(Resources(n_jobs=1)), LocalEngine(Resources(device="cpu"))]


@pytest.mark.parametrize("check", engine_checks(OURS, others=OTHERS), ids=str)
def test_our_own_passes(check):
    check()
    assert check.function.__doc__


@pytest.mark.parametrize("name", ["check_nearest", "check_some_points_among_others"])
def test_so_does_our_own_on_a_device(name):
    checks = engine_checks(LocalEngine(Resources(n_jobs=2, device="cpu")))
    {check.name: check for check in checks}[name]()


class Sound:
    """The search of this machine, to be broken below."""

    resources = Resources()

    def nearest(self, points, queries, pool, n_neighbors):
        return OURS.nearest(points, queries, pool, n_neighbors)

    def distances_at(self, points, rows, ranks):
        return OURS.distances_at(points, rows, ranks)

    def counts_within(self, points, queries, pool, radii):
        return OURS.counts_within(points, queries, pool, radii)


class WithoutResources(Sound):
    resources = None


class Narrow(Sound):
    def nearest(self, *question):
        found = super().nearest(*question)
        return found._replace(indices=found.indices.astype(np.int32))


class InFloat32(Sound):
    def nearest(self, *question):
        found = super().nearest(*question)
        return found._replace(distances=found.distances.astype(np.float32).astype(np.float64))


class WrongNames(Sound):
    """Right distances, with the indices of the last two neighbours exchanged."""

    def nearest(self, *question):
        found = super().nearest(*question)
        return found._replace(indices=np.roll(found.indices, 1, axis=1))


class IgnoresThePool(Sound):
    def nearest(self, points, queries, pool, n_neighbors):
        return super().nearest(points, queries, np.arange(points.n_samples), n_neighbors)


class CountsInThePool(Sound):
    """Indices are positions in the pool."""

    def nearest(self, points, queries, pool, n_neighbors):
        found = super().nearest(points, queries, pool, n_neighbors)
        place = np.zeros(points.n_samples, dtype=np.int64)
        place[pool] = np.arange(len(pool))
        return found._replace(indices=place[found.indices])


class AtMostFifty(Sound):
    def nearest(self, points, queries, pool, n_neighbors):
        return super().nearest(points, queries, pool, min(n_neighbors, 50))


class TiesBackwards(Sound):
    def nearest(self, *question):
        found = super().nearest(*question)
        order = np.lexsort((-found.indices, found.distances), axis=1)
        return found._replace(indices=np.take_along_axis(found.indices, order, axis=1))


class TakesCopiesForItself(Sound):
    """Leaves out what is at distance 0."""

    def nearest(self, points, queries, pool, n_neighbors):
        found = super().nearest(points, queries, pool, min(n_neighbors + 3, len(pool) - 1))
        far = np.argsort(found.distances == 0, axis=1, kind="stable")[:, :n_neighbors]
        return found._replace(
            distances=np.take_along_axis(found.distances, far, axis=1),
            indices=np.take_along_axis(found.indices, far, axis=1),
        )


class OneRankOff(Sound):
    def distances_at(self, points, rows, ranks):
        return super().distances_at(points, rows, np.minimum(ranks + 1, len(rows) - 1))


class StrictlyWithin(Sound):
    def counts_within(self, points, queries, pool, radii):
        return super().counts_within(points, queries, pool, np.nextafter(radii, 0))


class CountsItself(Sound):
    def counts_within(self, points, queries, pool, radii):
        return super().counts_within(points, queries, pool, radii) + np.isin(queries, pool)[:, None]


class OwnUnits(Sound):
    def nearest(self, points, *question):
        found = super().nearest(points, *question)
        return found._replace(distances=found.distances / points.length_unit)


class IgnoresTheMetric(Sound):
    """Distances are multiplied by the unit of the source, which rows of unit length do not have."""

    def nearest(self, points, *question):
        found = super().nearest(points, *question)
        return found._replace(distances=found.distances * (points.unit / points.length_unit))


class InTheTypeOfTheSource(Sound):
    def nearest(self, points, *question):
        found = super().nearest(points, *question)
        if points.source.dtype.itemsize > 2:
            return found
        return found._replace(distances=found.distances.astype(np.float16).astype(np.float64))


class RowsOfTheSource(Sound):
    """Indices are rows of the source, also where the points are some of them."""

    def nearest(self, points, *question):
        found = super().nearest(points, *question)
        rows = np.arange(points.n_samples) if points.rows is None else points.rows
        return found._replace(indices=rows[found.indices])


class WritesIntoThePoints(Sound):
    def nearest(self, points, *question):
        found = super().nearest(points, *question)
        if isinstance(points.source, np.ndarray):
            points.source[0] = 0
        return found


@dataclass
class Wears(Sound):
    """Counts a point more, once it was asked twice."""

    n_asked: int = 0

    def counts_within(self, *question):
        self.n_asked += 1
        return super().counts_within(*question) + (self.n_asked > 2)


@dataclass
class ByItsThreads(Sound):
    resources: Resources

    def nearest(self, *question):
        found = super().nearest(*question)
        return found._replace(distances=found.distances * (1 + 1e-15 * self.resources.n_jobs))


def test_what_is_to_be_broken_is_sound():
    """`Sound` asks our own engine; what it passes on is shown by the checks that take least."""
    quick = {"check_shapes_and_types", "check_all_neighbors", "check_copies_are_neighbors"}
    passed = [check() for check in engine_checks(Sound()) if check.name in quick]
    assert len(passed) == len(quick)


BROKEN = [
    (WithoutResources(), "check_says_its_resources"),
    (Narrow(), "check_shapes_and_types"),
    (InFloat32(), "check_nearest"),
    (WrongNames(), "check_nearest"),
    (IgnoresThePool(), "check_some_points_among_others"),
    (CountsInThePool(), "check_some_points_among_others"),
    (AtMostFifty(), "check_all_neighbors"),
    (TiesBackwards(), "check_ties_are_ordered_by_index"),
    (TakesCopiesForItself(), "check_copies_are_neighbors"),
    (OneRankOff(), "check_distances_at_ranks"),
    (StrictlyWithin(), "check_counts_within"),
    (CountsItself(), "check_counts_within"),
    (OwnUnits(), "check_units"),
    (IgnoresTheMetric(), "check_points_under_a_metric"),
    (InTheTypeOfTheSource(), "check_storage"),
    (RowsOfTheSource(), "check_taken_points"),
    (WritesIntoThePoints(), "check_points_are_left_alone"),
    (Wears(), "check_answers_repeat"),
    (ByItsThreads(Resources(1)), "check_resources_change_nothing"),
]


@pytest.mark.parametrize(("broken", "failed"), BROKEN, ids=lambda value: type(value).__name__)
def test_what_is_broken_is_found(broken, failed):
    others = [ByItsThreads(Resources(2))] if isinstance(broken, ByItsThreads) else []
    checks = {check.name: check for check in engine_checks(broken, others=others)}
    with pytest.raises(AssertionError):
        checks[failed]()


def test_there_is_a_broken_one_for_every_check():
    assert {failed for _, failed in BROKEN} == {
        check.name for check in engine_checks(OURS, others=OTHERS)
    }


def test_failures_are_listed(monkeypatch):
    few = ("check_says_its_resources", "check_shapes_and_types")
    monkeypatch.setattr(
        "dimscope.testing.engines.suite._CHECKS",
        tuple(check.function for check in engine_checks(OURS) if check.name in few),
    )
    with pytest.raises(ConformanceError, match="Narrow failed 1 checks:\n  check_shapes_and_t"):
        check_engine(Narrow())
    check_engine(Narrow(), expected_failures={"check_shapes_and_types": "indices take half"})
    with pytest.raises(InputError, match="no check of Narrow is called check_speed: choose from"):
        check_engine(Narrow(), expected_failures={"check_speed": "slow"})


def test_what_is_no_engine_is_bad_input():
    with pytest.raises(InputError, match="dict is not an Engine: it needs resources, nearest"):
        check_engine({})
