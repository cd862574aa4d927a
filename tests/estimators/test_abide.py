"""ABIDE and k*: against DADApy 0.3.4, by theory, and where noise is.

The numbers of DADApy are those of ``return_ids_kstar_binomial()`` and, at dimension 2.5,
``compute_kstar()`` with maxk=60 on the points of `peer_points`.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators import adaptive_neighbors

FINAL = {"normal": (2.8205700207444044, 40.435), "pieces": (1.7974661609461802, 54.94)}
AT_2_5 = {
    "normal": ([59, 48, 34, 59, 59, 59, 15, 44, 21, 59, 38, 43], 17800),
    "pieces": ([59, 42, 33, 59, 17, 23, 55, 54, 23, 12, 59, 59], 17931),
}


@functools.cache
def peer_points():
    rng = np.random.default_rng(7)
    normal = rng.normal(size=(400, 3))
    square, clump = rng.random((200, 2)), rng.normal(size=(200, 2)) * 0.1 + 2
    return {"normal": normal, "pieces": np.concatenate([square, clump])}


def torus(dimension, n, seed):
    points = ds.manifolds.flat_torus(dimension).draw(np.random.default_rng(seed), n)
    return ds.NeighborGraph.from_distances(ds.manifolds.periodic_distances(points), 60)


@pytest.mark.parametrize("name", FINAL)
class TestAgainstDADApy:
    def test_neighbourhoods(self, name):
        graph = ds.NeighborGraph.from_points(peer_points()[name], 60)
        found = adaptive_neighbors(graph, 2.5)
        first, total = AT_2_5[name]
        assert found[:12].tolist() == first
        assert found.sum() == total

    @pytest.mark.statistical
    def test_dimension(self, name):
        """It starts from another TwoNN, which five rounds forget to 1e-4."""
        value, mean = FINAL[name]
        graph = ds.NeighborGraph.from_points(peer_points()[name], 60)
        estimate = ds.ABIDE(n_neighbors=60).estimate(graph)
        assert estimate.value == pytest.approx(value, rel=1e-3)
        found = adaptive_neighbors(graph, estimate.value)
        assert found.mean() == pytest.approx(mean, abs=0.05)


class TestNeighbourhoods:
    def test_the_test_is_the_likelihood_ratio_of_two_volumes(self):
        x = np.random.default_rng(0).normal(size=(80, 2))
        graph = ds.NeighborGraph.from_points(x, 30)
        found, d, bound = adaptive_neighbors(graph, 2.0, 0.01), 2.0, 6.634896601021213
        for i in range(80):
            for k in range(3, min(found[i], 28) + 1):
                own = graph.distances[i, k - 1] ** d
                other = graph.distances[graph.indices[i, k], k - 1] ** d
                ratio = -2 * k * (math.log(own) + math.log(other) - 2 * math.log(own + other))
                stops = ratio - 2 * k * math.log(4) > bound
                assert stops == (k == found[i])

    @pytest.mark.statistical
    def test_a_constant_density_stops_as_often_as_it_may(self):
        """The first test alone, at k = 3, has about the size that is asked (it is asymptotic)."""
        graph = torus(2, 2000, 0)
        stopped = (adaptive_neighbors(graph, 2.0, 0.05) == 3).mean()
        assert 0.01 < stopped < 0.08

    def test_the_scale_does_not_matter(self):
        x = np.random.default_rng(0).normal(size=(200, 3))
        expected = adaptive_neighbors(ds.NeighborGraph.from_points(x, 50), 3.0)
        for scale in (1e-100, 1e100):
            graph = ds.NeighborGraph.from_points(scale * x, 50)
            np.testing.assert_array_equal(adaptive_neighbors(graph, 3.0), expected)

    @pytest.mark.parametrize(
        ("dimension", "significance", "message"),
        [(0.0, 0.1, "dimension=0.0 must lie"), (2.0, 1.0, "significance=1.0 must lie")],
    )
    def test_out_of_range(self, dimension, significance, message):
        graph = torus(2, 100, 0)
        with pytest.raises(ds.InputError, match=message):
            adaptive_neighbors(graph, dimension, significance)

    def test_short_lists(self):
        graph = ds.NeighborGraph.from_points(np.random.default_rng(0).random((20, 2)), 3)
        with pytest.raises(ds.InputError, match="=3 must be at least 4"):
            adaptive_neighbors(graph, 2.0)


class TestABIDE:
    @pytest.mark.statistical
    @pytest.mark.parametrize("dimension", [1, 2, 5])
    def test_is_right_on_tori_within_its_error(self, dimension):
        """60 draws know a scatter to 9 %."""
        found = [ds.ABIDE(n_neighbors=60).estimate(torus(dimension, 500, s)) for s in range(60)]
        values = np.array([estimate.value for estimate in found])
        assert values.mean() == pytest.approx(dimension, rel=0.02)
        assert 0.75 < np.mean([e.stderr for e in found]) / values.std(ddof=1) < 1.35

    @pytest.mark.statistical
    def test_noise_at_small_distances_is_left_behind(self):
        sphere = ds.manifolds.noisy_sphere(2, 10, standard_deviation=0.01).sample(3000, rng=0)
        found = ds.estimate(sphere, ["two_nn", "abide"])
        assert found["two_nn"].value > 2.4
        assert found["abide"].value == pytest.approx(2, abs=0.15)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"n_neighbors": 3}, "n_neighbors=3 must be at least 4"),
            ({"n_rounds": 0}, "n_rounds=0 must be at least 1"),
            ({"significance": 0.0}, "significance=0.0 must lie between 0 and 1"),
            ({"n_neighbors": 61}, "abide needs 61 neighbours of each point, the graph has 60"),
        ],
    )
    def test_out_of_range(self, parameters, message):
        with pytest.raises(ds.InputError, match=message):
            ds.ABIDE(**{"n_neighbors": 60, **parameters}).estimate(torus(2, 100, 0))
