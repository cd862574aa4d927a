"""Both graphs: the growth by definition, known dimensions, invariance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from naive_graphs import all_distances, naive_tree

import dimscope as ds

BOTH = [ds.MSTDimension, ds.KNNGraphDimension]


def growth(x, edges, *, alpha=1.0, discard=0.01, halvings=3):
    """The definition, from all distances of each block."""
    order = np.random.default_rng(0).permutation(len(x))
    sizes, means = [], []
    for halving in range(halvings + 1):
        size = len(x) // 2**halving
        own = [edges(x[np.sort(order[b * size :][:size])]) ** alpha for b in range(2**halving)]
        own = [np.sort(w.reshape(len(w), -1).mean(axis=1)) for w in own]
        kept = [w[: len(w) - math.ceil(discard * len(w))] for w in own]
        sizes.append(size)
        means.append(np.mean([w.mean() for w in kept]))
    slope = np.cov(np.log(sizes), np.log(means))[0, 1] / np.var(np.log(sizes), ddof=1)
    return -alpha / slope


@pytest.mark.parametrize("parameters", [{}, {"alpha": 2.5, "discard": 0.0, "halvings": 2}])
def test_are_the_growth_by_definition(parameters):
    x = np.random.default_rng(1).normal(size=(304, 4))
    named = {
        "alpha": parameters.get("alpha", 1.0),
        "discard_fraction": parameters.get("discard", 0.01),
        "n_halvings": parameters.get("halvings", 3),
    }
    tree = ds.MSTDimension(**named).fit(x)
    assert tree.dimension_ == pytest.approx(growth(x, naive_tree, **parameters), rel=1e-8)
    near = ds.KNNGraphDimension(n_neighbors=4, **named).fit(x)
    expected = growth(x, lambda a: np.sort(all_distances(a))[:, 1:5], **parameters)
    assert near.dimension_ == pytest.approx(expected, rel=1e-8)
    for estimate in (tree.estimate_, near.estimate_):
        assert estimate.error_kind == "blocks"


@pytest.mark.parametrize(
    ("manifold", "dimension", "tolerance"),
    [
        (ds.manifolds.cube(1, 4), 1, 0.03),
        (ds.manifolds.sphere(2), 2, 0.05),
        (ds.manifolds.swiss_roll(), 2, 0.06),
        (ds.manifolds.flat_torus(3), 3, 0.06),
        (ds.manifolds.gaussian(10), 10, 0.15),
        (ds.manifolds.student_t(3), 3, 0.2),  # few points at large scales
    ],
    ids=lambda m: getattr(m, "name", None),
)
@pytest.mark.parametrize("kind", BOTH)
def test_known_dimension(kind, manifold, dimension, tolerance):
    """One draw of 2,000 points scatters by some 2 %."""
    found = kind().fit(manifold.sample(2000, rng=0)).dimension_
    assert found == pytest.approx(dimension, rel=tolerance)


@pytest.mark.parametrize("kind", BOTH)
class TestBoth:
    @pytest.mark.parametrize("scale", [1e-100, 1e-12, 1e12, 1e100])
    @pytest.mark.parametrize("alpha", [1.0, 4.0])
    def test_do_not_depend_on_rotation_place_and_scale(self, kind, scale, alpha):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(200, 4))
        turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
        value = kind(alpha=alpha).fit(x).dimension_
        moved = scale * (x @ turn + 100)
        assert kind(alpha=alpha).fit(moved).dimension_ == pytest.approx(value, rel=1e-7)

    def test_depend_little_on_the_order_of_rows(self, kind):
        x = ds.manifolds.cube(3).sample(1000, rng=0)
        found = [
            kind().fit(np.random.default_rng(seed).permutation(x)).dimension_ for seed in range(8)
        ]
        assert 0 < np.std(found) < 0.05 * np.mean(found)

    @pytest.mark.parametrize("n", [300, 1000])
    def test_one_outlier_is_left_out(self, kind, n):
        x = ds.manifolds.cube(3).sample(n, rng=0)
        away = np.concatenate([x, [[1e6, 1e6, 1e6]]])
        value = kind().fit(x).dimension_
        assert kind().fit(away).dimension_ == pytest.approx(value, rel=0.1)

    def test_edges_that_do_not_shrink_have_no_dimension(self, kind):
        estimate = kind().fit(np.eye(120)).estimate_
        assert (estimate.value, estimate.interval) == (None, None)
        assert any("Edges do not become shorter" in note for note in estimate.notes)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"n_neighbors": 0}, "n_neighbors=0 must be at least 1"),
            ({"n_halvings": 0}, "n_halvings=0 must be at least 1"),
            ({"alpha": 0.0}, "alpha=0.0 must lie between 0 and inf"),
            ({"discard_fraction": 0.6}, r"discard_fraction=0.6 must lie in \[0, 0.5\]"),
            ({"n_halvings": 5}, "5 halvings of 90 points are too small for"),
            ({"n_neighbors": 30}, "3 halvings of 90 points are too small for 30 neighbours"),
            ({"n_neighbors": 8}, "needs 64 neighbours of each point, the graph has 20"),
        ],
    )
    def test_parameters_that_cannot_be_used(self, kind, parameters, message):
        graph = ds.NeighborGraph.from_points(np.random.default_rng(0).normal(size=(90, 3)), 20)
        with pytest.raises(ds.InputError, match=message):
            kind(**parameters).estimate(graph)
