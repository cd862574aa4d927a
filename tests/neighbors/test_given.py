"""Graphs from distances and neighbours that were computed elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import torch
from scipy.spatial.distance import cdist, pdist
from sklearn.neighbors import NearestNeighbors, kneighbors_graph, radius_neighbors_graph

import dimscope as ds
from dimscope import InputError, NeighborGraph

K = 8


def cloud(n=200, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 5))


def with_copies():
    x = cloud()
    return np.concatenate([x, x[:30], x[:10]])[np.random.default_rng(1).permutation(240)]


def assert_same(graph, other):
    np.testing.assert_array_equal(graph.indices, other.indices)
    np.testing.assert_allclose(graph.distances, other.distances, rtol=1e-9)
    np.testing.assert_array_equal(graph.original_rows, other.original_rows)
    assert graph.n_duplicates == other.n_duplicates


def distances_of(x):
    return cdist(x, x)


def lists_of(x, k):
    return NearestNeighbors(n_neighbors=k).fit(x).kneighbors()


@pytest.mark.parametrize("duplicates", ["first", "drop", "keep"])
@pytest.mark.parametrize("make", [cloud, with_copies])
def test_distances_give_the_graph_of_the_points(make, duplicates):
    x = make()
    graph = NeighborGraph.from_distances(distances_of(x), K, duplicates=duplicates)
    assert_same(graph, NeighborGraph.from_points(x, K, duplicates=duplicates))
    assert (graph.metric, graph.n_features, graph.points) == ("precomputed", None, None)
    assert graph.diagnostics.method == "given"


@pytest.mark.parametrize("convert", [torch.tensor, np.ndarray.tolist, np.asfortranarray])
def test_distances_of_any_kind(convert):
    d = distances_of(cloud())
    graph = NeighborGraph.from_distances(convert(d), K)
    assert_same(graph, NeighborGraph.from_distances(d, K))


def test_distances_in_blocks(monkeypatch):
    d = distances_of(cloud())
    whole = NeighborGraph.from_distances(d, K)
    for module in ("sources", "given"):
        monkeypatch.setattr(f"dimscope.neighbors.{module}._BLOCK_BYTES", 8 * 200 * 7)
    assert_same(NeighborGraph.from_distances(d, K), whole)
    np.testing.assert_array_equal(whole.distances_at([1, 150]), np.sort(d, axis=1)[:, [1, 150]])


@pytest.mark.parametrize("duplicates", ["first", "drop", "keep"])
def test_lists_give_the_graph_of_the_points(duplicates):
    x = with_copies()
    graph = NeighborGraph.from_neighbors(*lists_of(x, 40), duplicates=duplicates)
    want = NeighborGraph.from_points(x, graph.n_neighbors, duplicates=duplicates)
    np.testing.assert_allclose(graph.distances, want.distances, rtol=1e-7, atol=1e-7)
    np.testing.assert_array_equal(graph.original_rows, want.original_rows)
    assert graph.n_duplicates == want.n_duplicates
    assert graph.n_neighbors >= 15


def test_lists_may_hold_the_point_itself_and_be_in_any_order():
    x = cloud()
    distances, indices = NearestNeighbors(n_neighbors=K + 1).fit(x).kneighbors(x)
    graph = NeighborGraph.from_neighbors(distances[:, ::-1], torch.tensor(indices[:, ::-1].copy()))
    assert_same(graph, NeighborGraph.from_points(x, K))


def test_a_chain_of_copies_is_one_point():
    x = np.concatenate([np.zeros((6, 2)), cloud(30)[:, :2]])  # more copies than a list holds
    graph = NeighborGraph.from_neighbors(*lists_of(x, 7))
    assert graph.n_duplicates == 5
    with pytest.raises(InputError, match="nothing but copies: give longer lists"):
        NeighborGraph.from_neighbors(*lists_of(x, 3))


@pytest.mark.parametrize("to", ["csr", "coo", "csc", "lil"])
def test_sparse_graphs(to):
    x = cloud()
    sparse = kneighbors_graph(x, K, mode="distance").asformat(to)
    assert_same(NeighborGraph.from_sparse(sparse), NeighborGraph.from_points(x, K))
    assert NeighborGraph.from_sparse(sparse, 3).n_neighbors == 3


def test_a_sparse_graph_with_lists_of_different_lengths():
    x = cloud()
    sparse = radius_neighbors_graph(x, 4.5, mode="distance")
    least = np.diff(sparse.indptr).min()
    graph = NeighborGraph.from_sparse(sparse)
    assert graph.n_neighbors == least > 0
    assert_same(graph, NeighborGraph.from_points(x, int(least)))
    with pytest.raises(InputError, match=rf"hold fewer than {least + 1} neighbours"):
        NeighborGraph.from_sparse(sparse, int(least) + 1)


@pytest.mark.statistical
def test_a_flat_torus_has_the_dimension_of_its_box():
    box = np.random.default_rng(0).random((1000, 2))
    apart = np.abs(box[:, None] - box)
    d = np.linalg.norm(np.minimum(apart, 1 - apart), axis=2)
    graph = NeighborGraph.from_distances(d, 20)
    for found in ds.estimate(graph, ["two_nn", "gride", "levina_bickel"]).values():
        assert abs(found.value - 2) < 3 * found.stderr


def test_linear_methods_need_the_points():
    x = cloud()
    graph = NeighborGraph.from_points(x, K)
    of_points, of_graph = (ds.estimate(data, ["two_nn", "pca_dimension"]) for data in (x, graph))
    assert {name: e.value for name, e in of_points.items()} == pytest.approx(
        {name: e.value for name, e in of_graph.items()}
    )
    given = NeighborGraph.from_distances(distances_of(x), K)
    with pytest.raises(InputError, match="linear methods need the points themselves"):
        ds.estimate(given, "pca_dimension")
    of_given = ds.estimate(given, ["two_nn", "pca_dimension"])
    assert of_given["two_nn"].value == pytest.approx(of_graph["two_nn"].value)
    assert "linear methods need the points themselves" in of_given["pca_dimension"].problem


def test_subsets_of_given_distances_and_lists():
    x = cloud()
    positions = np.arange(0, 200, 4)
    whole = NeighborGraph.from_points(x, K)
    given = NeighborGraph.from_distances(distances_of(x), K)
    assert_same(given.subset(positions, K), whole.subset(positions, K))
    lists = NeighborGraph.from_neighbors(*lists_of(x, 100))
    assert_same(lists.subset(positions, 4), whole.subset(positions, 4))
    short = NeighborGraph.from_neighbors(*lists_of(x, K))
    with pytest.raises(InputError, match=f"given lists of {K} do not hold"):
        short.subset(positions, K)
    with pytest.raises(InputError, match=f"given lists hold {K}"):
        short.distances_at([50])


def test_counts_of_given_lists_as_far_as_they_reach():
    graph = NeighborGraph.from_points(cloud(), 10)
    given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
    reach = 0.99 * graph.distances[:, -1].min()
    want = graph.counts_within([0.5 * reach, reach])
    np.testing.assert_array_equal(given.counts_within([0.5 * reach, reach]), want)
    with pytest.raises(InputError, match="all their 10 given neighbours within"):
        given.counts_within([5.0])


def broken(change):
    d = distances_of(cloud(20))
    change(d)
    return d


@pytest.mark.parametrize(
    ("distances", "message"),
    [
        (pdist(cloud(20)), "condensed distances become square with .*squareform"),
        (np.zeros((3, 4)), r"expected a square matrix of distances, got shape \(3, 4\)"),
        (broken(lambda d: d.__setitem__((2, 5), -1.0)), "row 2, column 5 is -1"),
        (broken(lambda d: d.__setitem__((2, 5), np.nan)), "row 2, column 5 is nan"),
        (broken(lambda d: d.__setitem__((2, 5), 9.0)), "differ by up to .* symmetric"),
        (broken(lambda d: d.__setitem__((2, 5), np.inf)), "differ by up to inf"),
        (broken(lambda d: d.__setitem__((7, 7), 0.5)), "point 7 is 0.5 away from itself"),
        (np.zeros((5, 5)), "all 5 rows are equal"),
    ],
)
def test_what_is_not_a_matrix_of_distances(distances, message):
    with pytest.raises(InputError, match=message):
        NeighborGraph.from_distances(distances, 2)


def test_unconnected_points_are_no_neighbours():
    d = distances_of(cloud(20))
    d[:5, 5:] = d[5:, :5] = np.inf
    assert NeighborGraph.from_distances(d, 4).indices[:5].max() == 4
    with pytest.raises(InputError, match="5 points, the first of them row 0, have fewer than 5"):
        NeighborGraph.from_distances(d, 5)


@pytest.mark.parametrize(
    ("distances", "indices", "message"),
    [
        ([[1.0], [1.0]], [[1, 0], [0, 1]], "must match"),
        ([[1.0], [1.0]], [[1.0], [0.0]], "whole numbers"),
        ([[1.0], [1.0]], [[1], [2]], "between 0 and 1"),
        ([[1.0], [1.0]], [[1], [-1]], "-1 stands for no neighbour"),
        ([[1.0], [-1.0]], [[1], [0]], "at least 0"),
        ([[1.0], [np.inf]], [[1], [0]], "infinite distance"),
        ([[1.0, 2], [1, 2], [1, 2]], [[1, 2], [2, 2], [0, 1]], "point 1 has the same .* twice"),
        ([[0.0, 2], [1, 2], [1, 2]], [[0, 2], [0, 2], [0, 1]], "1 of 3 points are in their own"),
    ],
)
def test_what_are_not_lists_of_neighbours(distances, indices, message):
    with pytest.raises(InputError, match=message):
        NeighborGraph.from_neighbors(distances, indices)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), "expected a SciPy sparse matrix, got ndarray"),
        (scipy.sparse.csr_matrix((3, 4)), "square"),
        (scipy.sparse.csr_matrix((3, 3)), r"3 rows \(rows 0, 1, 2\) hold fewer than 1"),
    ],
)
def test_what_is_not_a_sparse_graph(matrix, message):
    with pytest.raises(InputError, match=message):
        NeighborGraph.from_sparse(matrix)
