"""Dimension against scale on sets whose curve is known: plateaus where they are, none elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators import decimation


def torus(dimension, n=1000, seed=0):
    """Points of constant density without edges or curvature: one dimension at every scale."""
    points = ds.manifolds.flat_torus(dimension).draw(np.random.default_rng(seed), n)
    return ds.NeighborGraph.from_distances(ds.manifolds.periodic_distances(points), 64)


@pytest.mark.statistical
@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_a_flat_torus_has_its_dimension_at_every_scale(dimension):
    found = ds.scale_curve(torus(dimension))
    assert found.plateau.value == pytest.approx(dimension, rel=0.03)
    assert found.plateau.ranks == (2, 256)
    assert [curve.method for curve in found.curves] == ["gride", "two_nn", "correlation_dimension"]
    for value in found.plateau.others.values():
        assert value == pytest.approx(dimension, rel=0.08)
    assert found.notes == ()


@pytest.mark.statistical
def test_the_error_of_a_plateau_bounds_the_scatter():
    plateaus = [ds.scale_curve(torus(2, 500, seed)).plateau for seed in range(30)]
    scatter = np.std([p.value for p in plateaus], ddof=1)
    stated = np.mean([p.stderr for p in plateaus])
    assert 0.2 * stated < scatter < stated


@pytest.mark.statistical
def test_noise_hides_a_sphere_at_small_scales_only():
    sphere = ds.manifolds.sphere(2, 20).with_noise(0.005)
    found = ds.scale_curve(sphere.sample(3000, rng=0))
    assert found.curves[0].values[0] > 3.5
    assert found.plateau.value == pytest.approx(2, rel=0.05)
    assert found.plateau.scales[0] > 0.005 * np.sqrt(2 * 20)  # the distance that noise alone makes
    assert "on the plateau from scale" in found.verdict


def test_a_swiss_roll_has_a_plateau_below_the_gap_of_its_turns():
    roll = ds.make_manifold("swiss_roll").sample(2000, rng=0)
    plateau = ds.scale_curve(roll).plateau
    assert plateau.value == pytest.approx(2, rel=0.05)
    assert plateau.scales[1] < 2 * np.pi  # turns are 2 pi apart
    assert plateau.ranks[1] < 256


@pytest.mark.parametrize("ratio", [0.6, 0.75])
def test_a_cascade_of_ever_smaller_directions_has_none(ratio):
    x = np.random.default_rng(0).normal(size=(2000, 40)) * ratio ** np.arange(40)
    found = ds.scale_curve(x)
    assert found.plateau is None
    assert found.verdict.startswith("no plateau: the dimension falls from")
    assert not found.to_frame()["on_plateau"].any()


def test_several_dimensions_are_noted():
    """A line, a disk and a ball: the pairs at small distances are nearly all on the line."""
    found = ds.scale_curve(ds.make_manifold("line_disk_ball").sample(1500, rng=0))
    assert 1.3 < found.plateau.value < 2.2
    assert found.plateau.others["correlation_dimension"] < 1.2
    assert any("several dimensions meet" in note for note in found.notes)


def test_the_curves_are_those_of_the_estimators():
    x = np.random.default_rng(0).normal(size=(700, 4))
    found = ds.scale_curve(x, n2_max=200)
    graph = ds.NeighborGraph.from_points(x, 699)
    for curve, expected in (
        (found.curves[0], ds.Gride().scan(graph, 200)),
        (found.curves[2], ds.CorrelationDimension().scan(graph, 200)),
    ):
        np.testing.assert_array_equal(curve.n2, expected.n2)
        np.testing.assert_allclose(curve.scales, expected.scales, rtol=1e-12)
        np.testing.assert_allclose(curve.values, expected.values, rtol=1e-9)


@pytest.mark.parametrize("n_known", [2, 100])
def test_decimation_is_two_nn_of_disjoint_blocks(n_known):
    x = np.random.default_rng(0).normal(size=(450, 3))
    found = decimation(ds.NeighborGraph.from_points(x, n_known), rng=4)
    assert found.sizes.tolist() == [450, 225, 112, 56]
    order = np.random.default_rng(4).permutation(450)
    for level, size in enumerate(found.sizes):
        parts = [
            ds.TwoNN().fit(x[order[i * size : (i + 1) * size]]).estimate_ for i in range(2**level)
        ]
        assert found.values[level] == pytest.approx(np.mean([e.value for e in parts]))
        assert found.scales[level] == pytest.approx(np.mean([e.scale for e in parts]))
    assert (np.diff(found.scales) > 0).all()


@pytest.mark.statistical
def test_decimation_errors_hold():
    """Values of independent sets scatter as much as the error bars say."""
    curves = [decimation(torus(2, 400, seed)) for seed in range(40)]
    scatter = np.std([c.values for c in curves], axis=0, ddof=1)
    stated = np.mean([c.stderrs for c in curves], axis=0)
    assert (scatter < 1.3 * stated).all()
    assert (scatter > 0.6 * stated).all()


def test_copies_change_nothing_but_their_count():
    x = np.random.default_rng(0).normal(size=(400, 3))
    once, twice = ds.scale_curve(x), ds.scale_curve(np.concatenate([x, x[:100]]))
    assert twice.n_duplicates == 100
    assert str(twice) == str(once)


def test_the_metric_is_that_of_the_search():
    x = np.random.default_rng(0).normal(size=(600, 3)) * 9
    assert ds.scale_curve(x, metric="cosine").plateau.value == pytest.approx(2, rel=0.07)


def test_discrete_data_have_no_radii():
    x = np.random.default_rng(0).integers(0, 12, size=(600, 3)).astype(float)
    found = ds.scale_curve(x)
    assert "correlation_dimension" not in {curve.method for curve in found.curves}
    assert any(note.startswith("No correlation_dimension curve: ") for note in found.notes)


def test_lists_of_neighbours_have_gride_alone():
    graph = ds.NeighborGraph.from_points(np.random.default_rng(0).random((500, 2)), 64)
    given = ds.NeighborGraph.from_neighbors(graph.distances, graph.indices)
    found = ds.scale_curve(given, n2_max=64)
    np.testing.assert_allclose(found.curves[0].values, ds.Gride().scan(graph).values)
    with pytest.raises(ds.InputError, match="given lists hold 64"):
        ds.scale_curve(given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "tolerance=0.0 must lie between 0 and 1"),
        ({"n2_max": 1}, "at least 2 neighbours of each point, got 1"),
        ({"n2_max": 300}, "must lie between 1 and 199"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ds.InputError, match=message):
        ds.scale_curve(np.random.default_rng(0).normal(size=(200, 2)), **options)


def test_too_few_points_say_so():
    found = ds.scale_curve(np.random.default_rng(0).normal(size=(40, 3)))
    assert found.plateau is None
    assert "take more points" in found.verdict
