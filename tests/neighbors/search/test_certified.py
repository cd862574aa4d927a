"""The fast searches, tiles and tree, against direct differences of every pair in float64."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from clouds import (
    N,
    far_classes,
    few_levels,
    gaussian,
    huge_outlier,
    many_far_classes,
    many_scales,
    offset,
    tiny_ball,
    tiny_ball_elsewhere,
)

from dimscope import NeighborGraph
from dimscope.neighbors.search import (
    counts as _counts,
    exact as _search,
    projection as _projection,
    quantised as _quantised,
    sample as _sample,
    vnni as _vnni,
)
from dimscope.neighbors.search.blocks import Blocks, Matrix, side
from dimscope.neighbors.search.certified import Tiling, search_certified, search_tiles
from dimscope.neighbors.search.exact import search
from dimscope.neighbors.search.integers import Integers
from dimscope.neighbors.search.projection import PAYS, worthwhile_projection
from dimscope.neighbors.search.quantised import Quantised, worthwhile_integers
from dimscope.neighbors.search.sample import Sample
from dimscope.points import as_points

K = 10


@pytest.fixture(autouse=True)
def the_same_machine_everywhere(monkeypatch):
    """Which bounds are worth their cost depends on how fast a processor multiplies."""
    for module in (_sample, _projection):
        monkeypatch.setattr(module, "seconds_per_product", lambda: 1.5e-11)


def naive_neighbors(x, k):
    x = np.asarray(x, dtype=np.float64)
    difference = np.empty_like(x)
    squared = np.empty((len(x), len(x)))
    for i in range(len(x)):
        np.subtract(x, x[i], out=difference)
        np.einsum("ij,ij->i", difference, difference, out=squared[i])
    np.fill_diagonal(squared, np.inf)
    indices = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return np.sqrt(np.take_along_axis(squared, indices, axis=1)), indices


def relu_layer(rng):
    layer = rng.normal(size=(N, 8)) @ rng.normal(size=(8, 60))
    return np.maximum(layer, 0).astype(np.float32) + 0.01 * rng.random((N, 60), dtype=np.float32)


def near_duplicates(rng):
    x = rng.normal(size=(N // 2, 30))
    return np.concatenate([x, x * (1 + 1e-4 * rng.normal(size=x.shape))]).astype(np.float32)


def wide(rng):
    return rng.normal(size=(N, 2500)).astype(np.float32)  # more columns than one product takes


def low_dimensional(rng):
    return rng.normal(size=(N, 3))


def lattice(rng):
    return rng.permutation(
        np.stack(np.meshgrid(np.arange(40.0), np.arange(40.0)), -1).reshape(-1, 2)
    )


def uneven(rng):
    """Few features hold most of the variance, and most values of most rows are zero."""
    x = rng.normal(size=(N, 300)) * np.exp(2 * rng.normal(size=300))
    return np.maximum(x, 0).astype(np.float32)


CLOUDS = [
    gaussian,
    relu_layer,
    offset,
    near_duplicates,
    far_classes,
    many_far_classes,
    huge_outlier,
    tiny_ball,
    tiny_ball_elsewhere,
    many_scales,
    few_levels,
    wide,
    low_dimensional,
    lattice,
]

needs_instruction = pytest.mark.skipif(
    not _vnni.is_supported(), reason="this processor lacks AVX512-VNNI"
)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_neighbors_and_distances_are_those_of_direct_differences(cloud):
    x = np.unique(cloud(np.random.default_rng(0)), axis=0)
    distances, indices = naive_neighbors(x, K)
    graph = NeighborGraph.from_points(x, K)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)
    np.testing.assert_array_equal(graph.indices, indices)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_counts_are_those_of_direct_differences(cloud):
    x = np.unique(cloud(np.random.default_rng(0)), axis=0)
    distances, _ = naive_neighbors(x, len(x) - 1)
    radii = np.median(distances[:, [K // 2, 2 * K]], axis=0) * (1 + 1e-9)
    want = (distances[:, :, None] <= radii).sum(axis=1)
    for n_neighbors in (1, K):
        graph = NeighborGraph.from_points(x, n_neighbors)
        np.testing.assert_array_equal(graph.counts_within(radii.tolist()), want)


class TestCounts:
    QUERIES, POOL = np.arange(0, N, 3), np.arange(N - 1, -1, -2)  # some are in both

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("size", [37, None])
    def test_of_some_points_among_others(self, dtype, size):
        x = gaussian(np.random.default_rng(0)).astype(dtype)
        squared = np.sort(((x[self.QUERIES, None].astype(float) - x[self.POOL]) ** 2).sum(axis=2))
        radii = np.median(squared[:, [2, 8]], axis=0)
        itself = np.isin(self.QUERIES, self.POOL)
        found = _counts.counts_within(
            Matrix.of(as_points(x)), self.QUERIES, self.POOL, radii, Tiling(dtype=dtype, size=size)
        )
        want = (squared[:, :, None] <= radii).sum(axis=1) - itself[:, None]
        np.testing.assert_array_equal(found, want)

    @pytest.mark.parametrize("radius", [1e3, 1e30, 1e150])
    def test_too_many_pairs_are_left_to_products_in_float64(self, radius):
        x = gaussian(np.random.default_rng(0))
        every = np.arange(N)
        matrix = Matrix.of(as_points(x))
        assert _counts.counts_within(matrix, every, every, np.array([radius**2]), Tiling()) is None
        counts = NeighborGraph.from_points(x, 1).counts_within([radius])
        assert (counts == N - 1).all()


def test_twins_some_ulps_apart():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N // 2, 20)).astype(np.float32)
    twins = x + rng.integers(1, 5, size=x.shape) * np.spacing(x)
    graph = NeighborGraph.from_points(np.concatenate([x, twins]), K)
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


@pytest.mark.parametrize(
    ("dtype", "ratio"),
    [
        (np.float32, None),
        (np.float64, None),
        pytest.param(np.float32, 0.01, marks=needs_instruction),
    ],
)
@pytest.mark.parametrize("cloud", [*CLOUDS, uneven])
def test_bounds_never_exceed_the_distance(cloud, dtype, ratio):
    x = cloud(np.random.default_rng(4))[::8]
    matrix = Matrix.of(as_points(x))
    rows = np.arange(len(x))
    blocks = Blocks.of(matrix, rows, 64)

    class Inline:
        map = staticmethod(map)

    both = side(blocks, blocks.centres, dtype, Inline, ratio)
    for i in range(len(blocks)):
        for j in range(len(blocks)):
            left, right = blocks.block(i), blocks.block(j)
            shape = left.stop - left.start, right.stop - right.start
            product = both.rows[i].products(both.rows[j], np.empty((2, *shape), dtype=dtype))
            offsets = both.offsets[j, left][:, None] + both.offsets[i, right]
            bound = 2 * (offsets - product).astype(np.float64)
            y, z = (
                x[blocks.points[part]].astype(np.float64) * matrix.scale for part in (left, right)
            )
            assert (bound <= ((y[:, None] - z) ** 2).sum(axis=2)).all()


@needs_instruction
@pytest.mark.parametrize("n_features", [1, 4, 30, 2047, 2049, 5000])
def test_products_of_integers_are_exact_and_their_rest_is_known(n_features):
    rng = np.random.default_rng(13)
    x, y = (
        (rng.normal(size=(n, n_features)) * 10.0 ** rng.integers(-8, 8, n)[:, None]).astype("f4")
        for n in (50, 97)
    )
    x[0], x[1], y[:3] = 0, 1, -1  # the last: all integers the largest, of one sign
    kept = []
    for rows in (x, y):
        integers, rest = Integers.of(rows)
        plain = np.ascontiguousarray(integers.panels.transpose(0, 2, 1)).view(np.int8)
        values = plain.reshape(-1, plain.shape[2]) * integers.scales[:, None].astype(float)
        values = values[: len(rows), :n_features]
        assert (np.linalg.norm(rows - values, axis=1) <= rest).all()
        kept.append((integers, values))
    (left, s), (right, t) = kept
    out = left.products(right, np.full((2, 50, 97), np.nan, dtype=np.float32))
    lengths = np.linalg.norm(s, axis=1)[:, None] * np.linalg.norm(t, axis=1)
    assert (np.abs(out - s @ t.T) <= 1e-6 * lengths).all()


@needs_instruction
@pytest.mark.parametrize("cloud", [*CLOUDS, uneven])
def test_integers_find_the_same_to_the_bit(cloud):
    x = np.unique(cloud(np.random.default_rng(0)), axis=0)
    matrix, rows = Matrix.of(as_points(x)), np.arange(len(x))
    plain = search_certified(matrix, rows, rows, K, Tiling(prunes=False))
    by_integers = Tiling(integers=Quantised(ratio=0.01, n_candidates=60, cost=0.5), size=130)
    for jobs in (1, 3):
        found = search_tiles(matrix, rows, rows, K, replace(by_integers, n_jobs=jobs))
        both = found.certified & plain.certified
        np.testing.assert_array_equal(found.points[both], plain.points[both])
        np.testing.assert_array_equal(found.squared[both], plain.squared[both])


@needs_instruction
def test_integers_are_chosen_where_a_sample_says_that_they_pay(monkeypatch):
    monkeypatch.setattr(_quantised, "_LEAST_PRODUCTS", 0)
    rng = np.random.default_rng(14)
    x = (rng.normal(size=(4000, 200)) @ rng.normal(size=(200, 1500))).astype(np.float32)
    matrix, rows = Matrix.of(as_points(x)), np.arange(4000)
    chosen = worthwhile_integers(Sample.of(matrix, rows), K)
    assert chosen is not None
    found = search_tiles(matrix, rows, rows, K, Tiling(integers=chosen))
    assert found.certified.mean() > 0.95
    plain = search_certified(matrix, rows, rows, K, Tiling(prunes=False))
    again = search_certified(matrix, rows, rows, K, Tiling(n_jobs=2))
    np.testing.assert_array_equal(again.points, plain.points)
    np.testing.assert_array_equal(again.squared, plain.squared)
    monkeypatch.setattr(_vnni, "is_supported", lambda: False)
    assert worthwhile_integers(Sample.of(matrix, rows), K) is None


@pytest.mark.parametrize("cloud", [many_far_classes, far_classes, huge_outlier])
def test_no_integers_where_neighbors_are_too_near(cloud, monkeypatch):
    monkeypatch.setattr(_quantised, "_LEAST_PRODUCTS", 0)
    matrix = Matrix.of(as_points(cloud(np.random.default_rng(15))))
    assert worthwhile_integers(Sample.of(matrix, np.arange(N)), K) is None


def test_no_integers_for_a_small_search():
    matrix = Matrix.of(as_points(np.random.default_rng(16).normal(size=(N, 100))))
    assert worthwhile_integers(Sample.of(matrix, np.arange(N)), K) is None


@pytest.mark.parametrize("offset", [0, 100])
def test_a_projection_finds_the_same_where_variance_lies_in_few_directions(offset):
    x = np.random.default_rng(10).normal(size=(N, 2000)) / np.arange(1, 2001) ** 1.5 + offset
    matrix, rows = Matrix.of(as_points(x)), np.arange(N)
    with ThreadPoolExecutor(1) as executor:
        assert worthwhile_projection(Sample.of(matrix, rows), K, PAYS, executor) is not None
    distances, indices = naive_neighbors(x, K)
    graph = NeighborGraph.from_points(x, K)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)


def test_a_projection_never_lengthens_a_distance():
    x = np.random.default_rng(11).normal(size=(N, 2000)) / np.arange(1, 2001) ** 1.5 + 100
    matrix, rows = Matrix.of(as_points(x)), np.arange(N)
    with ThreadPoolExecutor(1) as executor:
        projection = worthwhile_projection(Sample.of(matrix, rows), K, PAYS, executor)
    y, error = projection.matrix.values, projection.error
    for i in range(0, N, 50):
        bound = np.linalg.norm(y - y[i], axis=1) - error - error[i]
        assert (bound <= np.linalg.norm(x - x[i], axis=1) * (1 + 1e-12)).all()


def test_no_projection_where_all_directions_are_alike():
    matrix = Matrix.of(as_points(np.random.default_rng(12).normal(size=(N, 300))))
    with ThreadPoolExecutor(1) as executor:
        assert worthwhile_projection(Sample.of(matrix, np.arange(N)), K, PAYS, executor) is None


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
