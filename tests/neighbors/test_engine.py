"""A graph asks its engine, whichever it is, and passes its resources on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

import dimscope as ds
from dimscope import NeighborGraph
from dimscope.neighbors import LocalEngine, Resources

RENAMED = "device= is deprecated: use search_device="


@dataclass
class Watched:
    """The engine of this machine, with the questions that it was asked."""

    engine: LocalEngine
    asked: list = field(default_factory=list)

    @property
    def resources(self):
        return self.engine.resources

    def __getattr__(self, name):
        question = getattr(self.engine, name)
        return lambda *args: self.asked.append(name) or question(*args)


def cloud(n=60):
    return np.random.default_rng(0).normal(size=(n, 4))


def test_every_question_goes_to_the_engine():
    engine = Watched(LocalEngine(Resources(n_jobs=2)))
    graph = NeighborGraph.from_points(cloud(), 5, engine=engine)
    plain = NeighborGraph.from_points(cloud(), 5)
    assert engine.asked == ["nearest"]
    np.testing.assert_array_equal(graph.distances, plain.distances)
    np.testing.assert_array_equal(graph.distances_at([30]), plain.distances_at([30]))
    np.testing.assert_array_equal(graph.counts_within([9.0]), plain.counts_within([9.0]))
    half = np.arange(0, 60, 2)
    np.testing.assert_array_equal(graph.subset(half, 5).indices, plain.subset(half, 5).indices)
    assert engine.asked == ["nearest", "distances_at", "counts_within", "nearest"]


def test_a_graph_says_what_may_be_used():
    assert NeighborGraph.from_points(cloud(), 5, n_jobs=2).resources == Resources(n_jobs=2)
    resources = Resources(n_jobs=1)
    graph = NeighborGraph.from_points(cloud(), 5, engine=LocalEngine(resources))
    assert graph.subset(np.arange(20), 3).resources is resources
    assert NeighborGraph.from_distances(np.ones((3, 3)) - np.eye(3), 1).resources == Resources()


class TestTheOldNameOfTheDevice:
    def test_works_and_warns(self):
        with pytest.warns(DeprecationWarning, match=RENAMED) as caught:
            found = NeighborGraph.from_points(cloud(), 5, device="cpu")
        assert caught[0].filename == __file__
        assert found.resources == Resources(device="cpu")

    def test_in_a_scale_curve(self):
        x = cloud(200)
        with pytest.warns(DeprecationWarning, match=RENAMED):
            found = ds.scale_curve(x, device="cpu")
        new = ds.scale_curve(x, search_device="cpu", n_jobs=1)
        assert found.to_dict() == new.to_dict()

    @pytest.mark.parametrize("call", [ds.estimate, ds.TwoNN().fit], ids=["estimate", "fit"])
    def test_wherever_neighbours_are_searched(self, call):
        call(cloud(), search_device="cpu", n_jobs=1)
        with pytest.warns(DeprecationWarning, match=RENAMED):
            call(cloud(), device="cpu")
