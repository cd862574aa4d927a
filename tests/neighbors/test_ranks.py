"""Distances to neighbours of any rank, and what a search says of itself."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from scipy.spatial.distance import cdist

from dimscope import InputError, NeighborGraph
from dimscope.neighbors.search import intervals as _intervals

RANKS = [1, 2, 5, 16, 64, 150, 299]


def gaussian(rng):
    return rng.normal(size=(300, 20))


def far_classes(rng):  # distances inside a class are below the rounding of products
    return 1e-7 * rng.normal(size=(300, 30)) + 10 * (np.arange(300) % 3)[:, None]


def lattice(rng):
    return rng.permutation(np.stack(np.mgrid[:20.0, :15.0], -1).reshape(-1, 2))


@pytest.mark.parametrize("make", [gaussian, far_classes, lattice])
@pytest.mark.parametrize("height", [2**27, 8 * 300 * 41])
@pytest.mark.parametrize("few", [1500, 10])
def test_they_are_those_of_all_distances_in_order(make, height, few, monkeypatch):
    monkeypatch.setattr(_intervals, "_MATRIX_BYTES", height)
    monkeypatch.setattr("dimscope.points.points._FEW_IN_MEMORY", few)
    x = make(np.random.default_rng(0))
    found = NeighborGraph.from_points(x, 5).distances_at(RANKS)
    np.testing.assert_allclose(found, np.sort(cdist(x, x), axis=1)[:, RANKS], rtol=1e-12)


def test_among_distinct_points_only():
    x = np.repeat(np.random.default_rng(0).normal(size=(50, 3)), 2, axis=0)
    found = NeighborGraph.from_points(x, 2).distances_at([3, 40])
    np.testing.assert_allclose(found, np.sort(cdist(x[::2], x[::2]), axis=1)[:, [3, 40]])


def test_in_the_units_of_the_input():
    x = gaussian(np.random.default_rng(0))
    want = NeighborGraph.from_points(x, 2).distances_at([100])
    found = NeighborGraph.from_points(np.ldexp(x, 700), 2).distances_at([100])
    np.testing.assert_allclose(found, np.ldexp(want, 700), rtol=1e-12)


@pytest.mark.parametrize("ranks", [[], [0], [300], [5, -1]])
def test_ranks_out_of_range(ranks):
    graph = NeighborGraph.from_points(gaussian(np.random.default_rng(0)), 2)
    with pytest.raises(InputError, match="ranks must lie between 1 and 299"):
        graph.distances_at(ranks)


class TestDiagnostics:
    def test_few_points(self):
        how = NeighborGraph.from_points(gaussian(np.random.default_rng(0)), 2).diagnostics
        assert (how.method, how.evaluated_share, how.n_searched_again) == ("intervals", 1.0, 0)

    def test_many_points(self):
        x = np.random.default_rng(0).normal(size=(1600, 30))
        how = NeighborGraph.from_points(x, 5).diagnostics
        assert (how.method, how.evaluated_share, how.n_searched_again) == ("tiles", 1.0, 0)

    def test_few_features(self):
        x = np.random.default_rng(0).normal(size=(1600, 2))
        how = NeighborGraph.from_points(x, 5).diagnostics
        assert (how.method, how.evaluated_share) == ("tree", None)

    def test_few_directions(self):
        x = np.random.default_rng(10).normal(size=(1600, 2000)) / np.arange(1, 2001) ** 1.5
        how = NeighborGraph.from_points(x, 5).diagnostics
        assert how.method == "projected tiles"
        assert how.evaluated_share is not None
        assert 5 / 1600 <= how.evaluated_share < 0.2

    def test_a_tiny_ball(self):
        x = np.random.default_rng(0).normal(size=(1600, 25))
        x[:480] *= 1e-7
        how = NeighborGraph.from_points(x.astype(np.float32), 5).diagnostics
        assert how.method == "tiles"
        assert 100 < how.n_searched_again < 1600


def test_a_layer_on_disk_is_searched_by_intervals(tmp_path):
    x = np.random.default_rng(0).normal(size=(1600, 30)).astype(np.float32)
    array = zarr.create_array(tmp_path / "layer.zarr", data=x, chunks=(100, 30))
    assert NeighborGraph.from_points(array, 5).diagnostics.method in ("tiles", "intervals")


class TestCountsWithin:
    RADII = (0.5, 3.0, 5.0, 6.5)

    @pytest.mark.parametrize("make", [gaussian, far_classes, lattice])
    @pytest.mark.parametrize("height", [2**27, 8 * 300 * 41])
    @pytest.mark.parametrize("n_neighbors", [2, 50, 299])
    def test_they_are_those_of_all_distances(self, make, height, n_neighbors, monkeypatch):
        monkeypatch.setattr(_intervals, "_MATRIX_BYTES", height)
        x = make(np.random.default_rng(0))
        distances = cdist(x, x)
        radii = [*self.RADII, *(np.quantile(distances[0], [0.01, 0.4, 1]) * (1 + 1e-9))]
        want = np.stack([(distances <= r).sum(axis=1) - 1 for r in radii], axis=1)
        found = NeighborGraph.from_points(x, n_neighbors).counts_within(radii)
        np.testing.assert_array_equal(found, want)

    def test_of_given_distances_of_a_subset_and_in_the_units_of_the_input(self):
        x = gaussian(np.random.default_rng(0))
        distances = cdist(x, x)
        want = np.stack([(distances <= r).sum(axis=1) - 1 for r in self.RADII], axis=1)
        given = NeighborGraph.from_distances(distances, 3)
        np.testing.assert_array_equal(given.counts_within(self.RADII), want)
        large = NeighborGraph.from_points(np.ldexp(x, 700), 3)
        np.testing.assert_array_equal(large.counts_within(np.ldexp(self.RADII, 700)), want)
        part = np.arange(0, 300, 3)
        inner = distances[np.ix_(part, part)]
        want = np.stack([(inner <= r).sum(axis=1) - 1 for r in self.RADII], axis=1)
        np.testing.assert_array_equal(given.subset(part, 3).counts_within(self.RADII), want)

    def test_of_given_lists_as_far_as_they_reach(self):
        graph = NeighborGraph.from_points(gaussian(np.random.default_rng(0)), 10)
        given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
        reach = 0.99 * graph.distances[:, -1].min()
        want = graph.counts_within([0.5 * reach, reach])
        np.testing.assert_array_equal(given.counts_within([0.5 * reach, reach]), want)
        with pytest.raises(InputError, match="all their 10 given neighbours within"):
            given.counts_within([5.0])

    @pytest.mark.parametrize("radii", [[], [np.nan], [1.0, np.inf], [1.0, -2.0]])
    def test_radii_that_are_none(self, radii):
        graph = NeighborGraph.from_points(gaussian(np.random.default_rng(0)), 2)
        with pytest.raises(InputError, match="radii must be finite and from 0 on, at least one"):
            graph.counts_within(radii)
