"""Estimates of data whose dimension is known.

The scatter of an estimate is known too (_shared/test_errors.py); what is asserted here is that its
bias at a finite sample stays inside the fraction given.
"""

from __future__ import annotations

import numpy as np
import pytest

from dimscope import (
    MADA,
    MOM,
    Gride,
    LevinaBickel,
    MiNDMLi,
    MiNDMLk,
    NeighborGraph,
    TwoNN,
    TwoNNBayes,
    TwoNNMLE,
)

N = 2000
ESTIMATORS = [
    TwoNN(),
    TwoNNMLE(),
    TwoNNBayes(),
    Gride(n1=2),
    LevinaBickel(n_neighbors=10),
    MOM(n_neighbors=10),
    MADA(n_neighbors=10),
    MiNDMLk(n_neighbors=10),
]


def line(rng):
    return rng.random((N, 1)) * [1.0, 2.0, -1.0]


def sphere(rng):
    x = rng.normal(size=(N, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def swiss_roll(rng):
    angle = 1.5 * np.pi * (1 + 2 * rng.random(N))
    return np.stack([angle * np.cos(angle), 21 * rng.random(N), angle * np.sin(angle)], axis=1)


def flat_torus(rng):
    """Five circles: no edges, but their curvature shows at the distance of neighbours."""
    angles = 2 * np.pi * rng.random((N, 5))
    return np.hstack([np.cos(angles), np.sin(angles)])


def cube(rng):
    """Its edges lower every estimate."""
    return rng.random((N, 5)) @ np.linalg.qr(rng.normal(size=(50, 5)))[0].T


def gaussian(rng):
    return rng.normal(size=(N, 5)) @ rng.normal(size=(5, 100))


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("manifold", "dimension", "tolerance"),
    [
        (line, 1, 0.03),
        (sphere, 2, 0.03),
        (swiss_roll, 2, 0.03),
        (flat_torus, 5, 0.08),
        (cube, 5, 0.12),
        (gaussian, 5, 0.06),
    ],
)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: e.name)
def test_known_dimension(manifold, dimension, tolerance, estimator):
    estimate = estimator.estimate(NeighborGraph.from_points(manifold(np.random.default_rng(0)), 10))
    assert abs(estimate.value - dimension) < tolerance * dimension + 2 * estimate.stderr


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("manifold", "dimension"), [(line, 1), (sphere, 2), (swiss_roll, 2), (flat_torus, 5)]
)
@pytest.mark.parametrize("estimator", [MiNDMLi(), MADA(combination="vote")], ids=lambda e: e.name)
def test_integers(manifold, dimension, estimator):
    """A vote leans low: its most likely answer on a flat torus of 5 dimensions is 4 or 5."""
    graph = NeighborGraph.from_points(manifold(np.random.default_rng(0)), 20)
    low = dimension - (dimension == 5 and isinstance(estimator, MADA))
    assert low <= estimator.estimate(graph).value <= dimension


@pytest.mark.parametrize("estimator", [LevinaBickel(), MOM(), MADA()], ids=lambda e: e.name)
def test_local_estimates_tell_a_line_from_a_plane(estimator):
    rng = np.random.default_rng(0)
    thread = rng.random((500, 1)) * [1.0, 0.0, 0.0] + [0.0, 0.0, 9.0]
    sheet = rng.random((500, 2)) @ np.eye(2, 3)
    graph = NeighborGraph.from_points(np.concatenate([thread, sheet]), 20)
    values = estimator.estimate_local(graph).values
    assert np.median(values[:500]) == pytest.approx(1.0, abs=0.15)
    assert np.median(values[500:]) == pytest.approx(2.0, abs=0.3)
