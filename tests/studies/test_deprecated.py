"""The names of version 0.1 warn and work."""

from __future__ import annotations

import pytest

import dimscope.studies
from dimscope.errors import InputError


@pytest.mark.parametrize(
    ("old", "new"),
    [("STUDIES", "RECIPES"), ("Study", "Recipe"), ("get_study", "get_recipe")],
)
def test_names_of_version_0_1_warn_and_work(old, new):
    with pytest.warns(DeprecationWarning, match=f"{old} is deprecated: use {new}"):
        assert getattr(dimscope.studies, old) is not None


def test_studies_of_version_0_1_work(tmp_path):
    with pytest.warns(DeprecationWarning, match="use"):
        from dimscope.studies import STUDIES, get_study, run_study
    study = get_study("sgd_noise_clusters")
    assert study is STUDIES["sgd_noise_clusters"]
    assert len(study.conditions["sweep"]) == 9
    with pytest.raises(InputError, match="CPU only"):
        run_study("sgd_noise_clusters", tmp_path, device="cuda")
    with pytest.raises(InputError, match="at least 3"):
        run_study("sgd_noise_clusters", tmp_path, device="cpu", n_seeds=2)
    with pytest.raises(InputError, match="abacus"):
        run_study("sgd_noise_fashion", tmp_path, device="abacus")
    with pytest.raises(InputError, match="no study 'nothing'"):
        get_study("nothing")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = dimscope.studies.nothing
