"""Neighbours without kin, against brute force; and what cannot be groups."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

import dimscope as ds
from dimscope.errors import InputError
from dimscope.neighbors import Kin, TimeWindow

KINDS = ("points", "distances", "neighbors", "sparse")


def by_brute_force(x: np.ndarray, kin: np.ndarray) -> np.ndarray:
    """All distances, infinite between kin, ascending along each row."""
    distances = cdist(x, x)
    distances[kin] = np.inf
    return np.sort(distances, axis=1)


def are_kin(groups: Any, n: int) -> np.ndarray:
    if isinstance(groups, TimeWindow):
        return np.abs(np.arange(n)[:, None] - np.arange(n)) <= groups.width
    labels = np.asarray(groups)
    return labels[:, None] == labels


def graph_of(kind: str, x: np.ndarray, k: int, groups: Any) -> ds.NeighborGraph:
    distances = cdist(x, x)
    if kind == "points":
        return ds.NeighborGraph.from_points(x, k, groups=groups)
    if kind == "distances":
        return ds.NeighborGraph.from_distances(distances, k, groups=groups)
    if kind == "neighbors":
        nearest = np.argsort(distances, axis=1)
        listed = np.take_along_axis(distances, nearest, axis=1)
        return ds.NeighborGraph.from_neighbors(listed, nearest, groups=groups)
    return ds.NeighborGraph.from_sparse(csr_array(distances), groups=groups)


@st.composite
def grouped(draw: st.DrawFn) -> tuple[np.ndarray, Any, int]:
    """Points in families of any size and width, or in order of time, and a number of neighbours."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(12, 90))
    k = draw(st.integers(1, 4))
    if draw(st.booleans()):
        width = draw(st.integers(1, (n - k - 1) // 2))
        return np.cumsum(rng.normal(size=(n, 3)), axis=0), TimeWindow(width), k
    labels = rng.integers(0, draw(st.integers(3, n)), n)
    labels[:3] = 0, 1, 2
    x = draw(st.sampled_from([0.0, 1.0, 10.0])) * labels[:, None] + rng.normal(size=(n, 3))
    k = min(k, n - int(np.bincount(labels).max()))
    return x, labels, k


@given(grouped(), st.sampled_from(KINDS))
@settings(max_examples=60, deadline=None)
def test_lists_hold_the_nearest_of_other_groups(
    case: tuple[np.ndarray, Any, int], kind: str
) -> None:
    x, groups, k = case
    kin = are_kin(groups, len(x))
    graph = graph_of(kind, x, k, groups)
    assert not kin[np.arange(len(x))[:, None], graph.indices].any()
    expected = by_brute_force(x, kin)[:, : graph.n_neighbors]
    np.testing.assert_allclose(graph.distances, expected, rtol=1e-9)


@given(grouped(), st.sampled_from(KINDS[:2]), st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_subsets_ranks_and_counts_leave_kin_out(
    case: tuple[np.ndarray, Any, int], kind: str, seed: int
) -> None:
    x, groups, k = case
    kin = are_kin(groups, len(x))
    graph = graph_of(kind, x, k, groups)
    every = by_brute_force(x, kin)
    ranks = [1, len(x) - int(kin.sum(axis=1).max())]
    np.testing.assert_allclose(graph.distances_at(ranks), every[:, np.array(ranks) - 1], rtol=1e-9)
    radii = (1 + 1e-9) * np.quantile(every[np.isfinite(every)], [0.1, 0.6])
    counted = graph.counts_within(radii.tolist())
    assert np.array_equal(counted, (every[:, :, None] <= radii).sum(axis=1))
    rows = np.sort(np.random.default_rng(seed).permutation(len(x))[: 2 * len(x) // 3])
    inside = kin[np.ix_(rows, rows)]
    if (len(rows) - inside.sum(axis=1)).min() >= k:
        part = graph.subset(rows, k)
        expected = by_brute_force(x[rows], inside)[:, :k]
        np.testing.assert_allclose(part.distances, expected, rtol=1e-9)


@pytest.mark.parametrize("n_groups", [2, 3, 30])
def test_large_groups_are_searched_among_the_others(n_groups: int) -> None:
    rng = np.random.default_rng(0)
    n = 1_600
    labels = rng.integers(0, n_groups, n)
    x = 20.0 * labels[:, None] + rng.normal(size=(n, 6))
    graph = ds.NeighborGraph.from_points(x, 5, groups=labels)
    kin = labels[:, None] == labels
    np.testing.assert_allclose(graph.distances, by_brute_force(x, kin)[:, :5], rtol=1e-9)
    assert graph.n_groups == n_groups


def test_labels_of_any_type_say_the_same() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    labels = np.arange(60) // 3
    expected = ds.NeighborGraph.from_points(x, 4, groups=labels)
    for same in (labels.astype(str), [f"text {i}" for i in labels], labels * 0.5, labels[:, None]):
        graph = ds.NeighborGraph.from_points(x, 4, groups=same)
        assert np.array_equal(graph.indices, expected.indices)
        assert graph.n_groups == 20


def test_copies_are_set_aside_before_kin_are_counted() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    twice = np.concatenate([x, x])
    graph = ds.NeighborGraph.from_points(twice, 4, groups=np.tile(np.arange(60), 2))
    assert (graph.n_samples, graph.n_duplicates, graph.n_groups) == (60, 60, 60)
    assert graph.groups is None


def test_a_stretch_as_long_as_the_window_is_a_group() -> None:
    x = np.random.default_rng(0).normal(size=(60, 3))
    graph = ds.NeighborGraph.from_points(x, 4, groups=TimeWindow(9))
    assert graph.groups is not None
    assert np.array_equal(graph.groups, np.arange(60) // 10)


@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_halving_ends_with_one_row_of_each_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 12, 100)
    kin = Kin.of(labels, 100)
    rows = np.arange(100)
    for _ in range(7):
        rows = kin.halved(rows, rng)
        assert set(labels[rows]) == set(labels)
    assert not kin.any_among(rows)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        (np.arange(9), "groups has 9 labels for 10 rows"),
        (5, "groups is 5: give one label for each row, or ds.TimeWindow"),
        ("speaker", "groups is 'speaker'"),
        (np.zeros((10, 2)), r"an array of shape \(10, 2\)"),
        (np.ones(10), "one label for all 10 rows"),
        ([0.0, np.nan, *range(8)], "no label for 1 of 10 rows, the first of them row 1"),
        (["a", None, *"bcdefghi"], "no label for 1 of 10 rows, the first of them row 1"),
        (TimeWindow(10), r"TimeWindow\(10\) holds all 10 rows"),
        ([0] * 8 + [1, 1], "3 neighbours outside a row's own group .* leave 2 of 10 rows"),
    ],
)
def test_what_cannot_be_groups_is_refused(groups: Any, said: str) -> None:
    x = np.random.default_rng(0).normal(size=(10, 3))
    with pytest.raises(InputError, match=said):
        ds.NeighborGraph.from_points(x, 3, groups=groups)


@pytest.mark.parametrize("width", [0, -1, 2.5, "3", True])
def test_a_window_is_a_whole_number_of_steps(width: Any) -> None:
    with pytest.raises(InputError, match="width="):
        TimeWindow(width)


def test_lists_of_nothing_but_kin_are_refused() -> None:
    with pytest.raises(InputError, match="all of its own group: give longer lists"):
        ds.NeighborGraph.from_neighbors(
            [[1.0], [1.0], [2.0]], [[1], [0], [1]], groups=["a", "a", "b"]
        )
