"""What edges take from an estimate: the table against draws of its own sets, and the notes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators._shared.bias import bias_notes, true_dimension


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


class TestNotes:
    def test_an_estimate_of_many_dimensions_says_what_its_interval_leaves_out(self):
        sphere = ds.make_manifold("sphere", dimension=10).sample(2000, rng=0)
        (note,) = ds.estimate(sphere, "levina_bickel").notes
        assert note.startswith("At N = 2,000 an estimate of ")
        assert "from 20 neighbours is too low by about 1" in note
        assert note.endswith("if as in a cube: the interval does not include this bias.")

    def test_few_dimensions_say_nothing(self):
        circle = ds.make_manifold("sphere", dimension=1).sample(2000, rng=0)
        for estimate in ds.estimate(circle, ["two_nn", "gride", "levina_bickel"]).values():
            assert estimate.notes == ()

    def test_nor_do_intervals_that_are_wider_than_the_bias(self):
        assert bias_notes(10.0, 0.1, 500, 2)
        assert bias_notes(10.0, 5.0, 500, 2) == ()
        assert bias_notes(10.0, None, 500, 2) == ()

    def test_beyond_the_table(self):
        assert "by more than half if the points lie" in bias_notes(80.0, 1.0, 2000, 20)[0]
        assert "by far more if as in a cube" in bias_notes(42.0, 1.0, 1000, 20)[0]
