"""CA-PCA: the paper's rule written out point by point, and manifolds of known dimension."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope import CAPCA, NeighborGraph


def sample(name, n=600, **parameters):
    return ds.make_manifold(name, **parameters).sample(n, rng=0)


def naive_dimension(x, i, k):
    distances = np.linalg.norm(x - x[i], axis=1)
    order = np.argsort(distances)[1:]
    radius = (distances[order[k - 1]] + distances[order[k]]) / 2
    spectrum = np.sort(np.linalg.eigvalsh(np.cov(x[order[:k]].T)))[::-1] / radius**2
    scores = []
    for d in range(1, min(k - 1, x.shape[1]) + 1):
        rest = spectrum[d:].sum()
        misfit = spectrum[:d] + (3 * d + 4) / (d * (d + 4)) * rest - 1 / (d + 2)
        scores.append(np.sqrt((misfit**2).sum()) + 2 * rest)
    return 1 + np.argmin(scores)


@pytest.mark.parametrize(("k", "features"), [(5, 12), (20, 12), (20, 6)])
def test_is_the_rule(k, features):
    x = np.random.default_rng(0).normal(size=(150, features)) * np.arange(1, features + 1)
    graph = NeighborGraph.from_points(x, k + 1)
    want = [naive_dimension(x, i, k) for i in range(len(x))]
    local = CAPCA(n_neighbors=k).estimate_local(graph)
    assert local.values.tolist() == want
    assert len(set(want)) > 1
    estimate = CAPCA(n_neighbors=k).estimate(graph)
    assert estimate.value == pytest.approx(np.mean(want))
    assert estimate.scale == pytest.approx(graph.distances[:, k].mean())
    assert estimate.stderr is None


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("name", "parameters", "dimension"),
    [
        ("sphere", {"dimension": 1}, 1),
        ("sphere", {"dimension": 3, "ambient_dimension": 30}, 3),
        ("sphere", {"dimension": 8}, 8),
        ("cube", {"dimension": 5, "ambient_dimension": 40}, 5),
        ("M7_Roll", {}, 2),
        ("M13a_Scurve", {}, 2),
        ("flat_torus", {"dimension": 2}, 2),
        ("gaussian", {"dimension": 3, "ambient_dimension": 40}, 3),
    ],
)
def test_known_dimensions(name, parameters, dimension):
    """At 20 of 800 points surfaces curve visibly, and most points must be right all the same."""
    graph = NeighborGraph.from_points(sample(name, 800, **parameters), 21)
    assert CAPCA().estimate(graph).value == pytest.approx(dimension, rel=0.05)
    assert np.mean(CAPCA().estimate_local(graph).values == dimension) > 0.8


def test_pieces_are_told_apart():
    x, dimension = ds.make_manifold("line_disk_ball").sample_local(900, rng=0)
    local = CAPCA(n_neighbors=20).estimate_local(NeighborGraph.from_points(x, 21)).values
    assert (local == dimension).mean() > 0.85


def test_invariance():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 6)) * np.arange(1, 7)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    value = CAPCA().fit(x).dimension_
    moved = rng.permutation(x @ turn + 1e3 * rng.normal(size=6))
    for same in (1e-12 * x, 1e12 * x, 1e150 * x, moved):
        assert CAPCA().fit(same).dimension_ == pytest.approx(value, rel=1e-7)


def test_flat_data_have_the_dimension_of_their_space_at_most():
    """The paper's rule goes up to the features, whether or not anything happens in them."""
    x = np.random.default_rng(0).standard_t(2, size=(400, 2))
    wide = np.hstack([x, np.full((400, 5), 0.1)])
    assert naive_dimension(wide, 2, 60) == 7
    for same in (x, wide):
        graph = NeighborGraph.from_points(same, 61)
        assert CAPCA(n_neighbors=60).estimate_local(graph).values.max() == 2


def test_an_outlier_and_copies():
    x = sample("sphere", 300, dimension=3)
    value = CAPCA(n_neighbors=15).fit(x).dimension_
    far = np.concatenate([x, np.full((1, 4), 1e6)])
    assert CAPCA(n_neighbors=15).fit(far).dimension_ == pytest.approx(value, rel=0.02)
    copies = np.concatenate([x, np.repeat(x[:1], 20, axis=0)])
    graph = NeighborGraph.from_points(copies, 16, duplicates="keep")
    estimate = CAPCA(n_neighbors=15).estimate(graph)
    assert estimate.n_samples == 299
    assert "21 of 320 points among copies were left out." in estimate.notes
    assert np.isnan(CAPCA(n_neighbors=15).estimate_local(graph).values).sum() == 21


def test_what_it_refuses():
    graph = NeighborGraph.from_points(sample("sphere", 50), 15)
    with pytest.raises(ds.InputError, match="ca_pca needs 21 neighbours"):
        CAPCA().estimate(graph)
    with pytest.raises(ds.InputError, match="n_neighbors=1 must be at least 2"):
        CAPCA(n_neighbors=1).estimate(graph)
    given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
    with pytest.raises(ds.InputError, match="ca_pca needs the points themselves"):
        CAPCA(n_neighbors=10).estimate(given)
