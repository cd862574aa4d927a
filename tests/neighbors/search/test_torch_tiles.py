"""The search on a device: the same bits as without torch, and bounds that are bounds."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from naive_graphs import squared_distances
from search_clouds import (
    N,
    far_classes,
    few_levels,
    gaussian,
    huge_outlier,
    many_far_classes,
    many_scales,
    offset,
    tiny_ball_elsewhere,
)

import dimscope as ds
from dimscope.errors import InputError, MissingDependencyError
from dimscope.neighbors import Resources
from dimscope.neighbors.search import (
    blocks as _blocks,
    certified as _certified,
    torch_tiles as _torch,
)
from dimscope.neighbors.search.blocks import Blocks, Matrix, side
from dimscope.neighbors.search.certified import Tiling, search_tiles
from dimscope.neighbors.search.exact import search
from dimscope.neighbors.search.tiles import NearestTiles
from dimscope.points import as_points

K = 10

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
on_devices = pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_cuda)])


def twins(rng):
    x = rng.normal(size=(N // 2, 20)).astype(np.float32)
    return np.concatenate([x, x + rng.integers(1, 5, size=x.shape) * np.spacing(x)])


def half(rng):
    return rng.normal(size=(N, 40)).astype(np.float16)


def bfloat(rng):
    return torch.from_numpy(rng.normal(size=(N, 40))).to(torch.bfloat16)


def wide(rng):
    return rng.normal(size=(N, 5000)).astype(np.float32)  # more columns than one product takes


CLOUDS = [
    gaussian,
    offset,
    far_classes,
    many_far_classes,
    huge_outlier,
    tiny_ball_elsewhere,
    twins,
    many_scales,
    half,
    bfloat,
    few_levels,
    wide,
]


def assert_same(one, other):
    np.testing.assert_array_equal(one.indices, other.indices)
    np.testing.assert_array_equal(one.distances, other.distances)


@pytest.fixture
def counted(monkeypatch):
    """The devices that tiles were made on."""
    found = []
    fill = _torch.fill
    monkeypatch.setattr(
        _torch, "fill", lambda tiles, name, jobs: found.append(name) or fill(tiles, name, jobs)
    )
    return found


@pytest.fixture
def small_panels(monkeypatch):
    """Tiles of many panels, which move to the device one by one."""
    monkeypatch.setattr(_torch, "_WIDEST", 256)
    monkeypatch.setattr(_torch, "_HELD", 0)


@on_devices
@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_same_to_the_bit(cloud, device):
    x = cloud(np.random.default_rng(0))
    every = {"n_neighbors": K, "near_copies": "keep", "duplicates": "keep"}
    found = ds.NeighborGraph.from_points(x, **every, search_device=device)
    assert found.diagnostics.method == "torch tiles"
    assert_same(found, ds.NeighborGraph.from_points(x, **every))


@on_devices
@pytest.mark.parametrize("cloud", [gaussian, many_far_classes, tiny_ball_elsewhere, few_levels])
def test_panels_and_threads_do_not_change_a_bit(cloud, device, small_panels):
    x = cloud(np.random.default_rng(1))
    one, two = (ds.NeighborGraph.from_points(x, K, n_jobs=n, search_device=device) for n in (1, 2))
    assert_same(one, two)
    assert_same(one, ds.NeighborGraph.from_points(x, K))


@on_devices
def test_many_neighbors_and_copies(device):
    x = np.random.default_rng(2).normal(size=(N, 40)).astype(np.float32)
    x[::4] = x[0]
    options = {"duplicates": "keep", "n_neighbors": 100}
    found = ds.NeighborGraph.from_points(x, **options, search_device=device)
    assert_same(found, ds.NeighborGraph.from_points(x, **options))


@on_devices
def test_some_points_among_some_others(device, counted, small_panels):
    points = as_points(np.random.default_rng(3).normal(size=(6000, 20)))
    pool = np.arange(0, 6000, 2)
    for queries in (pool[::3], np.arange(1, 6000, 5)):  # in the pool, and not
        found = search(points, queries, pool, K, Resources(device=device))
        assert_same(found, search(points, queries, pool, K))
    assert len(counted) == 2


@on_devices
def test_a_subset_is_searched_on_the_same_device(device, counted):
    x = np.random.default_rng(4).normal(size=(2 * N, 20))
    found = ds.NeighborGraph.from_points(x, K, search_device=device)
    part = found.subset(np.arange(N), K)
    assert len(counted) == 2
    assert_same(part, ds.NeighborGraph.from_points(x[:N], K))


@on_devices
@pytest.mark.parametrize("pay", [True, False])
def test_doubles_on_the_device_or_not_give_the_same(device, pay, counted, monkeypatch):
    monkeypatch.setattr(_torch, "doubles_pay", lambda *_: pay)
    x = tiny_ball_elsewhere(np.random.default_rng(5))
    found = ds.NeighborGraph.from_points(x, K, search_device=device)
    assert found.diagnostics.n_searched_again > 0
    assert len(counted) == (2 if pay else 1)
    assert_same(found, ds.NeighborGraph.from_points(x, K))


@on_devices
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "cloud", [gaussian, many_far_classes, huge_outlier, tiny_ball_elsewhere, twins]
)
def test_a_row_is_certified_only_if_it_is_right(cloud, dtype, device):
    x = cloud(np.random.default_rng(6)).astype(np.float64)
    rows = np.arange(N)
    tiling = Tiling(dtype=dtype, device=device)
    found = search_tiles(Matrix.of(as_points(x)), rows, rows, K, tiling)
    nearest = np.argsort(squared_distances(x), axis=1, kind="stable")[:, :K]
    assert found.certified.any()
    np.testing.assert_array_equal(found.points[found.certified], nearest[found.certified])


def bounds_hold(x, device, dtype):
    """Whether no bound exceeds its distance, and none that was not kept is below those kept."""
    matrix, rows = Matrix.of(as_points(x)), np.arange(len(x))
    blocks = Blocks.of(matrix, rows, 64)
    with ThreadPoolExecutor(1) as executor:
        both = side(blocks, blocks.centres, dtype, executor)
    tiles = NearestTiles(both, both, 16)
    _torch.fill(tiles, device, 1)
    every = slice(0, len(x))
    tiles.rows.sort(every)
    exact = squared_distances(x[blocks.points])
    lower = tiles.lower_bounds(every)
    places = (tiles.keys & tiles.rows.low_bits).astype(np.int64)
    assert all(len(set(row)) == 16 for row in places)
    kept = (lower <= np.take_along_axis(exact, places, axis=1)).all()
    np.put_along_axis(exact, places, np.inf, axis=1)
    return kept and (lower[:, -1:] <= exact).all()


@on_devices
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_bounds_never_exceed_the_distance(cloud, dtype, device):
    x = np.asarray(torch.as_tensor(cloud(np.random.default_rng(7))).double())[::8]
    assert bounds_hold(x, device, dtype)


def rounded_products(n_bits):
    """Products of values that keep some bits only, as TF32 (11) and bfloat16 (8) do."""

    def shortened(x):
        mantissa, exponent = torch.frexp(x)
        return torch.ldexp(torch.round(mantissa * 2**n_bits) / 2**n_bits, exponent)

    return lambda x, y, product, part: product.copy_(shortened(x) @ shortened(y).T)


@pytest.mark.parametrize("n_bits", [8, 11])
def test_products_of_less_precision_break_the_bounds_and_are_noticed(n_bits, monkeypatch):
    x = gaussian(np.random.default_rng(8))
    monkeypatch.setattr(_torch, "_multiply", rounded_products(n_bits))
    assert not bounds_hold(x, "cpu", np.float32)
    monkeypatch.setattr(_torch, "products_hold", _torch.products_hold.__wrapped__)
    assert not _torch.products_hold("cpu")
    found = ds.NeighborGraph.from_points(x, K, search_device="cpu")
    assert found.diagnostics.method == "tiles"  # by the processor
    assert_same(found, ds.NeighborGraph.from_points(x, K))


def test_bounds_without_their_margin_do_not_hold(monkeypatch):
    monkeypatch.setattr(_blocks, "_rounding", lambda norms, *_: np.zeros_like(norms))
    assert not bounds_hold(gaussian(np.random.default_rng(13)), "cpu", np.float32)


@pytest.mark.parametrize(("n_bits", "hold"), [(16, False), (24, True)])
def test_products_in_two_parts_of_bfloat16_are_noticed(n_bits, hold, monkeypatch):
    monkeypatch.setattr(_torch, "_multiply", rounded_products(n_bits))
    assert _torch.products_hold.__wrapped__("cpu") is hold


@on_devices
def test_products_hold(device):
    assert _torch.products_hold(device)


@pytest.fixture
def precision():
    """torch's setting for products, put back after the test."""
    yield torch.set_float32_matmul_precision
    torch.set_float32_matmul_precision("highest")


@on_devices
def test_full_precision_while_it_takes_and_what_was_set_after(device, precision, monkeypatch):
    seen = []
    multiply = _torch._multiply

    def watched(*tensors):
        seen.append(torch.get_float32_matmul_precision())
        multiply(*tensors)

    monkeypatch.setattr(_torch, "_multiply", watched)
    x = gaussian(np.random.default_rng(9))
    n_threads = torch.get_num_threads()
    plain = ds.NeighborGraph.from_points(x, K)
    precision("medium")
    with torch.autocast(device, dtype=torch.bfloat16):
        assert_same(ds.NeighborGraph.from_points(x, K, n_jobs=3, search_device=device), plain)
    assert set(seen) == {"highest"}
    assert torch.get_float32_matmul_precision() == "medium"
    assert torch.get_num_threads() == n_threads


def test_searches_in_several_threads_leave_what_was_set(precision):
    x = gaussian(np.random.default_rng(10))
    precision("medium")
    with ThreadPoolExecutor(3) as executor:
        call = lambda _: ds.NeighborGraph.from_points(x, K, n_jobs=1, search_device="cpu")  # noqa: E731
        found = list(executor.map(call, range(3)))
    assert torch.get_float32_matmul_precision() == "medium"
    for one in found:
        assert_same(one, found[0])


@pytest.mark.skipif(
    not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="torch before 2.9"
)
def test_what_was_set_for_one_kind_of_device_is_left(precision):
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    with _torch._full_precision(torch.device("cpu"), 1):
        assert torch.backends.cuda.matmul.fp32_precision == "ieee"
    assert torch.backends.cuda.matmul.fp32_precision == "tf32"


def test_a_tile_and_what_comes_with_it_fit_in_the_room():
    rows = torch.empty(1, 784)
    sizes = [_torch._panel_size(room, 16, rows) for room in (2**20, 2**26, 2**28, 2**40)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (_torch._GROUP, _torch._WIDEST)
    assert sizes[1] > 1000
    assert 8 * sizes[1] ** 2 < 2**26


def test_every_way_in_takes_a_device(counted):
    x = np.random.default_rng(11).normal(size=(2200, 30)).astype(np.float32)
    assert ds.estimate(x, search_device="cpu").value == ds.estimate(x).value
    assert ds.TwoNN().fit(x, search_device="cpu").dimension_ == ds.TwoNN().fit(x).dimension_
    assert counted == ["cpu", "cpu"]
    network = torch.nn.Linear(30, 20)
    options = {"methods": "two_nn", "n_repeats": 1, "progress": False}
    found, plain = (
        ds.profile(network, torch.from_numpy(x), search_device=name, **options).to_frame("estimate")
        for name in ("cpu", None)
    )
    assert len(counted) > 2
    assert found["value"].equals(plain["value"])


def test_a_small_search_needs_no_device(counted):
    x = np.random.default_rng(12).normal(size=(100, 20))
    found = ds.NeighborGraph.from_points(x, K, search_device="cpu")
    assert (found.diagnostics.method, counted) == ("intervals", [])


@pytest.mark.parametrize("name", ["cuda:99", "meta", "fast"])
def test_a_device_that_is_not_there(name):
    with pytest.raises(InputError, match=f"the device '{name}' cannot be used .* one of cpu"):
        ds.NeighborGraph.from_points([[0.0], [1.0], [3.0]], 1, search_device=name)


def test_a_profile_names_the_missing_device_before_it_starts():
    with pytest.raises(InputError, match="the device 'fast' cannot be used"):
        ds.profile(torch.nn.Linear(3, 2), torch.zeros(9, 3), search_device="fast")


def test_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match="torch, needed for the device 'cpu'"):
        ds.NeighborGraph.from_points([[0.0], [1.0], [3.0]], 1, search_device="cpu")
    assert ds.NeighborGraph.from_points([[0.0], [1.0], [3.0]], 1).n_samples == 3


def test_doubles_pay_only_where_they_exist_and_are_quicker(monkeypatch):
    seconds = iter([1.0, 3.0, 1.0, 3.0])
    monkeypatch.setattr(_torch, "_seconds", lambda _: next(seconds))
    assert _torch.doubles_pay.__wrapped__("cpu", 2)
    assert not _torch.doubles_pay.__wrapped__("cpu", 4)

    def no_doubles(*_, **__):
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype")

    monkeypatch.setattr(torch, "ones", no_doubles)
    assert not _torch.doubles_pay.__wrapped__("cpu", 2)
    assert _certified._where_it_holds(Tiling(dtype=np.float64)).device is None
