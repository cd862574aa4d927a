"""What edges take from an estimate: the table against draws of its own sets, and the notes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators._shared.bias import bias_notes, scale_trend, true_dimension


@pytest.mark.statistical
@pytest.mark.parametrize("shape", ["sphere", "cube"])
@pytest.mark.parametrize("dimension", [5, 10, 20])
@pytest.mark.parametrize(
    "estimator", [ds.TwoNNMLE(), ds.Gride(n1=4), ds.LevinaBickel(), ds.MOM()], ids=repr
)
def test_the_table_leads_from_an_estimate_to_the_dimension(shape, dimension, estimator):
    """Draws of another seed and, of N, none of the table's; 5 to 10 % in twenty dimensions."""
    manifold = ds.make_manifold(shape, dimension=dimension)
    rng = np.random.default_rng(dimension)
    k = estimator.n_neighbors_needed
    found = [estimator.fit(manifold.sample(600, rng=rng)).dimension_ for _ in range(20)]
    assert true_dimension(shape, np.mean(found), 600 / k) == pytest.approx(dimension, rel=0.08)


@pytest.mark.parametrize("shape", ["sphere", "cube"])
def test_the_bias_grows_with_the_value_and_shrinks_with_the_points(shape):
    for value in (5.0, 10.0, 20.0):
        true = [true_dimension(shape, value, share) for share in (10, 100, 1000)]
        assert true == sorted(true, reverse=True)
        assert true[-1] > value
    assert math.isinf(true_dimension(shape, 60.0, 10))
    assert true_dimension(shape, 1.0, 100) == 1


def bent(rng: int, n: int = 2000) -> np.ndarray:
    """The README's example: four dimensions, bent into 100."""
    draw = np.random.default_rng(rng)
    return np.sin(draw.normal(size=(n, 4)) @ draw.normal(size=(4, 100)))


def notes_on(*numbers: float | None) -> tuple[str, ...]:
    """The notes on a value, its error, N and neighbours, from a graph that shows no other scale."""
    return bias_notes(ds.NeighborGraph.from_points(np.eye(3), 2), *numbers)


class TestNotes:
    def test_an_estimate_of_many_dimensions_says_what_its_interval_leaves_out(self):
        sphere = ds.make_manifold("sphere", dimension=10).sample(2000, rng=0)
        (note,) = ds.estimate(sphere, "levina_bickel").notes
        assert note.startswith("At N = 2,000 edges make an estimate of ")
        assert "from 20 neighbours too low by about 1" in note
        assert "if as in a cube; curvature and noise make it too high: the interval inclu" in note

    def test_few_dimensions_say_nothing(self):
        circle = ds.make_manifold("sphere", dimension=1).sample(2000, rng=0)
        for estimate in ds.estimate(circle, ["two_nn", "gride", "levina_bickel"]).values():
            assert estimate.notes == ()

    def test_nor_do_intervals_that_are_wider_than_the_bias(self):
        assert notes_on(10.0, 0.1, 500, 2)
        assert notes_on(10.0, 5.0, 500, 2) == ()
        assert notes_on(10.0, None, 500, 2) == ()

    def test_beyond_the_table(self):
        assert "by more than half if the points lie" in notes_on(80.0, 1.0, 2000, 20)[0]
        assert "by far more if as in a cube" in notes_on(42.0, 1.0, 1000, 20)[0]

    def test_where_the_dimension_rises_with_the_scale_the_value_is_too_high(self):
        for rng in range(3):
            found = ds.estimate(bent(rng), ["two_nn", "levina_bickel"])
            assert found["levina_bickel"].value > 4.4
            (note,) = found["levina_bickel"].notes
            assert note.startswith("The dimension rises from 4.")
            assert "more likely too high than too low" in note
            (note,) = found["two_nn"].notes
            assert "curvature and noise make it too high" in note

    def test_where_it_falls_edges_or_noise_are_named(self):
        draw = np.random.default_rng(0)
        noisy = draw.random((2000, 3)) @ np.eye(3, 20) + 0.03 * draw.normal(size=(2000, 20))
        (note,) = ds.estimate(noisy, "levina_bickel").notes
        assert "The dimension falls from" in note
        assert "as edges or noise make it" in note

    def test_two_neighbors_know_the_trend_of_more(self):
        trends = [scale_trend(ds.NeighborGraph.from_points(bent(0), k)) for k in (1, 2, 12)]
        assert trends[0] == trends[1] == trends[2]
        assert trends[0].ranks == (2, 8)

    def test_flat_sets_without_edges_do_not_rise(self):
        draw = np.random.default_rng(0)
        for _ in range(20):
            points = ds.manifolds.flat_torus(2).draw(draw, 400)
            distances = ds.manifolds.periodic_distances(points)
            trend = scale_trend(ds.NeighborGraph.from_distances(distances, 16))
            assert abs(trend.sigmas) < 4

    def test_the_consensus_holds_the_dimension_of_the_example(self):
        held = 0
        for rng in range(4):
            low, high = ds.estimate(bent(rng, 1000), "consensus").interval
            held += low < 4 < high
        assert held >= 3
