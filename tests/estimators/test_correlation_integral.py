"""The correlation integral against all pairs and scikit-dimension."""

from __future__ import annotations

import numpy as np
import pytest
import skdim
from known_points import on_sphere, torus
from scipy.spatial.distance import pdist, squareform

from dimscope import CorrelationIntegral, InputError, NeighborGraph
from dimscope.manifolds import make_manifold


def slope_over_all_pairs(x, k1, k2):
    distances = pdist(x)
    nearest = np.sort(squareform(distances), axis=1)  # the point itself is the 0-th
    r1, r2 = np.median(nearest[:, k1]), np.median(nearest[:, k2])
    c1, c2 = (distances <= r1).mean(), (distances <= r2).mean()
    return np.log(c2 / c1) / np.log(r2 / r1), r2


@pytest.mark.parametrize(("k1", "k2"), [(1, 2), (10, 20), (5, 60)])
@pytest.mark.parametrize("n", [400, 300])
def test_the_slope_is_that_over_all_pairs(k1, k2, n):
    """In the dense middle of these points many have more than k2 neighbours within the radius."""
    x = np.exp(2 * on_sphere(n, 3))
    estimate = CorrelationIntegral(k1=k1, k2=k2).fit(x).estimate_
    want, radius = slope_over_all_pairs(x, k1, k2)
    graph = NeighborGraph.from_points(x, k2)
    assert (graph.distances[:, -1] < radius).mean() > 0.4
    assert estimate.value == pytest.approx(want, rel=1e-7)
    assert estimate.scale == pytest.approx(radius, rel=1e-7)
    assert (estimate.parameters["n1"], estimate.parameters["n2"]) == (k1, k2)


def test_scikit_dimension_agrees():
    # version 0.5.0: its shares are of N^2, which cancels; an even N, so that no pair is at the
    # median radius itself, where it counts those below only
    x = on_sphere(400, 3)
    peer = skdim.id.CorrInt(k1=10, k2=20).fit(x).dimension_
    assert CorrelationIntegral().fit(x).dimension_ == pytest.approx(peer, rel=1e-7)


class TestLocal:
    def test_is_the_slope_of_each_point_s_own_counts(self):
        x = np.exp(2 * on_sphere(300, 3))
        distances = squareform(pdist(x))
        r1, r2 = np.median(np.sort(distances, axis=1)[:, [10, 20]], axis=0) * (1 + 1e-9)
        inner, outer = ((distances <= r).sum(axis=1) - 1 for r in (r1, r2))
        known = (inner > 0) & (inner < outer)
        assert 0 < known.sum() < 300
        found = CorrelationIntegral().estimate_local(NeighborGraph.from_points(x, 20))
        want = np.log(outer[known] / inner[known]) / np.log(r2 / r1)
        np.testing.assert_allclose(found.values[known], want, rtol=1e-7)
        assert np.isnan(found.values[~known]).all()
        assert found.n_neighbors == 20

    @pytest.mark.statistical
    @pytest.mark.parametrize("dimension", [1, 2, 5])
    def test_is_right_on_a_torus_but_for_its_bias(self, dimension):
        """Given the neighbours within r2, those within r1 are trials of chance (r1 / r2)^d."""
        rng = np.random.default_rng(dimension)
        values = [
            CorrelationIntegral().estimate_local(torus(rng, dimension)).values for _ in range(50)
        ]
        bias = (1 / 10 - 1 / 20) / (2 * np.log(2))  # of d: the radii are ln(2) / d apart
        assert np.isnan(values).mean() < 0.005
        assert np.nanmean(values) == pytest.approx(dimension * (1 + bias), rel=0.025)

    def test_tells_a_line_from_a_plane(self):
        pieces = make_manifold("line_disk_ball")
        x, dimensions = pieces.sample_local(1500, rng=0)
        local = CorrelationIntegral().estimate_local(NeighborGraph.from_points(x, 20)).values
        medians = [np.nanmedian(local[dimensions == d]) for d in (1, 2)]
        assert medians == pytest.approx([1, 2], rel=0.15)


def test_lists_that_were_given_must_hold_all_pairs():
    graph = NeighborGraph.from_points(on_sphere(400, 3), 20)
    given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
    with pytest.raises(InputError, match="all their 20 given neighbours within"):
        CorrelationIntegral().estimate(given)
    few = CorrelationIntegral(k1=2, k2=4)
    assert few.estimate(given).value == few.estimate(graph).value
