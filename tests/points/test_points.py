"""A representation read by blocks: rows, units, means, equal rows."""

from __future__ import annotations

import numpy as np
import pytest
import zarr

from dimscope.points import as_points


def matrix(n=60, d=5):
    return np.random.default_rng(0).normal(size=(n, d))


def values_of(p):
    return np.concatenate(list(p.column_blocks()), axis=1)


def test_nothing_is_written_into_the_input():
    x = matrix()
    x[0, 0] = -0.0
    before = x.tobytes()
    p = as_points(x)
    _ = p.scan, p.normalised().scan, [block.fill(0) for block in p.row_blocks()]
    assert x.tobytes() == before


@pytest.mark.parametrize("on_disk", [False, True])
def test_blocks_cover_the_rows_taken_in_their_order(on_disk, monkeypatch):
    x = np.random.default_rng(1).normal(size=(37, 2500))
    monkeypatch.setattr("dimscope.points.points._BLOCK_BYTES", 8 * 2500 * 5)
    rows = np.array([30, 2, 17, 3, 36, 0, 11])
    p = as_points(zarr.array(x) if on_disk else x).take(np.arange(36, -1, -1)).take(rows)
    want = x[36 - rows]
    assert (p.n_samples, p.n_features) == want.shape
    columns, by_rows = list(p.column_blocks()), list(p.row_blocks())
    assert [block.shape[1] for block in columns] == [1024, 1024, 452]
    assert [len(block) for block in by_rows] == [5, 2]
    np.testing.assert_array_equal(np.concatenate(columns, axis=1), want)
    np.testing.assert_array_equal(np.concatenate(by_rows), want)


def test_rows_of_unit_length_whichever_way_they_are_read():
    x = matrix()
    rows = np.array([5, 1, 40])
    want = x[rows] / np.linalg.norm(x[rows], axis=1, keepdims=True)
    for p in (as_points(x).normalised().take(rows), as_points(x).take(rows).normalised()):
        np.testing.assert_allclose(values_of(p), want, rtol=1e-15)
        np.testing.assert_allclose(np.concatenate(list(p.row_blocks())), want, rtol=1e-15)


def test_the_mean_of_a_constant_column_is_exact():
    x = matrix()
    x[:, 2] = 0.1  # ten times 0.1 is not 1
    assert as_points(x).scan.column_mean[2] == 0.1


def test_the_mean_is_right_where_the_offset_is_huge():
    x = matrix(1000)
    mean = as_points(x + 1e12).scan.column_mean
    np.testing.assert_allclose(mean - 1e12, (x + 1e12 - 1e12).mean(axis=0), atol=2e-4)


def test_which_rows_are_equal():
    x = np.array([[1.0, 0.0], [2.0, 0.0], [1.0, -0.0], [2.0, 1e-300], [2.0, 0.0]])
    assert as_points(x).scan.first_of_row.tolist() == [0, 1, 0, 3, 1]
