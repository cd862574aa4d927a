"""SciPy's sparse matrices give the numbers of their dense forms, whether read by blocks or not."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

import dimscope as ds
from dimscope.points import as_points

FORMATS = ("csr", "csc", "coo", "lil", "dok", "bsr")
METHODS = ["two_nn", "levina_bickel", "participation_ratio", "pca_dimension"]


def dense(n=200, d=1500):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.05)


@pytest.fixture(params=[2**27, 0], ids=["small", "large"])
def limit(request, monkeypatch):
    monkeypatch.setattr("dimscope.points.sparse._SMALL_BYTES", request.param)
    return request.param


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csr_matrix])
def test_all_formats_are_the_dense_matrix(limit, kind, make):
    points = as_points(make(dense()).asformat(kind))
    assert isinstance(points.source, np.ndarray) == bool(limit)
    rows = np.array([30, 2, 170])
    for part, want in ((points, dense()), (points.take(rows), dense()[rows])):
        np.testing.assert_array_equal(np.hstack(list(part.column_blocks())), want)
        np.testing.assert_array_equal(np.vstack(list(part.row_blocks())), want)


@pytest.mark.parametrize("shape", [(200, 1500), (1700, 40)])
def test_all_numbers_are_those_of_the_dense_matrix(limit, shape):
    sparse = scipy.sparse.csr_array(dense(*shape))
    assert ds.estimate(sparse, METHODS) == ds.estimate(dense(*shape), METHODS)


def test_large_ones_are_never_dense_as_a_whole():
    where = np.random.default_rng(0).integers(0, (60, 1_000_000), size=(500, 2)).T
    sparse = scipy.sparse.coo_array((np.ones(500), where), shape=(60, 1_000_000))
    read = [block.shape[1] for block in as_points(sparse).column_blocks()]
    assert sum(read) == 1_000_000
    assert max(read) < 100_000


def test_what_a_matrix_of_distances_leaves_out_is_no_distance():
    with pytest.raises(ds.InputError, match=r"use NeighborGraph\.from_sparse"):
        ds.NeighborGraph.from_distances(scipy.sparse.eye_array(5), 2)
