"""The spectrum against numpy's covariance, and its sums against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from hypothesis import given, strategies as st
from jaxtyping import Float64

from dimscope import InputError, Spectrum
from dimscope.points import points
from dimscope.spectra import spectrum as module

TALL, SQUARE, WIDE = (300, 20), (40, 40), (30, 2500)


def matrix(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) * rng.uniform(0.1, 3, size=shape[1]) + rng.normal(size=shape[1])


def naive_eigenvalues(x):
    values = np.linalg.eigvalsh(np.cov(x.astype(np.float64), rowvar=False))[::-1]
    return values[: min(len(x) - 1, x.shape[1])]


def assert_same(spectrum, other):
    atol = 1e-12 * other.trace
    np.testing.assert_allclose(spectrum.eigenvalues, other.eigenvalues, rtol=1e-10, atol=atol)
    assert spectrum.row_square_sum == pytest.approx(other.row_square_sum, rel=1e-10)
    assert (spectrum.n_samples, spectrum.n_features) == (other.n_samples, other.n_features)


@pytest.mark.parametrize("shape", [TALL, SQUARE, (30, 120), (2, 1), (2, 9), (9, 1)])
def test_eigenvalues_are_those_of_the_covariance(shape):
    x = matrix(shape)
    spectrum = Spectrum.from_points(x)
    want = np.atleast_1d(naive_eigenvalues(x) if shape[1] > 1 else x.var(ddof=1))
    np.testing.assert_allclose(spectrum.eigenvalues, want, rtol=1e-10, atol=1e-12 * want.max())
    assert spectrum.trace == pytest.approx(x.var(axis=0, ddof=1).sum())
    assert spectrum.square_trace == pytest.approx(np.square(want).sum())


def test_shapes_and_types():
    tall, wide = Spectrum.from_points(matrix(TALL)), Spectrum.from_points(matrix(WIDE))
    assert isinstance(tall.eigenvalues, Float64[np.ndarray, "20"])
    assert isinstance(wide.eigenvalues, Float64[np.ndarray, "29"])
    assert isinstance(wide.matrix, Float64[np.ndarray, "30 30"])
    assert isinstance(tall.matrix, Float64[np.ndarray, "20 20"])
    assert (tall.by_gram, wide.by_gram) == (False, True)


@pytest.mark.parametrize("shape", [TALL, SQUARE, WIDE])
def test_sums_are_those_of_their_definitions(shape):
    x = matrix(shape)
    centred = x - x.mean(axis=0)
    spectrum = Spectrum.from_points(x)
    rows = sum(np.dot(row, row) ** 2 for row in centred)
    columns = sum(np.dot(column, column) ** 2 for column in centred.T)
    assert spectrum.row_square_sum == pytest.approx(rows, rel=1e-12)
    assert spectrum.column_square_sum == pytest.approx(columns, rel=1e-12)
    assert spectrum.column_fourth_sum == pytest.approx((centred**4).sum(), rel=1e-12)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 40), d=st.integers(1, 40))
def test_both_sides_agree(seed, n, d):
    """Columns of zeros turn a tall matrix into a wide one, and change no sum."""
    x = matrix((n, d), seed)
    padded = np.hstack([x, np.zeros((n, n))])
    tall, wide = Spectrum.from_points(x), Spectrum.from_points(padded)
    rank = min(n - 1, d)
    np.testing.assert_allclose(
        tall.eigenvalues[:rank], wide.eigenvalues[:rank], rtol=1e-9, atol=1e-12 * wide.trace
    )
    for name in ("row_square_sum", "column_square_sum", "column_fourth_sum", "trace"):
        assert getattr(tall, name) == pytest.approx(getattr(wide, name), rel=1e-9)


@pytest.mark.parametrize("shape", [TALL, WIDE])
def test_an_offset_costs_nothing(shape):
    x = (matrix(shape) + 1e4).astype(np.float32)
    exact = x.astype(np.float64) - 1e4
    assert_same(Spectrum.from_points(x), Spectrum.from_points(exact))


@pytest.mark.parametrize("shape", [TALL, SQUARE, WIDE])
def test_a_subset_equals_the_spectrum_of_these_rows(shape):
    x = matrix(shape)
    rows = np.random.default_rng(1).permutation(shape[0])[: shape[0] // 2]
    whole = Spectrum.from_points(x)
    assert_same(whole.subset(rows), Spectrum.from_points(x[rows]))
    assert_same(whole.subset(rows).subset(np.arange(5)), Spectrum.from_points(x[rows[:5]]))


def test_a_tight_subset_far_from_the_other_rows():
    x = matrix(WIDE)
    x[:15] = 3e3 + 1e-3 * x[:15]
    tight = np.arange(15)
    assert_same(Spectrum.from_points(x).subset(tight), Spectrum.from_points(x[tight]))


def test_a_subset_of_equal_rows_has_no_variance():
    x = matrix(WIDE)
    x[10:] = x[10]
    whole = Spectrum.from_points(x)
    assert [whole.subset(np.arange(10, stop)).trace for stop in range(12, 31)] == [0.0] * 19


@pytest.mark.parametrize("shape", [(300, 30), (30, 4000)])
def test_the_blocks_do_not_matter(shape, monkeypatch):
    x = matrix(shape)
    whole = Spectrum.from_points(x)
    monkeypatch.setattr(points, "_BLOCK_BYTES", 8 * 7 * shape[1])
    blocks = Spectrum.from_points(x)
    assert_same(blocks, whole)
    assert blocks.column_square_sum == pytest.approx(whole.column_square_sum, rel=1e-12)
    assert blocks.column_fourth_sum == pytest.approx(whole.column_fourth_sum, rel=1e-12)


class TestSingularValues:
    """Of the rows as they are: nothing is centred."""

    @pytest.mark.parametrize("shape", [TALL, SQUARE, WIDE, (2, 1), (2, 9)])
    def test_are_those_of_numpy(self, shape):
        x = matrix(shape) + 5.0
        want = np.linalg.svd(x, compute_uv=False)
        np.testing.assert_allclose(
            Spectrum.from_points(x).singular_values, want, rtol=1e-12, atol=1e-13 * want[0]
        )

    @pytest.mark.parametrize("shape", [TALL, SQUARE, WIDE])
    def test_of_subsets_are_those_of_these_rows(self, shape):
        x = matrix(shape) + 5.0
        rows = np.random.default_rng(1).permutation(shape[0])[: shape[0] // 2]
        part = Spectrum.from_points(x).subset(rows)
        for some, chosen in ((part, rows), (part.subset(np.arange(5)), rows[:5])):
            want = np.linalg.svd(x[chosen], compute_uv=False)
            np.testing.assert_allclose(some.singular_values, want, rtol=1e-12, atol=1e-13 * want[0])

    @pytest.mark.parametrize("shape", [(300, 30), (30, 4000)])
    def test_the_blocks_do_not_matter(self, shape, monkeypatch):
        x = matrix(shape)
        whole = Spectrum.from_points(x).singular_values
        monkeypatch.setattr(points, "_BLOCK_BYTES", 8 * 7 * shape[1])
        np.testing.assert_allclose(Spectrum.from_points(x).singular_values, whole, rtol=1e-12)

    def test_a_wide_layer_is_read_once_for_all_subsets(self, monkeypatch):
        spectrum = Spectrum.from_points(matrix(WIDE))
        read, factor = [], module.row_factor
        monkeypatch.setattr(module, "row_factor", lambda p: read.append(p) or factor(p))
        for start in range(0, 30, 10):
            assert len(spectrum.subset(np.arange(start, start + 10)).singular_values) == 10
        assert len(read) == 1


def test_an_array_on_disk_equals_one_in_memory():
    x = matrix(TALL)
    assert_same(Spectrum.from_points(zarr.array(x, chunks=(50, 7))), Spectrum.from_points(x))


@pytest.mark.parametrize("shape", [(10, 3), (10, 30)])
def test_a_constant_has_no_variance_at_all(shape):
    assert Spectrum.from_points(np.full(shape, 0.1)).trace == 0.0


@pytest.mark.parametrize("scale", [1e-55, 1e55])
def test_scales_far_from_one(scale):
    x = matrix(TALL)
    spectrum = Spectrum.from_points(x * scale)
    np.testing.assert_allclose(spectrum.eigenvalues, naive_eigenvalues(x) * scale**2, rtol=1e-10)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1.0, 2.0]], "a covariance needs at least 2 samples, got 1"),
        (matrix(TALL) * 1e100, "values near .*e.100 have squared variances outside"),
        (matrix(TALL) * 1e-100, "values near .*e-100 have squared variances outside"),
        ([[1.0, np.nan], [2.0, 3.0]], "1 of 2 rows hold NaN"),
    ],
)
def test_bad_input_is_named(x, message):
    with pytest.raises(InputError, match=message):
        Spectrum.from_points(x)


def test_a_subset_of_one_row_is_too_small():
    for shape in (TALL, WIDE):
        with pytest.raises(InputError, match="at least 2 samples, got 1"):
            Spectrum.from_points(matrix(shape)).subset(np.array([3]))


def test_a_matrix_too_large_is_refused_before_it_is_made(monkeypatch):
    monkeypatch.setattr(module, "MAX_SIDE", 50)
    with pytest.raises(InputError, match="one side must be at most 50"):
        Spectrum.from_points(matrix((60, 51)))
    assert Spectrum.from_points(matrix((60, 50))).n_samples == 60
