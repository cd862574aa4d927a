"""`dimscope estimate` leads with what can be believed."""

import numpy as np
import pytest

import dimscope as ds
from dimscope.calibration import FAMILIES, known_calibration
from dimscope.cli.believed import believed


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(100, 120))


def test_the_interval_is_the_calibrated_one_and_stands_with_its_figures(points):
    estimate = ds.estimate(points[:, :6])
    found = known_calibration(estimate)
    said = believed(estimate)
    assert said == (
        f"between {found.low:.2f} and {found.high:.2f} (two_nn {estimate.value:.2f} ± "
        f"{estimate.stderr:.2f} at N = 100, calibrated over {len(FAMILIES)} families)"
    )
    assert found.low < 6 < found.high


def test_what_n_does_not_resolve_is_said_first(points):
    said = believed(ds.estimate(points))
    assert said.startswith("cannot tell: N = 100 does not resolve above ")
    assert "; at least " in said or "; between " in said
    assert said.endswith(" families)")


def test_without_a_curve_nothing_is_promised(points):
    said = believed(ds.estimate(points, groups=np.repeat(np.arange(20), 5)))
    assert said.endswith("not calibrated: no response curve that ships applies to it")
    assert " in 20 groups" in said


def test_a_linear_dimension_has_no_such_sentence(points):
    assert believed(ds.estimate(points, "participation_ratio")) is None


def test_a_failure_is_no_number():
    failed = ds.DimensionEstimate.unknown("two_nn", "too few points", 3)
    assert believed(failed) == "cannot tell: two_nn has no value"
