"""Estimates led back to the dimension, and those that cannot be."""

import functools
import json

import numpy as np
import pytest

import dimscope as ds
from dimscope.calibration import FAMILIES, calibrate, known_calibration, member
from dimscope.errors import InputError, InputTypeError
from dimscope.results import Note, Quantity, Subject, Value


def gaussian(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.fixture(scope="module")
def thirty():
    """TwoNN, Gride and Levina-Bickel of 500 points of a Gaussian in 30 dimensions."""
    return ds.estimate(gaussian(500, 30), ["two_nn", "gride", "levina_bickel"])


@pytest.mark.parametrize("method", ["two_nn", "gride", "levina_bickel"])
def test_the_truth_is_found_where_the_raw_value_misses_it(thirty, method):
    raw = thirty[method]
    assert raw.interval[1] < 26
    found = calibrate(raw, "gaussian")
    assert found.low < 30 < found.high
    assert found.value == pytest.approx(30, rel=0.12)
    assert (found.raw, found.family, found.n_samples) == (raw.value, "gaussian", 500)
    assert found.method == method


def test_any_holds_what_every_family_holds(thirty):
    envelope = calibrate(thirty["two_nn"])
    each = [calibrate(thirty["two_nn"], family) for family in FAMILIES]
    assert envelope.family == "any"
    assert envelope.low == pytest.approx(min(one.low for one in each), rel=1e-3)
    assert envelope.high == pytest.approx(max(one.high for one in each), rel=0.02)
    assert min(one.value for one in each) < envelope.value < max(one.value for one in each)


@pytest.mark.statistical
@pytest.mark.parametrize("family", FAMILIES)
def test_intervals_cover_the_dimension_of_other_members(family):
    """Forty members of 2 to 60 dimensions; 95 % of 40 is 38, and fewer than 33 has p = 0.002."""
    held = 0
    for seed in range(40):
        rng = np.random.default_rng([7, seed])
        dimension = round(float(np.exp(rng.uniform(np.log(2), np.log(60)))))
        graph = ds.NeighborGraph.from_points(member(family, dimension, 200, rng), 2)
        found = calibrate(ds.TwoNN().estimate(graph), family)
        held += found.low <= dimension and (found.high is None or dimension <= found.high)
    assert held >= 33


def test_an_open_interval_says_so():
    found = calibrate(ds.estimate(gaussian(150, 200)), "gaussian")
    assert found.high is None
    assert [note.code for note in found.notes] == ["limit"]
    assert found.resolvable is False
    assert "no upper end" in str(found)


def test_a_value_of_a_profile_is_calibrated_as_the_estimate_is(thirty):
    quantity = Quantity.of("gride", "intrinsic", title="Gride")
    value = Value.of(Subject(model="net"), quantity, thirty["gride"])
    assert calibrate(value) == calibrate(thirty["gride"])


def test_settings_count():
    four = ds.estimate(gaussian(300, 20), ds.Gride(n1=4))
    found = calibrate(four, "gaussian")
    assert found.method == "gride(n1=4)"
    quantity = Quantity.of("gride", "intrinsic", title="Gride", setting="n1=4")
    assert calibrate(Value.of(Subject(model="net"), quantity, four), "gaussian") == found


def test_the_result_is_ready_for_json(thirty):
    fields = json.loads(json.dumps(calibrate(thirty["two_nn"]).to_dict()))
    assert fields["family"] == "any"
    assert fields["resolvable"] is True


@functools.cache
def refused():
    points = gaussian(300, 5)
    twice = np.vstack([points, points[:50]])
    near = points + 0.0
    near[200:] = near[:100] + 1e-9 * gaussian(100, 5, seed=1)
    return {
        "variances": ds.estimate(points, "participation_ratio"),
        "were left out": ds.estimate(twice, duplicates="keep"),
        "They were kept": ds.estimate(near, near_copies="keep"),
        "in 75 groups": ds.estimate(points, groups=np.repeat(np.arange(75), 4)),
        "not one of our methods": ds.estimate(points, Box()),
        "a problem": ds.DimensionEstimate.unknown("two_nn", "a problem", 300),
        "already": Value(
            subject=Subject(model="net"),
            quantity=Quantity.of("two_nn", "intrinsic", title="TwoNN").calibrated("any"),
            value=5.0,
            n_samples=300,
        ),
    }


class Box:
    """Another library's estimator."""

    def fit(self, x):
        self.dimension_ = float(np.ptp(x) * 0 + 3)
        return self


@pytest.mark.parametrize("said", list(refused()))
def test_what_no_curve_applies_to_is_refused(said):
    estimate = refused()[said]
    with pytest.raises(InputError, match=said):
        calibrate(estimate)
    assert known_calibration(estimate) is None


def test_copies_that_were_set_aside_do_no_harm():
    twice = np.repeat(gaussian(300, 10), 2, axis=0)
    assert calibrate(ds.estimate(twice), "gaussian").n_samples == 300


@pytest.mark.parametrize(("estimate", "error"), [(20.0, InputTypeError), (None, InputTypeError)])
def test_a_bare_number_is_refused(estimate, error):
    with pytest.raises(error, match="invert"):
        calibrate(estimate)


def test_an_unknown_family_is_refused(thirty):
    with pytest.raises(InputError, match="did you mean torus"):
        calibrate(thirty["two_nn"], "tori")


def test_what_has_no_shipped_curve_is_left_to_a_simulation():
    estimate = ds.estimate(gaussian(60, 5), "two_nn")
    assert known_calibration(estimate) is None
    assert estimate.ceiling is None


def test_notes_are_notes(thirty):
    assert all(isinstance(note, Note) for note in calibrate(thirty["two_nn"]).notes)
