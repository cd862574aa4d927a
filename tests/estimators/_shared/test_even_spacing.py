"""Evenly spaced points give no dimension from their nearest neighbours, and the result says so."""

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators import TwoNN
from dimscope.estimators._shared.even_spacing import even_rank
from dimscope.manifolds import HELD_OUT, MANIFOLDS, cube, make_manifold
from dimscope.neighbors import RANKS

_T = np.linspace(0, 2 * np.pi, 600, endpoint=False)
_CIRCLE = np.c_[np.cos(_T), np.sin(_T)]
_SQUARE = np.stack(np.meshgrid(np.arange(24.0), np.arange(24.0)), -1).reshape(-1, 2)
_ROTATION = np.linalg.qr(np.random.default_rng(0).normal(size=(7, 7)))[0]
_RNG = np.random.default_rng(1)
EVEN = {
    "circle": _CIRCLE,
    "circle in float32": _CIRCLE.astype(np.float32),
    "line in 20 features": np.linspace(0, 1, 600)[:, None] @ np.ones((1, 20)),
    "helix": np.c_[np.cos(20 * _T), np.sin(20 * _T), _T],
    "shuffled integers": _RNG.permutation(600)[:, None],
    "square grid": _SQUARE,
    "square grid in 7 features": _SQUARE @ _ROTATION[:2],
    "hexagonal grid": _SQUARE @ [[1, 0], [0.5, np.sqrt(3) / 2]],
    "cubic grid": np.stack(np.meshgrid(*[np.arange(8.0)] * 3), -1).reshape(-1, 3),
    "dense time series": np.sin(_T[:, None] * _RNG.normal(size=20) + _RNG.normal(size=20)),
    "the same with noise": np.sin(np.c_[_T, 2 * _T]) + 1e-4 * _RNG.normal(size=(600, 2)),
    "jittered circle": np.exp(1j * (_T + 1e-4 * _RNG.normal(size=600)))[:, None].view(float),
}


@pytest.mark.parametrize("name", EVEN)
@pytest.mark.parametrize("method", ["two_nn", "two_nn_mle", "two_nn_bayes", "gride", "consensus"])
def test_ratios_of_the_nearest_are_refused(name: str, method: str) -> None:
    with pytest.raises(ds.InputError, match=r"evenly spaced|r_2 > r_1 > 0"):
        ds.estimate(EVEN[name], method)


@pytest.mark.parametrize(
    ("name", "dimension"),
    [
        ("circle", 1.0),
        ("circle in float32", 1.0),
        ("line in 20 features", 1.0),
        ("dense time series", 1.0),
        ("jittered circle", 1.0),
    ],
)
def test_the_scale_curve_sees_the_dimension_beyond_the_spacing(name: str, dimension: float) -> None:
    found = ds.scale_curve(EVEN[name])
    assert found.plateau is not None
    assert found.plateau.value == pytest.approx(dimension, rel=0.15)
    assert all((curve.values < 8).all() for curve in found.curves)
    assert any(note.code == "even_spacing" for note in found.notes)


def test_a_grid_with_ties_at_every_point_still_has_a_scale_curve() -> None:
    found = ds.scale_curve(EVEN["square grid"])
    assert found.curves[0].n2[0] > 2
    assert found.curves[0].values[-3:] == pytest.approx([2.0] * 3, rel=0.25)


def test_a_method_of_more_neighbours_answers_with_a_warning() -> None:
    found = ds.estimate(_CIRCLE, "levina_bickel")
    assert found.value == pytest.approx(1, rel=0.25)
    assert [note.code for note in found.notes if note.code == "even_spacing"]


def test_vectors_of_many_neighbours_are_right() -> None:
    assert ds.estimate(_CIRCLE, "local_pca").value == 1


def test_failures_stand_beside_what_others_measure() -> None:
    found = ds.estimate(_CIRCLE, ["two_nn", "participation_ratio"])
    assert found["two_nn"].value is None
    assert "evenly spaced" in str(found["two_nn"].problem)
    assert found["participation_ratio"].value == pytest.approx(2, rel=0.01)


@pytest.mark.parametrize("name", sorted({*MANIFOLDS, *HELD_OUT} - {"lattice"}))
@pytest.mark.parametrize("n", [60, 300])
def test_random_samples_are_not_called_even(name: str, n: int) -> None:
    made, parameters = HELD_OUT.get(name, (name, {}))
    points = make_manifold(made, **parameters).sample(n, rng=3)
    graph = ds.NeighborGraph.from_points(points, 2)
    assert graph.spacing is not None
    assert graph.spacing.distances.shape[1] == RANKS
    assert even_rank(graph.spacing.distances) is None


@pytest.mark.parametrize("noise", [1e-4, 1e-3, 1e-2, 1e-1])
def test_noise_around_a_curve_is_not_called_even(noise: float) -> None:
    rng = np.random.default_rng(0)
    points = rng.random((500, 1)) * np.eye(1, 30) + noise * rng.normal(size=(500, 30))
    graph = ds.NeighborGraph.from_points(points, 2)
    assert even_rank(graph.spacing.distances) is None  # type: ignore[union-attr]


def test_counts_and_bits_are_not_called_even() -> None:
    rng = np.random.default_rng(0)
    for points in (rng.poisson(3, (500, 10)), rng.integers(0, 2, (500, 30))):
        graph = ds.NeighborGraph.from_points(points, 2)
        assert even_rank(graph.spacing.distances) is None  # type: ignore[union-attr]


def test_part_of_a_graph_is_judged_by_the_whole() -> None:
    graph = ds.NeighborGraph.from_points(cube(3).sample(300, rng=0), 20)
    assert graph.subset(np.arange(100), 2).spacing is None
    assert TwoNN().estimate(graph.subset(np.arange(100), 2)).value is not None


def test_a_geometric_series_ends() -> None:
    curves = ds.scale_curve(2.0 ** np.arange(900)[:, None])
    assert curves.plateau is None
    assert any("to within the rounding" in note for note in curves.notes)  # 1 and 2 beside 2**899
