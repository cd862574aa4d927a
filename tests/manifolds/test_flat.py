"""Flat sets against their laws."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from laws import p_value

from dimscope.manifolds import ball, lattice, log_normal, student_t

pytestmark = pytest.mark.statistical

N = 4000


@pytest.mark.parametrize("concentration", [0.5, 1.0, 4.0])
def test_ball_radii(concentration):
    radii = np.linalg.norm(ball(3, concentration=concentration).sample(N, rng=0), axis=1)
    assert p_value(radii ** (3 / concentration), scipy.stats.uniform()) > 1e-3


def test_tails():
    x = student_t(4, degrees_of_freedom=2.5).sample(N, rng=0)
    assert p_value((x**2).mean(axis=1), scipy.stats.f(4, 2.5)) > 1e-3
    logs = np.log(log_normal(2, spread=1.5).sample(N, rng=0))
    assert p_value(logs.ravel(), scipy.stats.norm(scale=1.5)) > 1e-3


def test_a_lattice_has_every_point_equally_often():
    x = lattice(2, size=5).sample(N, rng=0)
    counts = np.unique(x, axis=0, return_counts=True)[1]
    assert counts.shape == (25,)
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    assert set(x.ravel()) == {0, 1, 2, 3, 4}
