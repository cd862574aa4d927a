"""The order of the methods, and the sets that decide it."""

import skdim

from benchmarks.accuracy.samples import dimensions
from benchmarks.accuracy.tables import RANKED, ranked


def test_methods_are_ranked_by_mean_those_with_gaps_last(row):
    near = [row(21.0, method="near"), row(4.1, method="near", set="M4_Nonlinear")]
    far = [row(30.0, method="far"), row(8.0, method="far", set="M4_Nonlinear")]
    gap = [row(20.0, method="gap")]
    truth = {"M9_Affine": 20.0, "M4_Nonlinear": 4.0}
    found = ranked([*gap, *far, *near], truth, 100, ["M9_Affine", "M4_Nonlinear"])
    assert [method.name for method, _ in found] == ["near", "far", "gap"]


def test_the_ranked_sets_are_those_of_scikit_dimension():
    truth = skdim.datasets.BenchmarkManifolds().truth
    assert set(RANKED) == set(truth.index)
    assert dimensions(RANKED) == truth["Intrinsic Dimension"].to_dict()
