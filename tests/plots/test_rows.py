"""The rows that figures show, and their error bounds."""

import numpy as np
import pytest
from synthetic_profiles import with_samples

from dimscope.errors import InputError
from dimscope.plots.rows import curve_rows, decimation_rows, estimate_rows, runs_of
from dimscope.profiling import Profile


def test_bounds_are_the_interval_or_else_the_standard_error(profile):
    frame = profile.to_frame()
    hit = (frame["layer"] == "conv1") & (frame["method"] == "two_nn")
    frame.loc[hit, ["interval_low", "interval_high"]] = [18.0, 30.0]
    rows = estimate_rows(Profile.from_frame(frame), ["two_nn"]).set_index("layer")
    assert rows.loc["conv1", ["low", "high"]].to_numpy().tolist() == [[18.0, 30.0]] * 2
    plain = rows.drop(index="conv1")
    np.testing.assert_allclose(plain["high"], plain["value"] + 1.96 * plain["stderr"])
    np.testing.assert_allclose(plain["low"], plain["value"] - 1.96 * plain["stderr"])


def test_decimation_ends_at_the_estimate_on_all_points(build):
    profile = build("A")
    frame = profile.to_frame()
    halves = frame[(frame["curve"] != "decimation") | (frame["n_samples"] < 2000)]
    rows = decimation_rows(Profile.from_frame(halves), layers=["conv4"])
    assert rows["n_samples"].tolist() == [250, 500, 1000, 2000]
    assert rows["value"].iloc[-1] == pytest.approx(38.0)
    assert len(decimation_rows(profile, layers=["conv4"])) == 4


def test_curves_show_the_last_step(build):
    rows = curve_rows(build("A", steps=(0, 50)), "scale")
    assert set(rows["step"]) == {50}
    assert len(rows) == 12 * 6


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"curve": "scale", "model": "C"}, "no scale rows for the model 'C': choose from A, B"),
        ({"curve": "scale", "method": "two_nn"}, "the method 'two_nn': choose from gride"),
        ({"curve": "spectrum", "layers": ["conv9"]}, "the layer 'conv9': choose from input"),
    ],
)
def test_asking_for_what_is_not_there_says_what_is(build, ask, message):
    with pytest.raises(InputError, match=message):
        curve_rows(build("A", "B"), **ask)


def test_rows_whose_values_are_all_unknown_say_so(profile):
    frame = profile.to_frame().assign(value=np.nan)
    with pytest.raises(InputError, match="every value of the scale rows"):
        curve_rows(Profile.from_frame(frame), "scale")


def test_controls_draws_and_classes_are_runs_of_their_own():
    runs = [run for run, _ in runs_of(estimate_rows(with_samples()))]
    names = ["net", "net, affine_d8", "net, affine_d8 1", "net, cats"]
    assert runs == [(name, None) for name in names]
    rows = curve_rows(with_samples(), "scale", model="net, affine_d8 1")
    assert set(rows["network"]) == {"net"}
    assert len(rows) == 3 * 6
    with pytest.raises(InputError, match="'dogs': choose from net, net, affine_d8, net, aff"):
        curve_rows(with_samples(), "scale", model="dogs")
