"""What a neighbour graph is: metrics, subsets and the errors of its input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from jaxtyping import Float64, Int64

from dimscope import InputError, NeighborGraph
from dimscope.neighbors.search.exact import search


def cloud(n=200, d=6, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def assert_same(graph, other):
    np.testing.assert_array_equal(graph.indices, other.indices)
    np.testing.assert_allclose(graph.distances, other.distances, rtol=1e-12)


def test_shapes_and_types():
    graph = NeighborGraph.from_points(cloud(50, 3).astype(np.float32), 4)
    assert isinstance(graph.distances, Float64[np.ndarray, "50 4"])
    assert isinstance(graph.indices, Int64[np.ndarray, "50 4"])
    assert isinstance(graph.original_rows, Int64[np.ndarray, "50"])
    assert (graph.n_samples, graph.n_neighbors, graph.n_features) == (50, 4, 3)


class TestCosine:
    x = cloud(150, 7, seed=1) + 0.5

    def test_is_euclidean_between_unit_vectors(self):
        unit = self.x / np.linalg.norm(self.x, axis=1, keepdims=True)
        graph = NeighborGraph.from_points(self.x, 6, "cosine")
        np.testing.assert_array_equal(graph.indices, NeighborGraph.from_points(unit, 6).indices)
        cosine = np.einsum("id,ikd->ik", unit, unit[graph.indices])
        np.testing.assert_allclose(graph.distances, np.sqrt(2 - 2 * cosine), rtol=1e-10)

    def test_does_not_see_the_length_of_rows(self):
        lengths = np.random.default_rng(2).uniform(1e-6, 1e6, size=(150, 1))
        assert_same(
            NeighborGraph.from_points(self.x * lengths, 6, "cosine"),
            NeighborGraph.from_points(self.x, 6, "cosine"),
        )

    @pytest.mark.parametrize("exponent", [-600, 600])
    def test_works_at_any_scale(self, exponent):
        assert_same(
            NeighborGraph.from_points(np.ldexp(self.x, exponent), 6, "cosine"),
            NeighborGraph.from_points(self.x, 6, "cosine"),
        )

    def test_parallel_rows_are_duplicates_to_the_bit(self):
        x = np.random.default_rng(3).integers(1, 1000, size=(90, 40)).astype(np.float32)
        graph = NeighborGraph.from_points(
            np.concatenate([x, 3 * x[:30], 0.25 * x[:20]]), 6, "cosine"
        )
        assert (graph.n_samples, graph.n_duplicates) == (90, 50)
        opposite = NeighborGraph.from_points(np.concatenate([x, -x]), 6, "cosine")
        assert (opposite.n_samples, opposite.n_duplicates) == (180, 0)

    def test_lengths_need_not_be_comparable(self):
        lengths = np.ldexp(1.0, np.random.default_rng(4).integers(-350, 350, size=(150, 1)))
        assert_same(
            NeighborGraph.from_points(self.x * lengths, 6, "cosine"),
            NeighborGraph.from_points(self.x, 6, "cosine"),
        )

    def test_a_zero_row_has_no_direction(self):
        x = self.x.copy()
        x[[3, 77]] = 0
        with pytest.raises(InputError, match="rows 3, 77 are zero"):
            NeighborGraph.from_points(x, 6, "cosine")

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_bad_values_are_named(self, bad):
        x = self.x.copy()
        x[4, 2] = bad
        with pytest.raises(InputError, match="1 of 150 rows hold NaN or infinite"):
            NeighborGraph.from_points(x, 6, "cosine")


class TestSubset:
    @given(
        seed=st.integers(0, 10_000),
        known=st.integers(1, 30),
        wanted=st.integers(1, 15),
        metric=st.sampled_from(["euclidean", "cosine"]),
    )
    def test_equals_a_search_among_these_points(self, seed, known, wanted, metric):
        rng = np.random.default_rng(seed)
        x = np.concatenate([cloud(90, 4, seed=seed), np.ones((10, 4))])
        graph = NeighborGraph.from_points(x, known, metric)
        positions = rng.choice(graph.n_samples, size=rng.integers(16, 80), replace=False)
        subset = graph.subset(positions, wanted)
        rows = graph.original_rows[np.sort(positions)]
        np.testing.assert_array_equal(subset.original_rows, rows)
        assert_same(subset, NeighborGraph.from_points(x[rows], wanted, metric))
        assert (subset.n_features, subset.metric, subset.n_duplicates) == (4, metric, 0)

    def test_reuses_what_is_known_and_searches_the_rest(self, monkeypatch):
        searched = []

        def spy(points, queries, pool, n_neighbors, resources):
            searched.extend(queries)
            assert resources.n_jobs == 2
            return search(points, queries, pool, n_neighbors, resources)

        graph = NeighborGraph.from_points(cloud(), 8, n_jobs=2)
        monkeypatch.setattr("dimscope.neighbors.local_engine.search", spy)
        half = np.arange(0, 200, 2)
        graph.subset(half, 4)
        too_few = [i for i in half if (graph.indices[i] % 2 == 0).sum() < 4]
        assert searched == too_few
        assert 0 < len(too_few) < 100

    def test_of_a_subset(self):
        x = cloud()
        nested = NeighborGraph.from_points(x, 20).subset(np.arange(100), 10)
        assert_same(nested.subset(np.arange(30, 60), 5), NeighborGraph.from_points(x[30:60], 5))

    def test_too_small(self):
        with pytest.raises(InputError, match="5 neighbours need at least 6 distinct points, got 5"):
            NeighborGraph.from_points(cloud(), 8).subset(np.arange(5), 5)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (cloud(), {"metric": "manhattan"}, "metric='manhattan' is not known: choose one of eucl"),
        (cloud(), {"duplicates": "merge"}, "duplicates='merge' is not known: choose one of first"),
        (cloud(), {"n_neighbors": 0}, "n_neighbors=0 must be at least 1"),
        (cloud(20), {"n_neighbors": 20}, "20 neighbours need at least 21 distinct points, got 20"),
        (np.repeat(cloud(10), 3, axis=0), {"n_neighbors": 10}, "30 rows, of which 10 remain"),
        (np.full((9, 3), 0.1), {"n_neighbors": 2}, "all 9 rows are equal"),
        (np.full((9, 3), 0.1), {"n_neighbors": 2, "duplicates": "keep"}, "all 9 rows are equal"),
        (np.full((9, 3), 0.1), {"n_neighbors": 2, "duplicates": "drop"}, "all 9 rows are equal"),
        ([[1.0], [2.0], [2.0]], {"n_neighbors": 1, "duplicates": "drop"}, "of which 1 remain"),
        ([[1.0, 2.0]], {"n_neighbors": 1}, "need at least 2 distinct points, got 1"),
    ],
)
def test_bad_input_is_named_in_one_line(x, options, message):
    with pytest.raises(InputError, match=message) as caught:
        NeighborGraph.from_points(x, **options)
    assert "\n" not in str(caught.value)


class TestCorrelation:
    x = cloud(150, 20) + 5

    def test_is_the_cosine_of_centred_rows(self):
        centred = self.x - self.x.mean(axis=1, keepdims=True)
        graph = NeighborGraph.from_points(self.x, 4, "correlation")
        assert_same(graph, NeighborGraph.from_points(centred, 4, "cosine"))
        nearest = 1 - np.corrcoef(self.x)[np.arange(150), graph.indices[:, 0]]
        np.testing.assert_allclose(graph.distances[:, 0], np.sqrt(2 * nearest), rtol=1e-9)

    def test_does_not_see_offset_and_scale_of_a_row(self):
        rng = np.random.default_rng(1)
        changed = self.x * rng.uniform(0.5, 2, size=(150, 1)) + rng.normal(size=(150, 1))
        graph, other = (NeighborGraph.from_points(x, 4, "correlation") for x in (self.x, changed))
        np.testing.assert_array_equal(graph.indices, other.indices)
        np.testing.assert_allclose(graph.distances, other.distances, rtol=1e-9)

    def test_a_constant_row_has_no_direction(self):
        x = self.x.copy()
        x[3] = 0.1
        with pytest.raises(InputError, match=r"correlation metric .* row 3 are constant"):
            NeighborGraph.from_points(x, 4, "correlation")
