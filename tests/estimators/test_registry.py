"""The registry: our own estimators, those of other packages, and several settings of one."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import third_party

import dimscope as ds
from dimscope.estimators import ESTIMATORS, make_estimator, make_estimators, registry
from dimscope.estimators.registry import _OURS


@pytest.mark.parametrize("name", _OURS)
def test_each_is_in_the_file_of_its_name_and_says_what_it_is(name):
    cls = ESTIMATORS[name]
    assert cls.__module__ == f"dimscope.estimators.{name}"
    assert (cls.name, cls.__name__) == (name, _OURS[name])
    assert cls is getattr(importlib.import_module("dimscope"), cls.__name__)
    assert cls.title
    assert make_estimator(name).setting == ""


def test_every_title_is_another():
    titles = [cls.title for cls in ESTIMATORS.values()]
    assert len(set(titles)) == len(titles)


def test_it_is_a_mapping():
    assert list(ESTIMATORS)[: len(_OURS)] == list(_OURS)
    assert len(ESTIMATORS) == len(list(ESTIMATORS))
    assert "two_nn" in ESTIMATORS
    assert "nearest" not in ESTIMATORS
    assert "'two_nn': TwoNN" in repr(ESTIMATORS)
    with pytest.raises(KeyError, match="nearest"):
        ESTIMATORS["nearest"]


class TestSettings:
    def test_of_one_method_stand_side_by_side(self):
        x = np.random.default_rng(0).normal(size=(200, 3))
        given = ["two_nn", "gride", ds.Gride(n1=4), ds.MOM(n_neighbors=5)]
        found = ds.estimate(x, given)
        assert list(found) == ["two_nn", "gride", "gride(n1=4)", "mom"]
        assert found["gride(n1=4)"] == ds.estimate(x, ds.Gride(n1=4))
        assert found["gride"] == ds.estimate(x, "gride")

    def test_the_defaults_written_out_are_the_defaults(self):
        with pytest.raises(ds.InputError, match="method 'gride' is given twice"):
            make_estimators(["gride", ds.Gride(n1=2)])

    def test_are_told_by_the_parameters_that_differ(self):
        estimator = ds.LocalPCA(rule="ratio", variance_fraction=0.8)
        assert estimator.setting == "rule=ratio, variance_fraction=0.8"
        assert estimator.quantity.label == "Local PCA (rule=ratio, variance_fraction=0.8)"


class TestOtherPackages:
    def test_an_estimator_of_one_file_and_one_line_is_like_our_own(self, tmp_path):
        third_party.install(tmp_path)
        code = (
            "import numpy as np, dimscope as ds\n"
            "from dimscope.estimators import ESTIMATORS\n"
            "from dimscope.testing import check_estimator\n"
            "assert list(ESTIMATORS)[-1] == 'box' and ESTIMATORS['box'].__name__ == 'Box'\n"
            "x = np.random.default_rng(0).normal(size=(300, 2))\n"
            "estimate = ds.estimate(x, 'box')\n"
            "assert estimate.method == 'box'\n"
            "assert list(ds.estimate(x, ['two_nn', 'box'])) == ['two_nn', 'box']\n"
            "check_estimator('box')\n"
            "print(ESTIMATORS['box']().quantity.label, round(estimate.value))\n"
        )
        done = third_party.run_python(tmp_path, code)
        assert done.stderr == ""
        assert done.stdout == f"{third_party.TITLE} 2\n"

    def test_the_command_line_lists_it(self, tmp_path):
        third_party.install(tmp_path)
        code = "from dimscope.cli.main import run; raise SystemExit(run(['estimate', '--help']))"
        done = third_party.run_python(tmp_path, code)
        assert (done.returncode, done.stderr) == (0, "")
        assert "alpha_req, box." in " ".join(done.stdout.split())

    def test_it_is_not_imported_before_it_is_asked_for(self, tmp_path):
        third_party.install(tmp_path)
        code = (
            "import sys, dimscope as ds, dimscope.cli.main\n"
            "ds.TwoNN, ds.estimators.ESTIMATORS['two_nn'], 'gride' in ds.estimators.ESTIMATORS\n"
            "ds.estimate([[0.0, i**3] for i in range(30)])\n"
            "assert 'box_dimension' not in sys.modules\n"
            "'box' in ds.estimators.ESTIMATORS\n"
            "assert 'box_dimension' in sys.modules\n"
        )
        done = third_party.run_python(tmp_path, code)
        assert (done.returncode, done.stderr) == (0, "")

    @pytest.mark.parametrize(
        ("entry", "fault"),
        [
            ("box = box_dimension:Bax", "AttributeError: "),
            ("box = no_such_module:Box", "ModuleNotFoundError: No module named 'no_such_module'"),
            ("box = box_dimension:np", "it is no class derived from NeighborEstimator or Spec"),
            ("bax = box_dimension:Box", "its class has the name 'box': give both one name"),
            ("two_nn = box_dimension:Box", "another estimator has that name already"),
        ],
    )
    def test_one_that_cannot_be_used_is_one_warning(self, tmp_path, entry, fault):
        third_party.install(tmp_path, entries=[entry])
        name, _, value = entry.partition(" = ")
        code = (
            "from dimscope.estimators import ESTIMATORS\n"
            "print(len(ESTIMATORS), *ESTIMATORS)\n"
            "print(ESTIMATORS['two_nn'].__name__)\n"
        )
        done = third_party.run_python(tmp_path, code)
        assert done.stdout.split() == [str(len(_OURS)), *_OURS, "TwoNN"]
        assert done.stderr.count("Warning") == 1
        told = f"the estimator {name!r} of the package box_dimension ({value}) cannot be used: "
        assert told + fault in done.stderr

    def test_a_name_that_nobody_has_is_bad_input(self, monkeypatch):
        monkeypatch.setattr(registry, "_of_other_packages", dict)
        with pytest.raises(ds.InputError, match="unknown method 'box': choose from two_nn"):
            make_estimator("box")
