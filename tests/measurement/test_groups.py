"""Rows that depend on each other: values by theory, errors from blocks of whole groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import dimscope as ds
from dimscope.errors import InputError
from dimscope.measurement import Representation, block_levels, nested_blocks
from dimscope.measurement.blocks import LEAST_GROUPS, partition
from dimscope.neighbors import TimeWindow, share_together, thinned


def views(
    n_items: int = 200, n_views: int = 5, *, noise: float = 1e-3, rng: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy views of points of three dimensions, and the item of each."""
    draw = np.random.default_rng(rng)
    items = draw.random((n_items, 3)) @ draw.normal(size=(3, 12))
    x = np.repeat(items, n_views, axis=0) + noise * draw.normal(size=(n_items * n_views, 12))
    return x, np.repeat(np.arange(n_items), n_views)


def walk_on_a_torus(n: int = 6_000, rng: int = 0) -> np.ndarray:
    """A smooth random walk that fills a flat torus of two dimensions, densely sampled."""
    draw = np.random.default_rng(rng)
    velocity = np.zeros((n, 2))
    for i, push in enumerate(draw.normal(size=(n - 1, 2)), 1):
        velocity[i] = 0.98 * velocity[i - 1] + 0.2 * push
    angles = np.cumsum(0.04 * velocity, axis=0)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def codes(estimate: ds.DimensionEstimate) -> list[str]:
    return [note.code for note in estimate.notes]


class TestViews:
    def test_without_groups_views_far_below_all_other_distances_are_near_copies(self):
        estimate = ds.estimate(views()[0])
        low, high = estimate.interval
        assert low < 3 < high
        assert (estimate.n_samples, estimate.n_near_copies) == (200, 800)
        assert codes(estimate).count("near_copies") == 1

    def test_views_that_are_kept_give_their_own_value_and_a_note_says_it(self):
        estimate = ds.estimate(views()[0], near_copies="keep")
        assert estimate.value > 6
        (note,) = [note for note in estimate.notes if note.code == "row_order"]
        assert "groups=labels" in note
        assert "7" in note.partition("%")[0]  # about 70 % have a view next to them
        assert estimate.n_groups is None

    @pytest.mark.parametrize("noise", [1e-4, 1e-3, 1e-2])
    @pytest.mark.parametrize("n_views", [2, 5, 8])
    def test_with_groups_the_interval_holds_three(self, n_views, noise):
        n_held = 0
        for rng in range(4):
            x, items = views(n_views=n_views, noise=noise, rng=rng)
            estimate = ds.estimate(x, groups=items)
            low, high = estimate.interval
            n_held += low < 3 < high
            assert (estimate.n_samples, estimate.n_groups) == (200, 200)
            assert codes(estimate).count("groups") == 1
            assert "row_order" not in codes(estimate)
        assert n_held >= 3

    def test_all_methods_see_the_items(self):
        x, items = views(400)
        methods = ["gride", "levina_bickel", "mst_dimension", "ess", "consensus"]
        found = ds.estimate(x, methods, groups=items)
        for estimate in found.values():
            assert estimate.problem is None
            assert estimate.value == pytest.approx(3, rel=0.15)
            assert estimate.n_groups == 400

    def test_the_estimate_of_a_graph_is_that_of_the_array(self):
        x, items = views()
        graph = ds.NeighborGraph.from_points(x, 2, groups=items)
        assert ds.estimate(graph).value == ds.estimate(x, groups=items).value
        assert ds.TwoNN().fit(graph).dimension_ == ds.estimate(graph).value

    def test_lists_that_hold_views_of_one_item_are_said(self):
        x, items = views()
        graph = replace(ds.NeighborGraph.from_points(x, 2, groups=items), n_features=None)
        estimate = ds.TwoNN().estimate(graph)
        assert estimate.value > 100  # five nearly equal distances in each list
        assert "groups" in codes(estimate)
        assert "dependence" in codes(estimate)


class TestTime:
    def test_a_window_gives_the_dimension_of_the_torus(self):
        x = walk_on_a_torus()
        alone = ds.estimate(x)
        assert alone.value > 2.5
        assert "row_order" in codes(alone)
        estimate = ds.estimate(x, groups=TimeWindow(100))
        low, high = estimate.interval
        assert low < 2 < high
        assert estimate.value == pytest.approx(2, rel=0.15)
        assert estimate.n_groups == 60
        assert "row_order" not in codes(estimate)

    def test_a_window_that_is_too_narrow_is_said(self):
        assert "row_order" in codes(ds.estimate(walk_on_a_torus(), groups=TimeWindow(2)))

    def test_scale_curves_take_a_window_too(self):
        curves = ds.scale_curve(walk_on_a_torus(), groups=TimeWindow(100))
        assert curves.n_groups == 60
        assert "in 60 groups)" in str(curves)
        assert curves.plateau.value == pytest.approx(2, rel=0.15)

    def test_a_slow_autoregression_of_ten_dimensions(self):
        draw = np.random.default_rng(0)
        x = np.zeros((2000, 10))
        for i, push in enumerate(draw.normal(size=(1999, 10)), 1):
            x[i] = 0.9 * x[i - 1] + push
        assert ds.estimate(x).value < 6
        assert ds.estimate(x, groups=TimeWindow(30)).value > 8.5


class TestWideGroups:
    """Groups that are as wide as the distances between them need no thinning."""

    x = np.random.default_rng(0).random((1000, 3))
    texts = np.repeat(np.arange(50), 20)

    def test_are_measured_as_they_are(self):
        estimate = ds.estimate(self.x, groups=self.texts)
        assert (estimate.n_samples, estimate.n_groups) == (1000, 50)
        assert str(estimate).endswith("(N = 1000 in 50 groups)")
        assert estimate.interval[0] < 3 < estimate.interval[1]

    def test_of_few_groups_have_no_error(self):
        estimate = ds.estimate(self.x, groups=np.arange(1000) % (2 * LEAST_GROUPS - 1))
        assert estimate.value == pytest.approx(3, rel=0.15)
        assert (estimate.stderr, estimate.interval, estimate.error_kind) == (None, None, None)
        assert "too few for blocks of whole groups" in estimate.notes[-1]

    def test_own_errors_are_kept_on_request_and_said(self):
        estimate = ds.estimate(self.x, groups=self.texts, errors="own")
        assert estimate.error_kind == "theory"
        assert "it is too narrow" in "".join(estimate.notes)

    def test_linear_dimensions_have_errors_from_whole_groups(self):
        draw = np.random.default_rng(1)
        spread = []
        for _ in range(30):
            texts = draw.normal(size=(40, 1, 8)) + 0.2 * draw.normal(size=(40, 25, 8))
            found = ds.estimate(
                texts.reshape(-1, 8), "participation_ratio", groups=np.repeat(np.arange(40), 25)
            )
            spread.append((found.value, found.stderr))
        values, errors = np.array(spread).T
        assert errors.mean() == pytest.approx(values.std(), rel=0.5)
        alone = ds.estimate(texts.reshape(-1, 8), "participation_ratio")
        assert alone.stderr < errors.mean() / 2  # rows taken as independent

    def test_a_method_that_needs_more_neighbours_than_there_are_says_so(self):
        labels = [0] * 95 + [1, 2, 3, 4, 5]
        found = ds.estimate(self.x[:100], ["two_nn", "levina_bickel"], groups=labels)
        assert found["two_nn"].value is not None
        assert "leave 5 of 100 rows" in found["levina_bickel"].problem


class TestBlocks:
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(40), 5))

    def test_hold_whole_groups(self):
        blocks = list(partition(200, 50, groups=self.groups))
        assert len(blocks) == 4
        assert sorted(np.concatenate(blocks)) == list(range(200))
        seen = [set(self.groups[rows]) for rows in blocks]
        assert [len(own) for own in seen] == [10] * 4
        assert not set.intersection(*seen)

    def test_nested_blocks_do_too_and_end_at_few_groups(self):
        groups = np.repeat(np.arange(20), 100)
        steps = list(nested_blocks(2000, 32, groups=groups))
        assert [len(step) for step in steps] == [1, 2, 4]
        assert all(len(set(groups[rows])) == 5 for rows in steps[2])

    def test_levels_of_a_graph_with_groups(self):
        x, items = views(200, 4, noise=0.5)
        graph = ds.NeighborGraph.from_points(x, 2, groups=items)
        assert block_levels({"two_nn": ds.TwoNN()}, graph)["two_nn"]


class TestThinning:
    def test_ends_with_one_view_of_each_item(self):
        x, items = views()
        graph = ds.NeighborGraph.from_points(x, 10, groups=items)
        part = thinned(graph, 4)
        assert (part.n_samples, part.n_neighbors, part.n_thinned) == (200, 4, 800)
        assert set(items[part.original_rows]) == set(range(200))
        alone = ds.NeighborGraph.from_points(x[part.original_rows], 4)
        np.testing.assert_allclose(part.distances, alone.distances, rtol=1e-12)

    def test_nothing_is_set_aside_where_groups_are_independent(self):
        draw = np.random.default_rng(0)
        for n_groups in (2, 3, 10, 100):
            labels = np.arange(600) % n_groups
            graph = ds.NeighborGraph.from_points(draw.random((600, 4)), 5, groups=labels)
            assert abs(share_together(graph)) < 0.05
            assert thinned(graph, 5).n_thinned == 0

    def test_a_graph_without_groups_is_itself(self):
        graph = ds.NeighborGraph.from_points(views()[0], 4)
        assert thinned(graph, 4) is graph


class TestRepresentations:
    def test_keep_the_groups_of_a_subset(self):
        x, items = views(50)
        part = Representation.of(x, groups=items).subset(np.arange(100, 200))
        graph = part.graph(3)
        assert not (items[100:][graph.indices] == items[100:200, None]).any()
        assert part.n_groups == 20

    def test_groups_beside_a_graph_are_refused(self):
        x, items = views(50)
        graph = ds.NeighborGraph.from_points(x, 3)
        with pytest.raises(InputError, match="groups are given beside a NeighborGraph"):
            ds.estimate(graph, groups=items)
