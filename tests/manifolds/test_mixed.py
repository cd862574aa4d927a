"""Unions: which piece a point belongs to, and what dimension it has there."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.manifolds import (
    cantor_dust,
    cube,
    embed_linearly,
    gaussians,
    line_disk_ball,
    sphere,
    two_spheres,
    union,
)


def test_a_row_of_a_line_a_disk_and_a_ball():
    points, dimensions = line_disk_ball().sample_local(3000, rng=0)
    line, disk, solid = (points[dimensions == d] for d in (1, 2, 3))
    assert len(line) + len(disk) + len(solid) == 3000
    assert (line[:, :2] == 0).all()
    assert -1 <= line[:, 2].min() < line[:, 2].max() <= 0
    assert (disk[:, 1] == 0).all()
    assert 0.95 < np.linalg.norm(disk - [0, 0, 1], axis=1).max() <= 1
    assert 0.95 < np.linalg.norm(solid - [0, 0, 3], axis=1).max() <= 1


@pytest.mark.statistical
def test_local_estimates_follow_the_local_dimension():
    points, dimensions = line_disk_ball().sample_local(3000, rng=0)
    values = (
        ds.LevinaBickel(n_neighbors=20)
        .estimate_local(ds.NeighborGraph.from_points(points, 20))
        .values
    )
    for d in (1, 2, 3):
        assert np.median(values[dimensions == d]) == pytest.approx(d, rel=0.1)


def test_gaussians_lie_in_planes_of_their_dimensions():
    manifold = gaussians((1, 3, 2), distance=20.0)
    points, dimensions = manifold.sample_local(1500, rng=0)
    assert manifold.dimension is None
    for number, d in enumerate((1, 3, 2)):
        mine = points[dimensions == d]
        assert np.linalg.matrix_rank(mine - mine.mean(axis=0), tol=1e-9) == d
        np.testing.assert_allclose(mine.mean(axis=0), 20 * np.eye(3)[number], atol=0.3)
        assert np.cov(mine.T).trace() == pytest.approx(d, rel=0.2)


def test_two_spheres_are_far_apart_and_of_one_dimension():
    manifold = two_spheres(3)
    points, dimensions = manifold.sample_local(500, rng=0)
    assert manifold.dimension == 3
    assert (dimensions == 3).all()
    first = points[:, 0] < 50
    assert 200 < first.sum() < 300
    np.testing.assert_allclose(np.linalg.norm(points[first], axis=1), 1)
    np.testing.assert_allclose(np.linalg.norm(points[~first] - [100, 0, 0, 0], axis=1), 1)


def test_shares_and_kinds_of_pieces():
    manifold = union("mix", [cantor_dust(3), sphere(2), cube(1, 3)], shares=[0.7, 0.3, 0.0])
    points, dimensions = manifold.with_noise(0.1).sample_local(4000, rng=0)
    assert not manifold.smooth
    assert manifold.name == "mix"
    assert set(dimensions) == {cantor_dust(3).dimension, 2}
    assert (dimensions == 2).mean() == pytest.approx(0.3, abs=0.03)
    radii = np.linalg.norm(points[dimensions == 2], axis=1)
    assert np.sqrt((radii**2).mean()) == pytest.approx(np.sqrt(1 + 3 * 0.1**2), rel=0.01)


def test_a_union_of_unions_knows_its_dimensions():
    outer = union("outer", [line_disk_ball(), cube(3)])
    assert set(outer.sample_local(200, rng=0)[1]) == {1, 2, 3}


@pytest.mark.parametrize(
    ("pieces", "shares", "message"),
    [
        ([], None, "a union needs at least one piece"),
        ([cube(2), cube(3)], None, r"the pieces have ambient dimensions \[2, 3\]: bring them"),
        ([cube(2).with_noise(0.1)], None, "a piece has noise"),
        ([cube(2), cube(2)], [0.5, 0.6], "must be 2 probabilities, which sum to 1"),
        ([cube(2), cube(2)], [1.5, -0.5], "must be 2 probabilities, which sum to 1"),
        ([cube(2)], [0.5, 0.5], "must be 1 probabilities, which sum to 1"),
    ],
)
def test_a_union_needs_pieces_that_fit(pieces, shares, message):
    with pytest.raises(ds.InputError, match=message):
        union("none", pieces, shares)


def test_pieces_are_brought_together_by_embedding():
    together = union("fits", [embed_linearly(cube(2), 3), cube(3)])
    assert together.ambient_dimension == 3
