"""Error bars from the scatter over disjoint blocks of points, where theory gives none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import dimscope as ds
from dimscope.estimators import block_error, block_levels, make_estimators
from dimscope.estimators._shared.block_errors import Level

WITH_BLOCKS = ["mst_dimension", "knn_graph_dimension", "danco"]


def test_the_error_is_the_scatter_and_the_interval_covers():
    """Thirty draws know their scatter to 13 %, and an error from eight blocks its own to 27 %."""
    manifold = ds.manifolds.gaussian(5)
    found = [ds.estimate(manifold.sample(400, rng=draw), WITH_BLOCKS) for draw in range(30)]
    for name in WITH_BLOCKS:
        values, errors = (
            np.array([getattr(f[name], column) for f in found]) for column in ("value", "stderr")
        )
        assert np.sqrt(np.square(errors).mean()) == pytest.approx(values.std(ddof=1), rel=0.4)
        low, high = np.array([f[name].interval for f in found]).T
        assert ((low < values.mean()) & (values.mean() < high)).mean() >= 0.85


def test_says_of_how_many_blocks_it_is():
    x = ds.manifolds.sphere(2).sample(900, rng=0)
    for n_samples, n_blocks in ((900, 16), (450, 8), (150, 2)):
        notes = ds.estimate(x[:n_samples], "danco").notes
        assert f"The error is the scatter over {n_blocks} disjoint blocks of points" in notes[-1]


def test_pooled_by_degrees_of_freedom_with_student_s_interval():
    estimate = ds.estimate(ds.manifolds.sphere(2).sample(400, rng=0))
    levels = [Level(200, np.array([2.0, 2.2])), Level(100, np.array([1.8, 2.0, 2.2, 2.4]))]
    relative = np.array([np.var(v.values, ddof=1) / v.values.mean() ** 2 for v in levels])
    want = estimate.value * np.sqrt((relative[0] / 2 + 3 * relative[1] / 4) / 4)
    stderr, (low, high) = block_error(estimate, levels)
    assert stderr == pytest.approx(want)
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 4) * want)
    assert (high + low) / 2 == pytest.approx(estimate.value)


def test_points_that_an_estimate_left_out_leave_its_interval():
    estimate = replace(ds.estimate(ds.manifolds.sphere(2).sample(400, rng=0)), n_samples=397)
    stderr, (low, high) = block_error(estimate, [Level(200, np.array([1.9, 2.1]))])
    assert (high - low) / 2 == pytest.approx(stats.t.ppf(0.975, 1) * stderr)


def test_errors_of_their_own_stay():
    x = ds.manifolds.sphere(2).sample(500, rng=0)
    assert ds.estimate(x).stderr == ds.TwoNN().fit(x).estimate_.stderr


def test_without_blocks_or_where_they_do_not_hold_there_is_none():
    x = ds.manifolds.sphere(2).sample(500, rng=0)
    assert ds.estimate(x, "local_pca").stderr is None
    assert ds.estimate(x[:90], "danco").stderr is None  # blocks of 45 points
    assert ds.MSTDimension().fit(x).estimate_.stderr is None


def test_blocks_for_which_given_lists_are_too_short_are_left_out():
    graph = ds.NeighborGraph.from_points(ds.manifolds.sphere(2).sample(800, rng=0), 40)
    lists = ds.NeighborGraph.from_neighbors(graph.distances, graph.indices)
    levels = block_levels(make_estimators("two_nn"), lists)["two_nn"]
    assert [(level.n_samples, len(level.values)) for level in levels] == [(400, 2), (200, 3)]


def test_blocks_that_agree_show_no_error():
    x = np.random.default_rng(0).normal(size=(400, 3)) @ np.eye(3, 8)
    estimators = make_estimators("pca_dimension")
    spectrum = ds.Spectrum.from_points(x)
    levels = block_levels(estimators, spectrum)["pca_dimension"]
    assert [(level.n_samples, len(level.values)) for level in levels] == [
        (200, 2),
        (100, 4),
        (50, 8),
    ]
    assert block_error(estimators["pca_dimension"].estimate(spectrum), levels) is None
