"""Vectors to each point's neighbours: their products, and how often points are read for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import zarr

import dimscope as ds
from dimscope.measurement import read_numbers, vectors as module
from dimscope.points import as_points
from dimscope.profiling.measure import measure_layer
from dimscope.profiling.settings import make_settings

VECTOR_METHODS = ["local_pca", "abid", "tle", "ess"]


def cloud(n=150, d=7, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def naive_products(x, graph, k):
    vectors = [
        [x[graph.original_rows[j]] - x[row] for j in graph.indices[i, :k]]
        for i, row in enumerate(graph.original_rows)
    ]
    products = [[[np.dot(a, b) for b in own] for a in own] for own in vectors]
    return np.array([np.array(own) / (np.max(own) or 1.0) for own in products])


class Products:
    """The products themselves, as the numbers of each neighbourhood; keeps the sizes of blocks."""

    def __init__(self, n_vectors):
        self.n_vectors, self.sizes = n_vectors, []

    def check_graph(self, graph):
        pass

    def numbers_of(self, products, n_features):
        self.sizes.append(len(products))
        return products.copy()

    def estimate_of(self, graph, numbers):
        raise NotImplementedError


def products_of(graph, k):
    return read_numbers([(graph, [Products(k)])])[0][0]


@pytest.fixture(params=["NumPy", "compiled"])
def loop(request, monkeypatch):
    """Products by either loop, whatever there is to do."""
    monkeypatch.setattr(module, "_COMPILED_TERMS", np.inf if request.param == "NumPy" else 0)


@pytest.mark.usefixtures("loop")
class TestProducts:
    @pytest.mark.parametrize("duplicates", ["first", "drop", "keep"])
    def test_are_those_of_the_differences(self, duplicates):
        x = np.concatenate([cloud(), cloud()[::-3]])
        graph = ds.NeighborGraph.from_points(x, 6, duplicates=duplicates)
        np.testing.assert_allclose(products_of(graph, 5), naive_products(x, graph, 5), atol=1e-13)

    def test_of_a_subset_of_a_graph(self):
        x = np.concatenate([cloud()[:20], cloud()])
        graph = ds.NeighborGraph.from_points(x, 30).subset(np.arange(40, 120), 5)
        np.testing.assert_allclose(products_of(graph, 5), naive_products(x, graph, 5), atol=1e-13)

    def test_do_not_lose_digits_to_an_offset(self):
        x = np.round(cloud(), 3)
        graph, shifted = (ds.NeighborGraph.from_points(a, 5) for a in (x, x + 2.0**20))
        exact = naive_products(x, graph, 5)
        np.testing.assert_allclose(products_of(shifted, 5), exact, atol=1e-8)

    @pytest.mark.parametrize("n_features", [1, 1500])
    def test_small_blocks_and_layers_on_disk_change_nothing(
        self, n_features, tmp_path, monkeypatch
    ):
        x = cloud(60, n_features).astype(np.float32)
        on_disk = zarr.open(tmp_path / "layer.zarr", mode="w", shape=x.shape, dtype=x.dtype)
        on_disk[:] = x
        graph = ds.NeighborGraph.from_points(x, 4)
        whole = products_of(graph, 4)
        for name in ("_PASS_BYTES", "_BLOCK_BYTES", "_STRIP_BYTES", "_VECTOR_BYTES"):
            monkeypatch.setattr(module, name, 2000)
        source = replace(graph.source, points=as_points(on_disk))
        products = Products(4)
        blocks = read_numbers([(replace(graph, source=source), [products])])[0][0]
        assert max(products.sizes) == 2000 // (8 * 16)
        np.testing.assert_allclose(blocks, whole, rtol=1e-12)

    @pytest.mark.parametrize("k", range(1, 10))
    def test_of_any_number_of_neighbours(self, k):
        x = cloud(40, 300).astype(np.float32)
        graph = ds.NeighborGraph.from_points(x, k)
        expected = naive_products(x.astype(np.float64), graph, k)
        np.testing.assert_allclose(products_of(graph, k), expected, atol=1e-13)

    def test_do_not_depend_on_threads(self, monkeypatch):
        monkeypatch.setattr(module, "_STRIP_BYTES", 2000)
        one, three = (ds.NeighborGraph.from_points(cloud(), 6, n_jobs=n) for n in (1, 3))
        np.testing.assert_array_equal(products_of(one, 5), products_of(three, 5))


class CountedReads:
    """An array that is not in memory, as far as `Points` can tell; counts the values read."""

    def __init__(self, values):
        self.values, self.n_read = values, 0
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __getitem__(self, key):
        part = self.values[key]
        self.n_read += part.size
        return part


def passes(methods, n_samples=300, n_repeats=1):
    """Passes over the data that a profile of one layer takes."""
    layer = CountedReads(cloud(n_samples, 2000).astype(np.float32))
    settings = make_settings(methods, metric="euclidean", n_repeats=n_repeats, rng=0)
    measure_layer(layer, settings)
    return layer.n_read / layer.values.size


class TestPasses:
    def test_four_methods_read_no_more_than_one_and_all_blocks_together(self):
        alone = max(passes(method) for method in VECTOR_METHODS)
        together = passes(VECTOR_METHODS)
        assert together <= alone + 1
        assert together <= passes("two_nn") + 2  # 0.1.0 took 28 more

    def test_methods_of_several_numbers_share_them(self):
        assert passes([*VECTOR_METHODS, "danco", "ca_pca"]) <= passes(VECTOR_METHODS) + 1

    def test_memory_bounds_a_pass(self, monkeypatch):
        few = passes("local_pca")
        monkeypatch.setattr(module, "_PASS_BYTES", 8 * 50**2 * 100)
        assert passes("local_pca") > few + 5

    def test_each_method_sees_what_it_sees_alone(self):
        """TLE counts distances in units of its own farthest neighbour, not of another method's."""
        graph = ds.NeighborGraph.from_points(cloud(), 60)
        together = ds.estimate(graph, [*VECTOR_METHODS, "danco", "ca_pca"], errors="own")
        for method, estimate in together.items():
            alone = ds.estimate(graph, method, errors="own")
            assert estimate.value == pytest.approx(alone.value, rel=1e-12), method
