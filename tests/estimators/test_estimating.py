"""`dimscope.estimate`: one array, one method or several."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import dimscope as ds
from dimscope.estimators import make_estimators, neighbors_needed


def cloud(n=200, d=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


class TestEstimate:
    def test_one_method_gives_one_estimate(self):
        x = cloud()
        assert ds.estimate(x) == ds.estimate(x, "two_nn") == ds.estimate(x, ds.TwoNN())

    def test_several_methods_give_a_dict_in_their_order(self):
        methods = ["participation_ratio", ds.Gride(n1=4), "two_nn"]
        estimates = ds.estimate(cloud(), methods)
        assert list(estimates) == ["participation_ratio", "gride", "two_nn"]
        assert estimates["gride"] == ds.estimate(cloud(), ds.Gride(n1=4))
        assert estimates["two_nn"] == ds.estimate(cloud())
        assert list(ds.estimate(cloud(), ["two_nn"])) == ["two_nn"]

    def test_metric_and_duplicates_reach_the_search(self):
        x = cloud() + 2
        unit = x / np.linalg.norm(x, axis=1, keepdims=True)
        assert ds.estimate(x, metric="cosine").value == pytest.approx(ds.estimate(unit).value)
        assert ds.estimate(np.concatenate([x, x[:9]]), duplicates="drop").n_duplicates == 18

    @pytest.mark.parametrize(
        ("method", "message"),
        [
            ("twonn", "unknown method 'twonn': choose from two_nn, .*; did you mean two_nn?"),
            ("participation", "did you mean participation_ratio?"),
            ("zzz", "unknown method 'zzz': choose from two_nn, .*, alpha_req$"),
            (["two_nn", "two_nn"], "method 'two_nn' is given twice"),
            (
                ["two_nn", *[ds.Gride(n1=4)] * 2],
                r"method 'gride\(n1=4\)' is given twice: give each method once, or with other se",
            ),
            ([], "no method given: choose from two_nn"),
        ],
    )
    def test_methods_that_cannot_be_used(self, method, message):
        with pytest.raises(ds.InputError, match=message):
            ds.estimate(cloud(), method)

    def test_neighbours_needed_serve_all(self):
        made = make_estimators(["two_nn", ds.Gride(n1=8), "participation_ratio"])
        assert neighbors_needed(made.values()) == 16
        assert neighbors_needed(make_estimators("effective_rank").values()) == 0


class TestRounding:
    """A representation whose spread is the rounding of its stored values says so."""

    def test_rounding_of_a_large_offset_is_noted(self):
        x = (1e7 + np.random.default_rng(0).normal(size=(400, 20))).astype(np.float32)
        for name, estimate in ds.estimate(x, ["two_nn", "levina_bickel", "pca_dimension"]).items():
            assert any("the rounding of stored values" in note for note in estimate.notes), name

    def test_a_resolved_offset_is_not(self):
        x = (1e4 + np.random.default_rng(0).normal(size=(400, 20))).astype(np.float32)
        for estimate in ds.estimate(x, ["two_nn", "pca_dimension"]).values():
            assert not any("rounding" in note for note in estimate.notes)

    def test_integers_and_small_scales_are_exact(self):
        grid = np.random.default_rng(0).integers(0, 1000, size=(400, 5)) + 10**7
        assert not any("rounding" in note for note in ds.estimate(grid).notes)
        small = np.random.default_rng(0).normal(size=(400, 5)) * 1e-30
        assert ds.estimate(small).notes == ()

    def test_bfloat16_is_coarse(self):
        x = torch.from_numpy(100 + np.random.default_rng(0).normal(size=(400, 20)))
        assert any("raises what they show" in n for n in ds.estimate(x.bfloat16()).notes)
        assert not any("rounding" in n for n in ds.estimate(x.float()).notes)


def test_a_class_means_its_defaults():
    x = np.random.default_rng(0).normal(size=(100, 3))
    assert ds.estimate(x, ds.TwoNN) == ds.estimate(x, "two_nn")
