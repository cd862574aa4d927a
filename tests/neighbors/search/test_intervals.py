"""The search by intervals: distances to neighbours of any rank, and counts within distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from dimscope import NeighborGraph
from dimscope.neighbors.search import intervals as _intervals

RANKS = [1, 2, 5, 16, 64, 150, 299]
RADII = (0.5, 3.0, 5.0, 6.5)


def gaussian(rng):
    return rng.normal(size=(300, 20))


def far_classes(rng):  # distances inside a class are below the rounding of products
    return 1e-7 * rng.normal(size=(300, 30)) + 10 * (np.arange(300) % 3)[:, None]


def lattice(rng):
    return rng.permutation(np.stack(np.mgrid[:20.0, :15.0], -1).reshape(-1, 2))


@pytest.mark.parametrize("make", [gaussian, far_classes, lattice])
@pytest.mark.parametrize("height", [2**27, 8 * 300 * 41])
@pytest.mark.parametrize("few", [1500, 10])
def test_distances_at_ranks_are_those_of_all_distances_in_order(make, height, few, monkeypatch):
    monkeypatch.setattr(_intervals, "_MATRIX_BYTES", height)
    monkeypatch.setattr("dimscope.points.points._FEW_IN_MEMORY", few)
    x = make(np.random.default_rng(0))
    found = NeighborGraph.from_points(x, 5).distances_at(RANKS)
    np.testing.assert_allclose(found, np.sort(cdist(x, x), axis=1)[:, RANKS], rtol=1e-12)


def test_ranks_are_among_distinct_points_only():
    x = np.repeat(np.random.default_rng(0).normal(size=(50, 3)), 2, axis=0)
    found = NeighborGraph.from_points(x, 2).distances_at([3, 40])
    np.testing.assert_allclose(found, np.sort(cdist(x[::2], x[::2]), axis=1)[:, [3, 40]])


def test_distances_at_ranks_are_in_the_units_of_the_input():
    x = gaussian(np.random.default_rng(0))
    want = NeighborGraph.from_points(x, 2).distances_at([100])
    found = NeighborGraph.from_points(np.ldexp(x, 700), 2).distances_at([100])
    np.testing.assert_allclose(found, np.ldexp(want, 700), rtol=1e-12)


@pytest.mark.parametrize("make", [gaussian, far_classes, lattice])
@pytest.mark.parametrize("height", [2**27, 8 * 300 * 41])
@pytest.mark.parametrize("n_neighbors", [2, 50, 299])
def test_counts_are_those_of_all_distances(make, height, n_neighbors, monkeypatch):
    monkeypatch.setattr(_intervals, "_MATRIX_BYTES", height)
    x = make(np.random.default_rng(0))
    distances = cdist(x, x)
    radii = [*RADII, *(np.quantile(distances[0], [0.01, 0.4, 1]) * (1 + 1e-9))]
    want = np.stack([(distances <= r).sum(axis=1) - 1 for r in radii], axis=1)
    found = NeighborGraph.from_points(x, n_neighbors).counts_within(radii)
    np.testing.assert_array_equal(found, want)


def test_counts_of_given_distances_of_a_subset_and_in_the_units_of_the_input():
    x = gaussian(np.random.default_rng(0))
    distances = cdist(x, x)
    want = np.stack([(distances <= r).sum(axis=1) - 1 for r in RADII], axis=1)
    given = NeighborGraph.from_distances(distances, 3)
    np.testing.assert_array_equal(given.counts_within(RADII), want)
    large = NeighborGraph.from_points(np.ldexp(x, 700), 3)
    np.testing.assert_array_equal(large.counts_within(np.ldexp(RADII, 700)), want)
    part = np.arange(0, 300, 3)
    inner = distances[np.ix_(part, part)]
    want = np.stack([(inner <= r).sum(axis=1) - 1 for r in RADII], axis=1)
    np.testing.assert_array_equal(given.subset(part, 3).counts_within(RADII), want)
