"""Integers beyond 2^53, where float64 numbers lie two and more apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
import zarr

import dimscope as ds
from dimscope.points import as_points

PLANE = np.random.default_rng(0).integers(0, 10**6, size=(400, 2)) @ np.eye(2, 4, dtype=np.int64)
OFFSETS = np.array([2**62, -(2**62), 2**53, 7])
LARGE = PLANE + OFFSETS
UNSIGNED = PLANE.astype(np.uint64) + np.uint64(2**63 + 11)


@pytest.mark.parametrize(
    "x",
    [
        LARGE,
        UNSIGNED,
        LARGE.astype(">i8"),
        LARGE.astype(object),
        LARGE.tolist(),
        torch.from_numpy(LARGE),
        pd.DataFrame(LARGE),
        pd.DataFrame(LARGE).convert_dtypes(),
        pd.DataFrame(UNSIGNED),
        pd.DataFrame(LARGE).astype({0: "int64[pyarrow]"}),
        pd.Series(list(LARGE)),
        zarr.array(LARGE, chunks=(50, 2)),
    ],
    ids=lambda x: type(x).__name__,
)
@pytest.mark.parametrize("method", ["two_nn", "participation_ratio"])
def test_an_offset_changes_nothing(x, method):
    assert ds.estimate(x, method).value == pytest.approx(
        ds.estimate(PLANE, method).value, rel=1e-12
    )


def test_distances_are_exact():
    x = np.array([[2**62], [2**62 + 1], [2**62 + 3]])
    graph = ds.NeighborGraph.from_points(x, 2)
    assert graph.distances.tolist() == [[1.0, 3.0], [1.0, 2.0], [2.0, 3.0]]
    assert graph.rounding == 0.0


def test_points_on_disk_are_read_by_rows_and_by_columns():
    rows = np.array([30, 2, 17])
    points = as_points(zarr.array(LARGE, chunks=(50, 2))).take(rows)
    want = PLANE[rows] - PLANE.min(axis=0)
    np.testing.assert_array_equal(np.hstack(list(points.column_blocks())), want)
    np.testing.assert_array_equal(np.vstack(list(points.row_blocks())), want)


def test_random_numbers_over_the_whole_range_are_rounded_as_floats_are():
    x = np.random.default_rng(0).integers(0, 2**64 - 1, size=(500, 2), dtype=np.uint64)
    assert as_points(x).roundoff == 2.0**-53
    assert ds.estimate(x).value == pytest.approx(ds.estimate(x.astype(float)).value, rel=1e-9)


def test_what_float64_cannot_tell_apart_is_refused():
    x = np.array([[0, 0], [1, 0], [2, 0], [2**62, 1], [2**62 + 1, 2], [2**62 + 2, 3]])
    with pytest.raises(ds.InputError, match=r"column 0 holds 6 different .* only 4 apart"):
        ds.estimate(x)


def test_directions_of_rounded_numbers_are_refused():
    with pytest.raises(ds.InputError, match=r"use metric='euclidean'"):
        ds.estimate(LARGE, metric="cosine")


def test_distances_that_were_given_are_not_shifted():
    far = 2**60 * np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    with pytest.raises(ds.InputError, match=r"give distances as floats, x.astype\(float\)"):
        ds.NeighborGraph.from_distances(far, 2)
    assert ds.NeighborGraph.from_distances(far.astype(float), 1).distances[0, 0] == 2.0**60
