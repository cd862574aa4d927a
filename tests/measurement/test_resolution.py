"""The ceiling: what N points resolve, known wherever curves ship, and said above it."""

import numpy as np
import pytest

import dimscope as ds
from dimscope.calibration import FAMILIES
from dimscope.estimators.responses import shipped_ceiling, shipped_curves


def gaussian(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def codes(estimate):
    return [note.code for note in estimate.notes]


@pytest.mark.parametrize("method", ["two_nn", "gride", "levina_bickel"])
@pytest.mark.parametrize("n_samples", [100, 500, 1000])
def test_up_to_the_ceiling_the_families_agree_and_above_they_do_not(method, n_samples):
    ceiling = shipped_ceiling(method, n_samples)
    curves = [shipped_curves(method, n_samples)[family] for family in FAMILIES]
    below, above = (
        np.array([curve.invert(share * ceiling.value).value for curve in curves])
        for share in (0.99, 1.02)
    )
    assert below.max() <= 2 * min(below.min(), 0.99 * ceiling.value)
    assert above.max() > 2 * min(above.min(), 1.02 * ceiling.value)
    assert below.min() < ceiling.dimension < 1.05 * below.max()


def test_more_points_resolve_more():
    found = [shipped_ceiling("two_nn", n).value for n in (100, 200, 500, 1000)]
    assert (np.diff(found) > 0).all()


def test_a_resolved_value_has_a_ceiling_and_no_note():
    found = ds.estimate(gaussian(500, 8))
    assert found.ceiling == pytest.approx(shipped_ceiling("two_nn", 500).value)
    assert found.resolvable is True
    assert "limit" not in codes(found)


def test_a_value_above_its_ceiling_says_so():
    found = ds.estimate(gaussian(300, 100))
    assert found.resolvable is False
    assert codes(found).count("limit") == 1
    assert "N = 300 resolves" in " ".join(found.notes)


def test_fit_and_profile_know_the_ceiling_too():
    points = gaussian(200, 5)
    assert ds.TwoNN().fit(points).estimate_.ceiling == ds.estimate(points).ceiling


def test_the_ceiling_is_unknown_where_nothing_was_simulated():
    points = gaussian(200, 5)
    unknown = [
        ds.estimate(points, "participation_ratio"),
        ds.estimate(points, ds.TwoNN(discard_fraction=0.2)),
        ds.estimate(points[:60]),
        ds.estimate(points, groups=np.repeat(np.arange(50), 4)),
    ]
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    unknown.append(ds.TwoNN().fit(ds.NeighborGraph.from_distances(distances, 5)).estimate_)
    assert [found.ceiling for found in unknown] == [None] * 5
    assert [found.resolvable for found in unknown] == [None] * 5
