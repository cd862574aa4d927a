"""One pass over a representation: its products against direct sums, its digests, its readings."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from dimscope import InputError, NeighborGraph, Spectrum
from dimscope.points import as_points, sweep
from dimscope.profiling.measure import measure_layer
from dimscope.profiling.settings import make_settings


class CountedReads:
    """An array that is not in memory, as far as `Points` can tell; counts the values read."""

    def __init__(self, values):
        self.values, self.n_read, self.n_reads = values, 0, 0
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __getitem__(self, key):
        part = self.values[key]
        self.n_read += part.size
        self.n_reads += 1
        return part

    @property
    def n_sweeps(self):
        return self.n_read / self.values.size


def layer(shape=(300, 5000), offset=0.0):
    rng = np.random.default_rng(0)
    return (rng.normal(size=shape) + offset).astype(np.float32)


@pytest.mark.parametrize("offset", [0, 100])
def test_products_are_those_of_centred_rows(offset):
    x = layer(offset=offset)
    gram = as_points(x).gram
    centred = x - x.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(gram.matrix, centred @ centred.T, rtol=1e-9, atol=1e-9 * 5000)
    columns = np.square(centred).sum(axis=0)
    assert gram.column_square_sum == pytest.approx(np.square(columns).sum(), rel=1e-12)
    assert gram.column_fourth_sum == pytest.approx((centred**4).sum(), rel=1e-12)


def test_the_bound_on_rounding_holds_against_exact_arithmetic():
    x = layer((6, 1500), offset=30)
    gram = as_points(x).gram
    norms = np.diag(gram.matrix)
    for i, j in [(0, 1), (2, 5), (3, 4)]:
        pairs = zip(x[i].tolist(), x[j].tolist(), strict=True)
        exact = float(sum((Fraction(a) - Fraction(b)) ** 2 for a, b in pairs))
        squared = norms[i] + norms[j] - 2 * gram.matrix[i, j]
        assert abs(squared - exact) <= gram.rounding * (norms[i] + norms[j])
    assert gram.rounding < 1e-12


def test_the_depth_of_products_does_not_matter(monkeypatch):
    x = layer()
    whole = NeighborGraph.from_points(x, 10)
    monkeypatch.setattr(sweep, "_DEPTH", 100)
    parts = NeighborGraph.from_points(x, 10)
    np.testing.assert_array_equal(whole.indices, parts.indices)
    np.testing.assert_allclose(whole.distances, parts.distances, rtol=2e-12)


@pytest.mark.parametrize("n_features", [300, 5000])
def test_a_layer_elsewhere_is_read_once(n_features):
    source = CountedReads(layer((300, n_features)))
    points = as_points(source)
    NeighborGraph.from_points(points, 20)
    Spectrum.from_points(points)
    assert source.n_sweeps == 1


def test_strips_of_rows_do_not_matter(monkeypatch):
    x = layer()
    whole = as_points(x).gram
    monkeypatch.setattr(sweep, "_STRIP_VALUES", 70 * 300)
    strips = as_points(x).gram
    np.testing.assert_allclose(strips.matrix, whole.matrix, rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(strips.matrix, strips.matrix.T)


@pytest.mark.parametrize("chunk", [2048, 3072, 5000])
def test_a_chunk_is_read_once_however_narrow_the_blocks(monkeypatch, chunk):
    monkeypatch.setattr("dimscope.points.points._BLOCK_BYTES", 8 * 300 * 1024)
    source = CountedReads(layer())
    source.chunks = (64, chunk)
    widths = [block.shape[1] for block in as_points(source).column_blocks()]
    assert widths[:4] == [1024] * 4
    assert sum(widths) == 5000
    assert source.n_reads == math.ceil(5000 / chunk)


def test_twins_cost_one_more_reading():
    x = layer()
    x[150:] = x[:150] * (1 + np.float32(1e-6))
    source = CountedReads(x)
    graph = NeighborGraph.from_points(source, 5, near_copies="keep")
    assert source.n_sweeps == 2
    np.testing.assert_array_equal(graph.indices[:, 0], (np.arange(300) + 150) % 300)


def test_a_whole_profile_of_a_layer_reads_it_once():
    settings = make_settings(
        ["two_nn", "gride", "pca_dimension"], metric="euclidean", n_repeats=3, rng=0
    )
    source = CountedReads(layer())
    measured = measure_layer(source, settings)
    assert source.n_sweeps == 1
    decimated = {p.quantity.method for p in measured.curves if p.axis == "n_samples"}
    assert "two_nn" in decimated


@pytest.mark.parametrize(
    "rows",
    [
        np.array([[0.0, 1.0], [-0.0, 1.0]], dtype=np.float32),
        np.array([[2**60, 1], [2**60, 1]], dtype=np.int64),
        np.array([[1, 2, 3], [1, 2, 3]], dtype=np.uint8),
        np.array([[1.5, 2.0], [1.5, 2.0]], dtype=np.longdouble),
        np.asfortranarray([[1.5, 2.0], [1.5, 2.0]]),
    ],
)
def test_rows_of_equal_values_have_equal_digests(rows):
    assert as_points(rows).scan.first_of_row.tolist() == [0, 0]


def test_other_rows_have_other_digests():
    x = np.repeat(layer((1, 2000)), 3, axis=0)
    x[1, -1] = np.nextafter(x[0, -1], math.inf)
    x[2, 0] *= -1
    assert as_points(x).scan.first_of_row.tolist() == [0, 1, 2]


def test_rows_that_are_not_finite_are_named_whatever_block_they_are_in():
    x = layer((2000, 5000))
    x[3, 0] = np.inf
    x[1999, 4999] = np.nan
    with pytest.raises(InputError, match=r"2 of 2000 rows .*rows 3, 1999"):
        _ = as_points(x).scan
