"""The correlation dimension: its scaling range, its curve, and known laws of distances."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
from known_points import on_sphere, torus

from dimscope import CorrelationDimension, CorrelationIntegral, NeighborGraph


@pytest.mark.statistical
@pytest.mark.parametrize("dimension", [1, 2, 5, 10])
def test_the_slope_on_a_gaussian_is_that_of_the_chi_squared_law(dimension):
    """|x - y|^2 / 2 has the law of d degrees of freedom: its slope at these radii is known."""
    x = np.random.default_rng(dimension).normal(size=(1500, dimension))
    curve = CorrelationDimension().scan(NeighborGraph.from_points(x, 64))
    assert curve.n1.tolist() == [1, 2, 4, 8, 16, 32]
    radii = np.median(NeighborGraph.from_points(x, 64).distances_at([1, *curve.n2]), axis=0)
    shares = scipy.stats.chi2(dimension).cdf(radii**2 / 2)
    slopes = np.diff(np.log(shares)) / np.diff(np.log(radii))
    assert (np.abs(curve.values - slopes) < 3.5 * curve.stderrs).all()
    assert (curve.stderrs < 0.1 * slopes).all()


class TestScalingRange:
    @staticmethod
    def noisy_line(n=1500):
        rng = np.random.default_rng(0)
        return rng.random((n, 1)) * np.eye(1, 5) + 1e-3 * rng.normal(size=(n, 5))

    @pytest.mark.statistical
    def test_leaves_noise_out_where_the_line_shows(self):
        graph = NeighborGraph.from_points(self.noisy_line(), 512)
        estimate = CorrelationDimension(n_neighbors=512).estimate(graph)
        assert estimate.parameters["n1"] >= 8
        assert estimate.parameters["n2"] >= 128
        assert estimate.value == pytest.approx(1, abs=0.08)

    @pytest.mark.statistical
    def test_is_all_scales_where_there_is_one_dimension(self):
        graph = torus(np.random.default_rng(0), 2)
        estimate = CorrelationDimension(n_neighbors=32).estimate(graph)
        assert (estimate.parameters["n1"], estimate.parameters["n2"]) == (1, 32)
        ends = CorrelationIntegral(k1=1, k2=32).estimate(graph)
        assert (estimate.value, estimate.stderr) == (ends.value, ends.stderr)

    def test_is_unknown_where_the_slope_changes_at_every_step(self):
        graph = NeighborGraph.from_points(self.noisy_line(), 16)
        estimate = CorrelationDimension(n_neighbors=16).estimate(graph)
        assert estimate.value is estimate.stderr is estimate.interval is None
        assert "there is no scaling range" in estimate.notes[-1]
        assert str(estimate) == "correlation_dimension: unknown (N = 1500)"


class TestScan:
    def test_is_an_integral_at_every_step(self):
        graph = NeighborGraph.from_points(on_sphere(400, 3), 32)
        curve = CorrelationDimension().scan(graph)
        assert curve.n2.tolist() == [2, 4, 8, 16, 32]
        for at, n1 in enumerate(curve.n1.tolist()):
            estimate = CorrelationIntegral(k1=n1, k2=2 * n1).estimate(graph)
            assert curve.values[at] == estimate.value
            assert curve.stderrs[at] == estimate.stderr
            assert curve.scales[at] == estimate.scale

    def test_goes_on_to_half_of_all_points(self):
        x = on_sphere(400, 3)
        far = CorrelationDimension().scan(NeighborGraph.from_points(x, 4), 200)
        near = CorrelationDimension().scan(NeighborGraph.from_points(x, 200))
        assert far.n2[-1] == 128
        np.testing.assert_allclose(far.values, near.values, rtol=1e-9)
