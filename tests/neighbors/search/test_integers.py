"""Rows as integers of 8 bits: exact products, the same neighbours, and where they pay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from search_clouds import CLOUDS, N, far_classes, huge_outlier, many_far_classes, uneven

from dimscope.neighbors.search import quantised as _quantised, vnni as _vnni
from dimscope.neighbors.search.blocks import Matrix
from dimscope.neighbors.search.certified import Tiling, search_certified, search_tiles
from dimscope.neighbors.search.integers import Integers
from dimscope.neighbors.search.quantised import Quantised, worthwhile_integers
from dimscope.neighbors.search.sample import Sample
from dimscope.points import as_points

K = 10
needs_instruction = pytest.mark.skipif(
    not _vnni.is_supported(), reason="this processor lacks AVX512-VNNI"
)


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
