"""A representation makes each graph and its spectrum once."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.measurement import Representation
from dimscope.points import Points


def cloud(n=300, d=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


class TestRepresentation:
    def test_builds_each_graph_and_the_spectrum_once(self):
        of = Representation.of(cloud())
        assert of.graph(5) is of.graph(5)
        assert of.graph(5) is not of.graph(5, "cosine")
        assert of.graph(5).n_neighbors == 5
        assert of.spectrum() is of.spectrum()

    def test_of_what_is_known_already(self):
        x = cloud()
        of, graph = Representation.of(x), ds.NeighborGraph.from_points(x, 7)
        assert Representation.of(of) is of
        assert isinstance(Representation.of(of.points).points, Points)
        given = Representation.of(graph)
        assert given.graph(100, "cosine") is graph
        assert given.spectrum().n_samples == 300
        assert (given.n_samples, given.n_features) == (of.n_samples, of.n_features) == (300, 4)

    def test_a_subset_is_those_rows_with_their_labels(self):
        x, rows = cloud(), np.array([5, 250, 17, 3])
        of = Representation.of(x, labels=np.arange(300) % 7)
        part = of.subset(rows)
        assert part.labels.tolist() == [5, 5, 3, 3]
        found = part.graph(3).distances
        np.testing.assert_allclose(found, ds.NeighborGraph.from_points(x[rows], 3).distances)
        nested = Representation.of(of.graph(4)).subset(rows).subset(np.array([1, 0]))
        np.testing.assert_array_equal(nested.points.rows, [250, 5])

    def test_labels_are_one_for_each_row(self):
        with pytest.raises(ds.InputError, match="5 labels for 300 samples"):
            Representation.of(cloud(), labels=range(5))

    def test_without_points_there_is_no_subset(self):
        given = ds.NeighborGraph.from_distances(np.ones((5, 5)) - np.eye(5), 2)
        with pytest.raises(ds.InputError, match="a subset needs the points themselves"):
            Representation.of(given).subset(np.arange(2))
