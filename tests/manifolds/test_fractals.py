"""Self-similar sets: box counting, pair counting and their shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial import cKDTree

from dimscope.manifolds import cantor_dust, koch, menger, sierpinski

N = 20_000
SETS = [
    (cantor_dust(1), 2, 3),
    (cantor_dust(2), 4, 3),
    (sierpinski(2), 3, 2),
    (sierpinski(3), 4, 2),
    (menger(2), 8, 3),
    (menger(3), 20, 3),
    (koch(), 4, 3),
]


def n_boxes(points, side):
    return len(np.unique(np.floor(points / side), axis=0))


@pytest.mark.parametrize(("manifold", "copies", "shrink"), SETS)
def test_the_dimension_is_that_of_similarity(manifold, copies, shrink):
    assert manifold.dimension == pytest.approx(math.log(copies) / math.log(shrink))


@pytest.mark.parametrize(("manifold", "copies", "shrink"), SETS[:-1])
def test_boxes_of_the_construction_are_counted_exactly(manifold, copies, shrink):
    points = manifold.sample(N, rng=0)
    levels = range(1, int(math.log(1000) / math.log(copies)) + 1)
    assert [n_boxes(points, shrink**-k) for k in levels] == [copies**k for k in levels]


@pytest.mark.statistical
def test_boxes_of_the_koch_curve_grow_as_its_dimension():
    points = koch().sample(N, rng=0)
    levels = np.arange(1, 6)
    counts = [n_boxes(points, 3.0**-k) for k in levels]
    slope = np.polyfit(levels * math.log(3), np.log(counts), 1)[0]
    assert slope == pytest.approx(koch().dimension, rel=0.05)


@pytest.mark.statistical
@pytest.mark.parametrize(("manifold", "copies", "shrink"), SETS)
def test_pairs_within_a_distance_grow_as_the_correlation_dimension(manifold, copies, shrink):
    """At distances whose ratio is that of the copies, which takes the ripples out."""
    tree = cKDTree(manifold.sample(5000, rng=0))
    levels = np.arange(3)
    pairs = tree.count_neighbors(tree, 0.15 * float(shrink) ** -levels) - tree.n
    slope = -np.polyfit(levels * math.log(shrink), np.log(pairs), 1)[0]
    assert slope == pytest.approx(manifold.dimension, rel=0.05)


def test_the_koch_curve_is_symmetric_and_as_high_as_it_should_be():
    x, y = koch().sample(N, rng=0).T
    assert x.min() > -1e-12
    assert x.max() < 1 + 1e-12
    assert x.mean() == pytest.approx(0.5, abs=0.01)
    assert y.min() > -1e-12
    assert y.max() == pytest.approx(math.sqrt(3) / 6, abs=1e-3)


def test_the_middle_of_a_sponge_is_empty():
    thirds = np.floor(3 * menger(3).sample(N, rng=0))
    assert ((thirds == 1).sum(axis=1) <= 1).all()
