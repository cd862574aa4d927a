"""The conformance suite: every estimator of ours passes it."""

from __future__ import annotations

import subprocess
import sys

import pytest
import skdim
from sound_estimator import Sound

import dimscope as ds
from dimscope.estimators import ESTIMATORS, danco, make_estimator
from dimscope.testing import check_estimator, estimator_checks

#: Lighter than by default, for some fifty estimates.
LIGHT = {"hidalgo": {"n_sweeps": 200, "n_chains": 2}}
EXPECTED = {
    "geodesic": {
        "check_line": "joined to their nearest, points on a line fall apart: half are not connected"
    },
    "rankme": dict.fromkeys(
        ("check_translation", "check_constant_features"),
        "it is of the rows about the origin, not about their mean",
    ),
    "alpha_req": dict.fromkeys(
        ("check_line", "check_plane", "check_sphere", "check_ball", "check_one_outlier"),
        "it is an exponent, no dimension: larger where fewer directions matter",
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_registered_estimator_conforms(name, monkeypatch):
    monkeypatch.setattr(danco, "_LEAST_SIMULATED", 200)
    estimator = make_estimator(name).set_params(**LIGHT.get(name, {}))
    check_estimator(estimator, expected_failures=EXPECTED.get(name))


@pytest.mark.parametrize(
    "estimator",
    [
        ds.MADA(combination="vote"),
        ds.ParticipationRatio(correction="none"),
        ds.LocalPCA(rule="participation_ratio"),
        ds.TwoNN(discard_fraction=0.0),
        ds.Gride(n1=16),
    ],
    ids=repr,
)
def test_so_do_other_parameters(estimator):
    check_estimator(estimator)


def test_what_is_to_be_broken_is_sound():
    check_estimator(Sound())


@pytest.mark.parametrize("check", estimator_checks(ds.TwoNNMLE()), ids=str)
def test_checks_are_ready_for_pytest(check):
    check()
    assert check.function.__doc__


def test_what_is_no_estimator_is_bad_input():
    with pytest.raises(ds.InputError, match="lPCA is not an Estimator: give an instance"):
        list(estimator_checks(skdim.id.lPCA()))


@pytest.mark.filterwarnings("ignore::RuntimeWarning:skdim")
@pytest.mark.parametrize(
    ("peer", "fault"),
    [
        (skdim.id.MOM(), "check_one_outlier"),  # a mean of local dimensions
        (skdim.id.TLE(), "check_scale"),  # 1e-4 in the units of the data
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_finds_what_scikit_dimension_is_known_for(peer, fault):
    """Version 0.5.0, through `External`."""
    check = {str(c): c for c in estimator_checks(ds.External(estimator=peer))}[fault]
    with pytest.raises(AssertionError):
        check()


def test_it_runs_without_pytest_and_without_scikit_learn():
    code = (
        "import sys\n"
        "from dimscope.testing import check_estimator\n"
        "check_estimator('levina_bickel')\n"
        "assert not {'pytest', 'sklearn', '_pytest'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
