"""Rows that nearly repeat another: the bound on chance, what is found and kept, and silence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import binom

import dimscope as ds
from dimscope.manifolds import HELD_OUT, MANIFOLDS, make_manifold
from dimscope.neighbors.near_copies import _divergence

N = 1000


def waves(n: int = N) -> np.ndarray:
    """Three dimensions, bent into 40: TwoNN reads 3.0."""
    rng = np.random.default_rng(0)
    return np.sin(rng.normal(size=(n, 3)) @ rng.normal(size=(3, 40)))


def repeated(x: np.ndarray, n: int, noise: float) -> np.ndarray:
    """The rows, and the first n of them again with noise."""
    rng = np.random.default_rng(1)
    return np.vstack([x, x[:n] + noise * rng.normal(size=(n, x.shape[1]))]).astype(np.float32)


def codes(estimate: ds.DimensionEstimate) -> list[str]:
    return [note.code for note in estimate.notes]


@pytest.mark.parametrize("share", [0.5, 0.8, 0.99])
@pytest.mark.parametrize("log_chance", [-0.8, -2.3, -9.0])
def test_the_evidence_bounds_the_chance_of_so_many_below_the_gap(share, log_chance):
    n = 40
    bound = np.exp(-n * _divergence(np.array([share]), log_chance)[0])
    assert binom.sf(math.ceil(share * n) - 1, n, math.exp(log_chance)) <= bound


def test_a_chance_beyond_all_floats_is_evidence_too():
    assert _divergence(np.array([1.0]), -1e5)[0] == pytest.approx(1e5)


class TestNoise:
    @pytest.mark.parametrize("method", ["two_nn", "two_nn_mle", "levina_bickel", "consensus"])
    def test_the_value_is_that_of_the_others(self, method):
        twice = ds.estimate(repeated(waves(), 100, 1e-6), method)
        once = ds.estimate(waves().astype(np.float32), method)
        assert twice.value == pytest.approx(once.value, rel=1e-12)
        assert (twice.n_samples, twice.n_duplicates, twice.n_near_copies) == (N, 0, 100)
        (note,) = [note for note in twice.notes if note.code == "near_copies"]
        assert note.startswith("100 of 1100 rows nearly repeat another row: they are at most ")
        assert "the value is that of the others" in note

    @pytest.mark.parametrize("n", [5, 20, 300, N])
    @pytest.mark.parametrize("noise", [1e-6, 1e-4, 1e-3])
    def test_however_many_and_near(self, n, noise):
        graph = ds.NeighborGraph.from_points(repeated(waves(), n, noise), 2)
        assert graph.n_duplicates + graph.n_near_copies == n
        np.testing.assert_array_equal(graph.original_rows, np.arange(N))
        np.testing.assert_array_equal(graph.first_of_row[N:], np.arange(n))

    def test_five_of_each(self):
        x = np.repeat(waves(200), 5, axis=0)
        x += 1e-5 * np.random.default_rng(1).normal(size=x.shape)
        graph = ds.NeighborGraph.from_points(x, 2)
        assert graph.n_near_copies == 800
        np.testing.assert_array_equal(graph.original_rows, np.arange(0, N, 5))

    def test_one_pair_is_enough_in_many_dimensions(self):
        x = np.random.default_rng(0).normal(size=(N, 100))
        twice = repeated(x, 1, 0.01)
        assert ds.NeighborGraph.from_points(twice, 2).n_near_copies == 1
        value, kept = (
            ds.estimate(twice, "two_nn_mle", near_copies=what).value for what in ("first", "keep")
        )
        assert kept < 0.75 * value  # which one pair takes from it

    def test_distances_between_the_copies_and_the_others_are_in_no_gap(self):
        rng = np.random.default_rng(0)
        x = rng.random((N, 1))
        twice = np.vstack([x, x[:100] * (1 + 1e-3 * rng.normal(size=(100, 1)))])
        assert ds.NeighborGraph.from_points(twice, 2).n_near_copies == 0


class TestRounding:
    def test_rows_within_the_last_bits_are_duplicates(self):
        x = waves().astype(np.float32)
        twice = np.vstack([x, np.nextafter(x[:100], np.float32(2))])
        estimate = ds.estimate(twice)
        assert (estimate.n_duplicates, estimate.n_near_copies) == (100, 0)
        assert estimate.value == pytest.approx(ds.estimate(x).value, rel=1e-12)
        assert codes(estimate) == ["copies"]
        assert "to within the rounding of the stored values" in estimate.notes[0]

    def test_more_copies_than_neighbors_are_looked_at(self):
        x = waves().astype(np.float32)
        bits = np.random.default_rng(1).integers(0, 2, size=(60, 40)).astype(np.float32)
        many = x[0] + bits * np.spacing(x[0])
        graph = ds.NeighborGraph.from_points(np.vstack([x, many]), 2)
        assert graph.n_samples == N

    def test_a_text_that_is_exact_and_one_that_is_not_are_counted_together(self):
        x = waves().astype(np.float32)
        both = np.vstack([x, x[:50], np.nextafter(x[50:100], np.float32(2))])
        assert ds.NeighborGraph.from_points(both, 2).n_duplicates == 100


class TestOptions:
    x = repeated(waves(), 100, 1e-6)

    def test_keep(self):
        estimate = ds.estimate(self.x, near_copies="keep")
        assert estimate.value < 0.3
        assert (estimate.n_samples, estimate.n_near_copies) == (1100, 100)
        (note,) = [note for note in estimate.notes if note.code == "near_copies"]
        assert "near_copies='first' sets them aside" in note

    def test_drop_leaves_all_of_them_out(self):
        graph = ds.NeighborGraph.from_points(self.x, 2, near_copies="drop")
        np.testing.assert_array_equal(graph.original_rows, np.arange(100, N))
        assert graph.n_near_copies == 200

    def test_duplicates_that_are_kept_keep_these_too(self):
        assert ds.NeighborGraph.from_points(self.x, 2, duplicates="keep").n_samples == 1100

    def test_unknown(self):
        with pytest.raises(ds.InputError, match="near_copies='all'"):
            ds.NeighborGraph.from_points(self.x, 2, near_copies="all")

    def test_a_local_dimension_of_a_copy_is_that_of_the_first(self):
        graph = ds.NeighborGraph.from_points(self.x, 20)
        by_row = ds.local_by_row(ds.LevinaBickel().estimate_local(graph), graph)
        assert len(by_row) == 1100
        np.testing.assert_array_equal(by_row[N:], by_row[:100])

    def test_kin_are_no_near_copies(self):
        groups = np.r_[np.arange(N), np.arange(100)]
        graph = ds.NeighborGraph.from_points(self.x, 2, groups=groups)
        assert graph.n_near_copies == 0


class TestGiven:
    x = repeated(waves(), 100, 1e-6).astype(np.float64)

    def test_distances(self):
        graph = ds.NeighborGraph.from_distances(cdist(self.x, self.x), 2)
        assert (graph.n_samples, graph.n_near_copies) == (N, 100)

    @pytest.mark.parametrize(("n_neighbors", "n_left"), [(20, N), (5, 1100)])
    def test_lists_that_are_too_short_keep_them_and_say_so(self, n_neighbors, n_left):
        every = ds.NeighborGraph.from_points(self.x, n_neighbors, near_copies="keep")
        graph = ds.NeighborGraph.from_neighbors(every.distances, every.indices)
        assert (graph.n_samples, graph.n_near_copies) == (n_left, 100)
        assert "near_copies" in codes(ds.TwoNN().estimate(graph))


class TestSilence:
    @pytest.mark.parametrize("n", [60, 500])
    def test_no_random_sample_is_said_to_have_some(self, n):
        for name in sorted({*MANIFOLDS, *HELD_OUT} - {"lattice"}):
            made, parameters = HELD_OUT.get(name, (name, {}))
            points = make_manifold(made, **parameters).sample(n, rng=3)
            assert ds.NeighborGraph.from_points(points, 2).n_near_copies == 0, name

    def test_a_path_in_small_steps_is_none(self):
        steps = np.random.default_rng(0).normal(size=(10, 3))
        paths = np.repeat(10 * steps, 100, axis=0) + 0.01 * np.tile(np.arange(100), 10)[:, None]
        assert ds.NeighborGraph.from_points(paths, 2).n_near_copies == 0

    def test_tight_clusters_are_none(self):
        rng = np.random.default_rng(0)
        x = np.repeat(rng.normal(size=(20, 5)), 50, axis=0) + 1e-4 * rng.normal(size=(1000, 5))
        assert ds.NeighborGraph.from_points(x, 2).n_near_copies == 0

    def test_too_few_to_tell(self):
        graph = ds.NeighborGraph.from_points(repeated(waves(10), 5, 1e-6), 2)
        assert graph.n_near_copies is None
