"""Numbers that are no distances are told from distances by the triangle inequality."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import cdist, pdist, squareform
from sklearn.neighbors import kneighbors_graph

import dimscope as ds
from dimscope import InputError, NeighborGraph
from dimscope.neighbors.triangles import Triangles

METHODS = ["two_nn", "gride", "levina_bickel", "mst_dimension", "correlation_integral"]


def cloud(n=300, d=3):
    return np.sin(np.random.default_rng(0).normal(size=(n, d)) @ np.ones((d, 20)).cumsum(axis=1))


def curved(n=300):
    rng = np.random.default_rng(0)
    return np.sin(rng.normal(size=(n, 3)) @ rng.normal(size=(3, 20)))


def codes(graph):
    return [note.code for note in graph.notes]


@given(st.integers(0, 2**32 - 1))
def test_squared_sides_break_it_where_an_angle_is_obtuse(seed):
    """By the law of cosines, a^2 > b^2 + c^2 is an obtuse angle opposite to a."""
    a, b, c = np.random.default_rng(seed).normal(size=(3, 3))
    sides = sorted([b - c, a - c, a - b], key=np.linalg.norm)
    squares = [np.array([v @ v]) for v in sides]
    tested = Triangles.of(*squares, slack=1e-9, rounding=0.0)
    cosine = -(squares[2] - squares[0] - squares[1])[0]
    assert tested == Triangles(1, int(cosine < 0), 0)


@pytest.mark.parametrize("metric", ["sqeuclidean", "correlation", "cosine"])
def test_squares_are_told_with_every_estimate_and_their_roots_taken(metric):
    x = curved()
    squares = squareform(pdist(x, metric))
    graph = NeighborGraph.from_distances(squares, 100)
    for found in ds.estimate(graph, METHODS).values():
        assert [note.code for note in found.notes].count("not_a_metric") == 1, found.method
    assert "squared=True" in graph.notes[0]
    assert "not_a_metric" in [note.code for note in ds.scale_curve(graph).notes]
    rooted = NeighborGraph.from_distances(squares, 100, squared=True)
    assert rooted.notes == ()
    right = {"sqeuclidean": "euclidean"}.get(metric, metric)
    want = ds.estimate(x, metric=right).value
    assert ds.estimate(rooted).value == pytest.approx(want, rel=1e-9)
    assert ds.estimate(graph).value == pytest.approx(want / 2, rel=1e-9)


def test_squares_in_lists_are_told_and_their_roots_taken():
    x = curved()
    near = NeighborGraph.from_points(x, 20)
    squares = near.distances**2
    assert codes(NeighborGraph.from_neighbors(squares, near.indices)) == ["not_a_metric"]
    rooted = NeighborGraph.from_neighbors(squares, near.indices, squared=True)
    np.testing.assert_allclose(rooted.distances, near.distances)
    assert codes(rooted) == codes(NeighborGraph.from_neighbors(near.distances, near.indices)) == []
    sparse = kneighbors_graph(x, 20, mode="distance")
    assert codes(NeighborGraph.from_sparse(sparse)) == []
    assert codes(NeighborGraph.from_sparse(sparse.power(2))) == ["not_a_metric"]
    assert codes(NeighborGraph.from_sparse(sparse.power(2), squared=True)) == []


def test_what_is_no_square_either_is_told_without_the_hint():
    cubes = squareform(pdist(curved(), "sqeuclidean")) ** 4
    (note,) = NeighborGraph.from_distances(cubes, 5).notes
    assert note.code == "not_a_metric"
    assert "squared" not in note


def f32(x):
    t = torch.tensor(x, dtype=torch.float32)
    return torch.cdist(t, t).numpy()


def geodesic(x):
    return shortest_path(kneighbors_graph(x, 12, mode="distance"), directed=False)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: cdist(x, x),
        lambda x: cdist(x, x, "cityblock"),
        lambda x: cdist(x, x, "chebyshev"),
        lambda x: cdist(x > 0, x > 0, "jaccard") + cdist(x, x),
        lambda x: cdist(x, x).astype(np.float32),
        lambda x: cdist(x, x).astype(np.float16),
        f32,
        lambda x: f32(x).astype(np.float64),
        geodesic,
        lambda x: np.abs(x[:, :1] - x[:, 0]),
    ],
)
def test_distances_are_never_told(make):
    for name in ("M1_Sphere", "M7_Roll", "gaussian", "student_t", "koch", "M9_Affine"):
        x = ds.make_manifold(name).sample(200, rng=1)
        assert codes(NeighborGraph.from_distances(make(x - x.mean(axis=0)), 5)) == []


def test_what_rounding_leaves_is_no_error():
    """torch.cdist in float32 leaves up to 1e-3 on the diagonal and differs with its transpose."""
    x = np.random.default_rng(0).normal(size=(200, 5)) + 3.0
    d = f32(x)
    assert np.abs(np.diag(d)).max() > 1e-4
    graph = NeighborGraph.from_distances(d, 8)
    exact = NeighborGraph.from_points(x, 8)
    np.testing.assert_allclose(graph.distances, exact.distances, atol=1e-4)
    assert graph.rounding == np.abs(np.diag(d)).max()
    squares = f32(x).astype(np.float64) ** 2 - 1e-6
    assert NeighborGraph.from_distances(squares, 8, squared=True).n_samples == 200


def test_both_halves_count_alike_where_they_differ_by_rounding():
    d = squareform(pdist(curved(50)))
    off = np.triu(np.full_like(d, 1e-7), 1)
    upper, lower = (NeighborGraph.from_distances(d + by, 5) for by in (off, off.T))
    np.testing.assert_array_equal(upper.distances, lower.distances)
    np.testing.assert_allclose(
        upper.distances, NeighborGraph.from_distances(d, 5).distances + 0.5e-7, rtol=0, atol=1e-15
    )


def test_a_diagonal_that_shows_rounding_as_large_as_the_nearest_distances_is_said():
    d = np.abs(np.subtract.outer(*[np.random.default_rng(0).random(600)] * 2))
    np.fill_diagonal(d, 5e-4)
    assert "rounding" in [n.code for n in ds.estimate(NeighborGraph.from_distances(d, 5)).notes]


@pytest.mark.parametrize(
    "matrix",
    [np.eye(5), np.ones((5, 5)), np.corrcoef(curved(30)), 1 - squareform(pdist(curved(30)))],
)
def test_similarities_are_refused(matrix):
    with pytest.raises(InputError):
        NeighborGraph.from_distances(matrix, 2)


def test_huge_and_tiny_distances_are_read():
    d = squareform(pdist(curved(40)))
    want = ds.estimate(NeighborGraph.from_distances(d, 5)).value
    for factor in (1e300, 1e-300):
        found = ds.estimate(NeighborGraph.from_distances(d * factor, 5))
        assert found.value == pytest.approx(want, rel=1e-6)
