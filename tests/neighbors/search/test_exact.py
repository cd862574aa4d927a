"""The search against direct differences of every pair, in float64, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import zarr
from hypothesis import assume, given, strategies as st
from hypothesis.extra.numpy import arrays
from naive_graphs import naive_neighbors
from sklearn.neighbors import NearestNeighbors

from dimscope import InputError, NeighborGraph
from dimscope.neighbors.search import intervals as _intervals

K = 10


def assert_exact(graph, x, k=K):
    distances, indices = naive_neighbors(x, k)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)


def gaussian(rng):
    return rng.normal(size=(500, 20))


def offset_float32(rng):
    return (rng.normal(size=(500, 20)) + 1e4).astype(np.float32)


def two_tight_classes(rng):
    centre = 3.0 * (np.arange(400) % 2)[:, None]
    return (centre + 0.01 * rng.normal(size=(400, 768))).astype(np.float32)


def one_huge_outlier(rng):
    x = rng.normal(size=(500, 20))
    x[7] = 1e9
    return x


def dense_tiny_ball(rng):
    x = rng.normal(size=(1000, 10))
    x[:300] *= 1e-7
    return x


def twins_some_ulps_apart(rng):
    x = rng.normal(size=(250, 20))
    ulps = rng.integers(1, 5, size=x.shape) * np.spacing(x)
    return np.concatenate([x, x + ulps])


def distances_some_ulps_apart(rng):
    return np.concatenate([[0.0], 1 + 4 * np.spacing(1.0) * rng.permutation(200)])[:, None]


def wide(rng):
    return rng.normal(size=(300, 5000)) + 10


def pixels(rng):
    return rng.integers(0, 256, size=(300, 100), dtype=np.uint8)


def far_integers(rng):
    return rng.integers(0, 1000, size=(300, 5)) + 2**45


def half(rng):
    return rng.normal(size=(300, 30)).astype(np.float16)


def bits(rng):
    return rng.random(size=(300, 64)) < 0.5


def integer_grid(rng):
    grid = np.stack(np.meshgrid(np.arange(21), np.arange(13)), axis=-1).reshape(-1, 2)
    return rng.permutation(grid)


CLOUDS = [
    gaussian,
    offset_float32,
    two_tight_classes,
    one_huge_outlier,
    dense_tiny_ball,
    distances_some_ulps_apart,
    wide,
    pixels,
    far_integers,
    half,
    bits,
    integer_grid,
]


@pytest.mark.parametrize("cloud", CLOUDS)
def test_neighbors_and_distances_are_those_of_direct_differences(cloud):
    x = cloud(np.random.default_rng(0))
    assert_exact(NeighborGraph.from_points(x, K), x)


def test_twins_some_ulps_apart_are_each_others_nearest():
    x = twins_some_ulps_apart(np.random.default_rng(0))
    graph = NeighborGraph.from_points(x, K, duplicates="keep")
    distances, _ = naive_neighbors(x, K)  # beyond the twin, two points are equally far
    np.testing.assert_array_equal(graph.indices[:, 0], (np.arange(500) + 250) % 500)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-12)
    assert graph.distances[:, 0].max() < 1e-13


@given(
    arrays(np.int64, st.tuples(st.integers(3, 25), st.integers(1, 4)), elements=st.integers(-4, 4))
)
def test_ties_are_ordered_by_index_whatever_the_cloud(x):
    assume(np.ptp(x, axis=0).any())
    assert_exact(NeighborGraph.from_points(x, 2, duplicates="keep"), x, 2)


@pytest.mark.parametrize("exponent", [-1030, -600, -300, 300, 664, 980])
def test_scale_is_exact_where_squares_leave_the_range_of_float64(exponent):
    x = np.random.default_rng(1).normal(size=(200, 5))
    scaled = np.ldexp(x, exponent)  # about 1e-180 and 1e+200 are among these
    distances, indices = naive_neighbors(np.ldexp(scaled, -exponent), K)
    graph = NeighborGraph.from_points(scaled, K)
    np.testing.assert_array_equal(graph.indices, indices)
    resolution = 5e-324 if exponent < -1000 else 0.0  # the last bits of subnormal numbers
    np.testing.assert_allclose(
        graph.distances, np.ldexp(distances, exponent), rtol=1e-12, atol=resolution
    )


def test_the_largest_numbers_there_are():
    near = 1.7e308 - 1e295 * np.array([[0.0], [1.0], [4.0]])
    graph = NeighborGraph.from_points(near, 2)
    want = [[1e295, 4e295], [1e295, 3e295], [3e295, 4e295]]
    np.testing.assert_allclose(graph.distances, want, rtol=1e-2)  # 1.7e308 has steps of 2e292
    with pytest.raises(
        InputError, match=r"near 9e\+307 lie at the end of float64's range: .* 1e-30"
    ):
        NeighborGraph.from_points([[1.7e308], [1.5e308], [-1.2e308]], 2)


def test_the_smallest_numbers_there_are():
    near = 1e-300 * np.array([[1.0], [2.0], [4.0]])
    want = [[1e-300, 3e-300], [1e-300, 2e-300], [2e-300, 3e-300]]
    np.testing.assert_allclose(NeighborGraph.from_points(near, 2).distances, want, rtol=1e-12)
    with pytest.raises(InputError, match=r"near 2e-323 lie at the end .* by 1e\+30 first"):
        NeighborGraph.from_points(5e-324 * np.array([[1.0], [2.0], [4.0]]), 2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn, torch.float16])
def test_tensors_of_narrow_floats(dtype):
    tensor = torch.tensor(np.random.default_rng(2).normal(size=(200, 12))).to(dtype)
    assert_exact(NeighborGraph.from_points(tensor, K), tensor.float().numpy())


def test_a_tensor_in_a_graph_of_gradients():
    x = np.random.default_rng(2).normal(size=(100, 3))
    assert_exact(NeighborGraph.from_points(torch.tensor(x, requires_grad=True) * 1.0, K), x)


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: x[::2, ::-1], lambda x: x.T])
def test_memory_layout_does_not_matter(layout):
    x = layout(np.random.default_rng(3).normal(size=(60, 40)))
    assert_exact(NeighborGraph.from_points(x, K), x)


def test_every_other_point_can_be_asked_for():
    x = np.random.default_rng(4).normal(size=(60, 3))
    graph = NeighborGraph.from_points(x, 59)
    assert_exact(graph, x, 59)
    others = [sorted(set(range(60)) - {i}) for i in range(60)]
    assert np.sort(graph.indices, axis=1).tolist() == others
    assert (np.diff(graph.distances, axis=1) >= 0).all()


@pytest.mark.parametrize("cloud", [wide, two_tight_classes, integer_grid, twins_some_ulps_apart])
def test_the_blocks_do_not_matter(cloud, monkeypatch):
    x = cloud(np.random.default_rng(5))
    whole = NeighborGraph.from_points(x, K)
    monkeypatch.setattr(_intervals, "_MATRIX_BYTES", 8 * 37 * len(x))
    monkeypatch.setattr(_intervals, "_PAIR_BYTES", 8 * 11 * x.shape[1])
    monkeypatch.setattr("dimscope.points.points._BLOCK_BYTES", 8 * 13 * x.shape[1])
    blocks = NeighborGraph.from_points(x, K)
    np.testing.assert_array_equal(blocks.indices, whole.indices)
    # the order of BLAS's sums depends on the shape of a block
    np.testing.assert_allclose(blocks.distances, whole.distances, rtol=1e-14)


def test_an_array_on_disk_equals_one_in_memory(tmp_path):
    x = np.random.default_rng(6).normal(size=(150, 30)).astype(np.float32)
    stored = zarr.create_array(tmp_path / "x.zarr", shape=x.shape, chunks=(40, 7), dtype=x.dtype)
    stored[:] = x
    on_disk, in_memory = (NeighborGraph.from_points(a, 5) for a in (stored, x))
    np.testing.assert_array_equal(on_disk.indices, in_memory.indices)
    np.testing.assert_array_equal(on_disk.distances, in_memory.distances)
    some = np.arange(0, 150, 7)
    np.testing.assert_array_equal(
        on_disk.subset(some, 6).distances, in_memory.subset(some, 6).distances
    )


def test_scikit_learn_agrees():
    x = np.random.default_rng(7).normal(size=(400, 8))
    distances, indices = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(x).kneighbors()
    graph = NeighborGraph.from_points(x, K)
    np.testing.assert_array_equal(graph.indices, indices)
    np.testing.assert_allclose(graph.distances, distances, rtol=1e-9)


class TestDiagnostics:
    """Which search is chosen, and what it says of itself."""

    def test_few_points(self):
        how = NeighborGraph.from_points(
            np.random.default_rng(0).normal(size=(300, 20)), 2
        ).diagnostics
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
