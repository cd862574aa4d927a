"""The fast searches, tiles and tree, against direct differences of every pair in float64."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from naive_graphs import naive_neighbors
from search_clouds import CLOUDS, N, far_classes, few_levels, gaussian, tiny_ball

from dimscope import NeighborGraph
from dimscope.neighbors.search import exact as _search
from dimscope.neighbors.search.blocks import Matrix
from dimscope.neighbors.search.certified import Tiling, search_certified, search_tiles
from dimscope.neighbors.search.exact import search
from dimscope.points import as_points

K = 10


@pytest.mark.parametrize("cloud", CLOUDS)
def test_neighbors_and_distances_are_those_of_direct_differences(cloud):
    x = np.unique(cloud(np.random.default_rng(0)), axis=0)
    distances, indices = naive_neighbors(x, K)
    graph = NeighborGraph.from_points(x, K, near_copies="keep")
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)
    np.testing.assert_array_equal(graph.indices, indices)


def test_twins_some_ulps_apart():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N // 2, 20)).astype(np.float32)
    twins = x + rng.integers(1, 5, size=x.shape) * np.spacing(x)
    graph = NeighborGraph.from_points(np.concatenate([x, twins]), K, duplicates="keep")
    np.testing.assert_array_equal(graph.indices[:, 0], (np.arange(N) + N // 2) % N)
    distances, _ = naive_neighbors(np.concatenate([x, twins]), K)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)


def test_copies_beyond_the_candidates_are_kept_at_distance_zero():
    x = np.random.default_rng(2).normal(size=(N, 10))
    x[::4] = x[0]
    graph = NeighborGraph.from_points(x, K, duplicates="keep")
    distances, indices = naive_neighbors(x, K)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)


@pytest.mark.parametrize("cloud", [gaussian, tiny_ball, far_classes, few_levels])
def test_threads_and_tiles_do_not_change_a_bit(cloud):
    x = cloud(np.random.default_rng(3))
    one, three = (NeighborGraph.from_points(x, K, n_jobs=jobs) for jobs in (1, 3))
    np.testing.assert_array_equal(one.distances, three.distances)
    np.testing.assert_array_equal(one.indices, three.indices)
    matrix, rows = Matrix.of(as_points(x)), np.arange(N)
    found = [
        search_certified(matrix, rows, rows, K, Tiling(dtype=dtype, size=size, n_jobs=2))
        for dtype, size in [(np.float32, 1024), (np.float32, 130), (np.float64, 333)]
    ]
    certain = np.all([each.certified for each in found], axis=0)
    for other in found[1:]:
        np.testing.assert_array_equal(other.squared[certain], found[0].squared[certain])
        np.testing.assert_array_equal(other.points[certain], found[0].points[certain])


def test_a_row_is_certified_only_if_it_is_right():
    x = tiny_ball(np.random.default_rng(5)).astype(np.float32)
    rows = np.arange(N)
    found = search_tiles(Matrix.of(as_points(x)), rows, rows, K, Tiling())
    _, indices = naive_neighbors(x, K)
    assert 0 < found.certified.sum() < N
    np.testing.assert_array_equal(found.points[found.certified], indices[found.certified])


def test_a_few_uncertain_points_are_measured_against_all():
    x = np.unique(tiny_ball(np.random.default_rng(17)).astype(np.float32), axis=0)
    matrix, pool = Matrix.of(as_points(x)), np.arange(len(x))
    queries = np.argsort(np.linalg.norm(x, axis=1))[[0, 1, 2, -5, -4, -3, -2, -1]]
    n_failed = int((~search_tiles(matrix, queries, pool, K, Tiling()).certified).sum())
    assert n_failed > 0
    found = search_certified(matrix, queries, pool, K, Tiling())
    distances, indices = naive_neighbors(x, K)
    assert found.certified.all()
    assert (found.n_again, found.n_evaluated) == (n_failed, (8 + n_failed) * len(x))
    np.testing.assert_array_equal(found.points, indices[queries])
    np.testing.assert_allclose(np.sqrt(found.squared), distances[queries], rtol=1e-12)


@pytest.mark.parametrize("n_features", [3, 20])
def test_some_points_among_some_others(n_features):
    x = np.random.default_rng(6).normal(size=(6000, n_features))
    pool = np.arange(0, 6000, 2)
    queries = pool[::3]
    found = search(as_points(x), queries, pool, K)
    _, indices = naive_neighbors(x[pool], K)
    np.testing.assert_array_equal(found.indices, pool[indices[::3]])


def test_many_neighbors():
    x = np.random.default_rng(7).normal(size=(N, 40)).astype(np.float32)
    distances, indices = naive_neighbors(x, 100)
    graph = NeighborGraph.from_points(x, 100)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)


@pytest.mark.parametrize("exponent", [-700, -100, 100, 700])
def test_scale_does_not_matter(exponent):
    x = np.random.default_rng(8).normal(size=(N, 10))
    graph = NeighborGraph.from_points(np.ldexp(x, exponent), K)
    distances, indices = naive_neighbors(x, K)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, np.ldexp(distances, exponent), rtol=1e-12)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_equals_the_search_by_intervals(metric, monkeypatch):
    x = np.random.default_rng(9).normal(size=(N, 30)) + 1
    fast = NeighborGraph.from_points(x, K, metric)
    monkeypatch.setattr(_search, "_TILE_PAIRS", N**3)
    slow = NeighborGraph.from_points(x, K, metric)
    np.testing.assert_array_equal(fast.indices, slow.indices)
    np.testing.assert_allclose(fast.distances, slow.distances, rtol=1e-12)


def test_a_small_search_does_not_load_the_compiler():
    code = (
        "import sys, numpy, dimscope;"
        "dimscope.estimate(numpy.random.default_rng(0).random((200, 3)));"
        "assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_folder_for_compiled_code():
    code = (
        "from numba.core.caching import CompileResultCacheImpl as Kept;"
        "Kept._locator_classes = [];"
        "import numpy as np; from dimscope.neighbors.search.kernels import sort_rows;"
        "x, y = np.array([[2.0, 1.0]]), np.array([[0, 1]]);"
        "sort_rows(x, y); assert x.tolist() == [[1.0, 2.0]] and y.tolist() == [[1, 0]]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
