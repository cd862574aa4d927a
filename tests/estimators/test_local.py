"""Smoothing of local dimensions, and their way back to the rows of the input."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.results import LocalEstimate


def local_of(values):
    return LocalEstimate(values=np.array(values, dtype=float), n_neighbors=2, method="two_nn")


@pytest.fixture
def line():
    return ds.NeighborGraph.from_points(np.arange(6.0)[:, None] ** 1.1, 2)


def test_it_is_the_mean_over_a_point_and_its_neighbours(line):
    values = np.array([1.0, 2, 4, 8, 16, 32])
    expected = [np.mean(values[[i, *line.indices[i]]]) for i in range(6)]
    smooth = ds.smooth_local(local_of(values), line)
    assert smooth.values == pytest.approx(expected)
    assert smooth.parameters["smoothed_over"] == 2
    nearest = ds.smooth_local(local_of(values), line, 1)
    assert nearest.values[0] == pytest.approx(1.5)


def test_what_is_unknown_counts_nowhere(line):
    smooth = ds.smooth_local(local_of([np.nan, 2, 4, np.nan, np.nan, np.nan]), line)
    assert smooth.values[0] == pytest.approx(3)
    assert np.isnan(smooth.values[5])


def test_an_infinite_value_is_not_spread(line):
    smooth = ds.smooth_local(local_of([np.inf, 2, 4, 8, 16, 32]), line)
    assert np.isfinite(smooth.values).all()
    assert smooth.values[0] == pytest.approx(3)


@pytest.mark.statistical
@pytest.mark.parametrize("dimension", [2, 5])
def test_points_of_one_dimension_scatter_less_and_stay_unbiased(dimension):
    points = ds.manifolds.flat_torus(dimension).draw(np.random.default_rng(0), 1500)
    graph = ds.NeighborGraph.from_distances(ds.manifolds.periodic_distances(points), 20)
    rough = ds.LevinaBickel().estimate_local(graph)
    smooth = ds.smooth_local(rough, graph)
    assert smooth.values.mean() == pytest.approx(dimension, rel=0.04)
    assert smooth.values.std() < 0.5 * rough.values.std()


@pytest.mark.statistical
def test_pieces_of_several_dimensions_are_told_apart_better():
    pieces = ds.make_manifold("line_disk_ball")
    x, dimensions = pieces.sample_local(1500, rng=0)
    graph = ds.NeighborGraph.from_points(x, 20)
    rough = ds.LevinaBickel().estimate_local(graph)
    errors = [
        np.sqrt(np.mean(np.square(local.values - dimensions)))
        for local in (rough, ds.smooth_local(rough, graph))
    ]
    assert errors[1] < 0.7 * errors[0]
    right = np.round(ds.smooth_local(rough, graph).values) == dimensions
    assert right.mean() > 0.85


@pytest.mark.parametrize(("k", "message"), [(0, "must be at least 1"), (3, "more than the 2 nei")])
def test_neighbours_that_are_not_there(line, k, message):
    with pytest.raises(ds.InputError, match=message):
        ds.smooth_local(local_of(np.ones(6)), line, k)


def test_other_points_are_refused(line):
    for use in (ds.smooth_local, ds.local_by_row):
        with pytest.raises(ds.InputError, match="has 5 values and the graph 6 points"):
            use(local_of(np.ones(5)), line)


class TestByRow:
    @pytest.fixture
    def x(self):
        x = np.random.default_rng(0).normal(size=(60, 3))
        return np.concatenate([x[:10], x])

    def test_copies_have_the_dimension_of_the_first(self, x):
        graph = ds.NeighborGraph.from_points(x, 10)
        local = ds.LevinaBickel(n_neighbors=10).estimate_local(graph)
        by_row = ds.local_by_row(local, graph)
        assert by_row[:10].tolist() == by_row[10:20].tolist() == local.values[:10].tolist()
        assert by_row[20:].tolist() == local.values[10:].tolist()

    def test_dropped_rows_and_the_rest_of_a_subset_have_none(self, x):
        graph = ds.NeighborGraph.from_points(x, 10, duplicates="drop")
        by_row = ds.local_by_row(ds.LevinaBickel(n_neighbors=10).estimate_local(graph), graph)
        assert np.isnan(by_row[:20]).all()
        assert not np.isnan(by_row[20:]).any()
        part = ds.NeighborGraph.from_points(x, 10).subset(np.arange(0, 60, 2), 10)
        by_row = ds.local_by_row(ds.LevinaBickel(n_neighbors=10).estimate_local(part), part)
        assert len(by_row) == 70
        assert np.isnan(by_row).sum() == 35

    def test_given_distances(self, x):
        distances = np.linalg.norm(x[:, None] - x, axis=2)
        graph = ds.NeighborGraph.from_distances(distances, 10)
        by_row = ds.local_by_row(ds.LevinaBickel(n_neighbors=10).estimate_local(graph), graph)
        assert by_row[:10].tolist() == by_row[10:20].tolist()
