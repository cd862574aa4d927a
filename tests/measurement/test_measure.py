"""One pipeline: what fails costs nothing else, and work is done once."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators import make_estimators
from dimscope.measurement import Representation, Search, block_levels, measure


def cloud(n=300, d=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


class TestFailures:
    def test_of_one_method_cost_no_other(self):
        found = ds.estimate(cloud(30), ["two_nn", "local_pca", "participation_ratio"])
        assert list(found) == ["two_nn", "local_pca", "participation_ratio"]
        assert found["local_pca"].value is None
        assert found["local_pca"].problem.startswith("50 neighbours need at least 51 distinct poi")
        for name in ("two_nn", "participation_ratio"):
            alone = ds.estimate(cloud(30), name)
            assert found[name].value == pytest.approx(alone.value, rel=1e-12)
            assert found[name].problem is None

    def test_of_one_method_in_its_parameters(self):
        found = ds.estimate(cloud(), [ds.TwoNN(discard_fraction=2.0), "gride", "abid", "danco"])
        assert "discard_fraction=2.0" in found["two_nn"].problem
        assert None not in (found["gride"].value, found["abid"].value, found["danco"].value)

    def test_of_a_method_of_vectors(self):
        found = ds.estimate(cloud(), [ds.ABID(n_neighbors=1), "ess", ds.DANCo(n_neighbors=2)])
        assert found["abid"].problem == "n_neighbors=1 must be at least 3"
        assert "must lie between 3 and 30" in found["danco"].problem
        assert found["ess"].value > 3

    def test_of_linear_methods_without_points(self):
        graph = ds.NeighborGraph.from_points(cloud(), 20)
        given = ds.NeighborGraph.from_neighbors(graph.distances, graph.indices)
        found = ds.estimate(given, ["two_nn", "stable_rank", "tle"])
        assert "linear methods need the points themselves" in found["stable_rank"].problem
        assert "tle needs the points themselves" in found["tle"].problem
        assert found["two_nn"].value == ds.estimate(graph).value

    def test_of_the_only_method_is_an_error(self):
        for method in ("local_pca", ["local_pca"]):
            with pytest.raises(ds.InputError, match="50 neighbours need at least 51 distinct"):
                ds.estimate(cloud(30), method)

    def test_of_all_methods_is_one_error(self):
        x = cloud()
        x[7, 1] = np.nan
        with pytest.raises(ds.InputError, match=r"^1 of 300 rows hold NaN .* \(row 7\)"):
            ds.estimate(x, ["two_nn", "stable_rank"])
        with pytest.raises(
            ds.InputError, match=r"no method gave an estimate: two_nn: .*; abid: n_"
        ):
            ds.estimate(x[8:], [ds.TwoNN(discard_fraction=2.0), ds.ABID(n_neighbors=1)])

    def test_of_a_choice_is_an_error_whatever_else_succeeds(self):
        with pytest.raises(ds.InputError, match="metric='manhattan' is not known"):
            ds.estimate(cloud(), ["two_nn", "stable_rank"], metric="manhattan")

    def test_in_blocks_cost_no_other_method(self):
        """Lists that were given are long enough for TwoNN in blocks, and not for 30 neighbours."""
        graph = ds.NeighborGraph.from_points(cloud(800), 40)
        lists = ds.NeighborGraph.from_neighbors(graph.distances, graph.indices)
        both = make_estimators(["two_nn", ds.MOM(n_neighbors=30)])
        levels = block_levels(both, lists)
        alone = block_levels(make_estimators("two_nn"), lists)
        assert levels["mom"] == []
        for found, wanted in zip(levels["two_nn"], alone["two_nn"], strict=True):
            np.testing.assert_array_equal(found.values, wanted.values)


class TestOnce:
    def test_two_settings_of_one_estimator_are_two_statistics(self):
        found = measure(
            Representation.of(cloud()), {"near": ds.Gride(n1=1), "far": ds.Gride(n1=16)}
        )
        assert found.estimates["near"].value == pytest.approx(
            ds.Gride(n1=1).fit(cloud()).dimension_
        )
        assert found.estimates["far"].parameters["n2"] == 32

    def test_a_known_error_takes_no_blocks(self, monkeypatch):
        graph = ds.NeighborGraph.from_points(cloud(), 2)
        monkeypatch.setattr(ds.NeighborGraph, "subset", None)  # fails where it is called
        assert ds.estimate(graph, ["two_nn", "two_nn_mle", "two_nn_bayes"])["two_nn"].value > 3

    def test_no_decimation_unless_asked_for(self):
        of = Representation.of(cloud(400))
        made = make_estimators(["two_nn", "stable_rank"])
        assert measure(of, made).levels == {"two_nn": [], "stable_rank": []}
        levels = measure(of, made, n_repeats=3, seed=5).levels
        assert [level.n_samples for level in levels["two_nn"]] == [200, 100, 50]
        assert [len(level.values) for level in levels["stable_rank"]] == [6, 12, 24]

    def test_the_search_has_as_many_neighbours_as_asked(self):
        of = Representation.of(cloud())
        search = Search(n_neighbors=20, metric="cosine")
        measure(of, make_estimators("two_nn"), search=search)
        assert list(of._kept) == [(20, "cosine", "first", "first")]
