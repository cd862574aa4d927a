"""What the estimators share that see the neighbours of each point as vectors."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators import make_estimator
from dimscope.estimators._shared.neighborhoods import (
    NeighborhoodEstimator,
    centred_products,
)
from dimscope.measurement import vectors as module

ESTIMATORS = [kind(n_neighbors=10) for kind in (ds.LocalPCA, ds.ABID, ds.TLE, ds.ESS)]
each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e.name)


def cloud(n=150, d=7, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_products_are_centred_on_the_mean_of_the_neighbours():
    x = cloud()
    graph = ds.NeighborGraph.from_points(x, 6)
    neighbors = x[graph.indices]
    around, of = neighbors - x[:, None], neighbors - neighbors.mean(axis=1, keepdims=True)
    products, expected = around @ around.transpose(0, 2, 1), of @ of.transpose(0, 2, 1)
    np.testing.assert_allclose(centred_products(products), expected, atol=1e-11)


def test_every_estimator_of_neighbourhoods_is_tested_here():
    made = [make_estimator(name) for name in ds.estimators.ESTIMATORS]
    registered = {e.name for e in made if isinstance(e, NeighborhoodEstimator)}
    assert {e.name for e in ESTIMATORS} == registered


@each_estimator
class TestEveryEstimatorOfNeighbourhoods:
    def test_needs_the_points(self, estimator):
        x = cloud()
        far = np.linalg.norm(x[:, None] - x, axis=2)
        given = ds.NeighborGraph.from_distances(far, 10)
        for estimate in (estimator.estimate, estimator.estimate_local):
            with pytest.raises(ds.InputError, match=f"{estimator.name} needs the points themsel"):
                estimate(given)

    def test_needs_enough_neighbours(self, estimator):
        graph = ds.NeighborGraph.from_points(cloud(), 9)
        with pytest.raises(ds.InputError, match=f"{estimator.name} needs 10 neighbours of each"):
            estimator.estimate(graph)
        few = type(estimator)(n_neighbors=estimator.least_neighbors - 1)
        with pytest.raises(ds.InputError, match=r"n_neighbors=\d must be at least \d"):
            few.estimate(graph)
        least = type(estimator)(n_neighbors=estimator.least_neighbors)
        assert least.estimate(graph).value > 0

    @pytest.mark.parametrize("scale", [1e-100, 1e-12, 1e-4, 1e12, 1e100])
    def test_does_not_depend_on_the_scale(self, estimator, scale):
        x = cloud()
        assert estimator.fit(scale * x).dimension_ == pytest.approx(
            estimator.fit(x).dimension_, rel=1e-9
        )

    @pytest.mark.statistical
    def test_local_values_are_at_their_points_and_the_whole_is_between_them(self, estimator):
        rng = np.random.default_rng(0)
        line, sheet = np.eye(2, 5)[:1] * rng.random((200, 1)), rng.random((200, 2)) @ np.eye(2, 5)
        graph = ds.NeighborGraph.from_points(np.concatenate([line, sheet + 7]), 10)
        local = estimator.estimate_local(graph)
        assert np.median(local.values[:200]) == pytest.approx(1, abs=0.15)
        assert np.median(local.values[200:]) == pytest.approx(2, abs=0.3)
        assert (local.n_neighbors, local.method) == (10, estimator.name)
        assert 1.2 < estimator.estimate(graph).value < 1.8

    @pytest.mark.parametrize("far", [1e6, 1e150])
    def test_one_outlier_counts_as_one_point(self, estimator, far):
        """1 of 501 neighbourhoods, whose number is bounded as all are, or a logarithm."""
        x = cloud(500, 3)
        away = np.concatenate([x, np.full((1, 3), far)])
        value = estimator.fit(x).dimension_
        assert estimator.fit(away).dimension_ == pytest.approx(value, rel=0.02)

    def test_copies_that_are_kept_have_no_direction(self, estimator):
        x = cloud()
        copies = np.concatenate([x, np.repeat(x[:2], 30, axis=0)])
        graph = ds.NeighborGraph.from_points(copies, 10, duplicates="keep")
        values = estimator.estimate_local(graph).values
        assert np.isnan(values[[0, 1, *range(150, 210)]]).all()
        assert np.isfinite(values[2:150]).mean() > 0.9
        estimate = estimator.estimate(graph)
        assert estimate.n_samples == np.isfinite(values).sum()
        assert any("have no dimension were left out" in note for note in estimate.notes)

    def test_nothing_to_see_is_an_error(self, estimator):
        copies = np.repeat(cloud(3), 30, axis=0)
        graph = ds.NeighborGraph.from_points(copies, 10, duplicates="keep")
        with pytest.raises(ds.InputError, match="none of 90 neighbourhoods of 10 points has a dim"):
            estimator.estimate(graph)
        assert np.isnan(estimator.estimate_local(graph).values).all()

    def test_a_grid_with_ties_is_a_plane(self, estimator):
        grid = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), -1).reshape(-1, 2)
        assert estimator.fit(grid).dimension_ == pytest.approx(2, rel=0.25)


def test_scale_is_the_distance_to_the_last_neighbour_used():
    graph = ds.NeighborGraph.from_points(cloud(), 12)
    estimate = ds.LocalPCA(n_neighbors=10).estimate(graph)
    assert estimate.scale == pytest.approx(graph.distances[:, 9].mean())
    assert (estimate.parameters["n1"], estimate.parameters["n2"]) == (1, 10)


@pytest.mark.statistical
def test_the_metric_is_that_of_the_graph():
    """Rows scaled to unit length lie on a sphere, one dimension below the space."""
    x = cloud(2000, 3)
    make = partial(ds.NeighborGraph.from_points, n_neighbors=30)
    assert ds.LocalPCA(n_neighbors=30).estimate(make(x)).value > 2.9
    assert ds.LocalPCA(n_neighbors=30).estimate(make(x, metric="cosine")).value < 2.1


def test_several_estimators_share_one_pass(monkeypatch):
    """Each as by itself, from its own nearest, whatever the others use."""
    graph = ds.NeighborGraph.from_points(cloud(), 12)
    made = [ds.ESS(n_neighbors=12), ds.ABID(n_neighbors=5), ds.LocalPCA(n_neighbors=8), ds.TwoNN()]
    passes = []
    whole = module._passes
    monkeypatch.setattr(module, "_passes", lambda *a: passes.append(1) or whole(*a))
    found = ds.estimate(graph, made, errors="own")
    assert len(passes) == 1
    assert list(found) == ["ess", "abid", "local_pca", "two_nn"]
    for estimator in made:
        alone = estimator.estimate(graph)
        assert found[estimator.name].value == pytest.approx(alone.value, rel=1e-12)
        assert found[estimator.name].n_samples == alone.n_samples
