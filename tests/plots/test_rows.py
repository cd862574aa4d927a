import numpy as np
import pytest
from hypothesis import given, strategies as st

from dimscope.errors import InputError
from dimscope.plots.colors import layer_colors, run_colors
from dimscope.plots.depth_axis import depth_axis, spread
from dimscope.plots.names import linear_methods, method_labels
from dimscope.plots.rows import curve_rows, decimation_rows, estimate_rows, runs_of
from dimscope.profiling import Profile


@given(st.lists(st.integers(0, 8), min_size=1, max_size=20))
def test_spread_keeps_the_order_and_separates_ties(numerators):
    depths = np.sort(numerators) / 8
    positions = spread(depths)
    assert np.all(np.diff(positions) > 0)
    assert np.all(positions >= depths)
    later = np.searchsorted(depths, depths, side="right")
    inner = later < len(depths)
    assert np.all(positions[inner] < depths[later[inner]])


def test_layers_that_models_share_stand_by_name_in_order(profile):
    axis = depth_axis(profile.to_frame("estimate"))
    names = list(dict.fromkeys(profile.frame["layer"]))
    assert [name for _, name in axis.ticks] == names
    assert axis.place(profile.to_frame("estimate").drop_duplicates("layer")) == list(range(12))


def test_networks_of_other_layers_stand_by_relative_depth(build):
    other = build("B", layers=("input", "conv1", "conv2", "fc2"))
    frame = Profile.join(build("A"), other).to_frame("estimate")
    axis = depth_axis(frame)
    assert axis.ticks == ()
    assert axis.positions["A", "conv2"] == axis.positions["B", "conv2"] == 2 / 8
    assert 1 / 8 < axis.positions["A", "pool1"] < 2 / 8


def test_many_layers_are_not_all_named(build):
    assert len(depth_axis(build("A").to_frame("estimate"), max_ticks=5).ticks) == 4


def test_bounds_are_the_interval_or_else_the_standard_error(profile):
    frame = profile.to_frame()
    hit = (frame["layer"] == "conv1") & (frame["method"] == "two_nn")
    frame.loc[hit, ["interval_low", "interval_high"]] = [18.0, 30.0]
    rows = estimate_rows(Profile.from_frame(frame), ["two_nn"]).set_index("layer")
    assert rows.loc["conv1", ["low", "high"]].to_numpy().tolist() == [[18.0, 30.0]] * 2
    plain = rows.drop(index="conv1")
    np.testing.assert_allclose(plain["high"], plain["value"] + 1.96 * plain["stderr"])
    np.testing.assert_allclose(plain["low"], plain["value"] - 1.96 * plain["stderr"])


def test_linear_is_what_the_estimator_says(profile):
    frame = profile.to_frame("estimate").assign(scale=np.nan)
    frame["method"] = frame["method"].replace({"gride": "skdim.DANCo"})
    rows = estimate_rows(Profile.from_frame(frame))
    assert linear_methods(rows) == {"participation_ratio", "pca_dimension"}
    assert method_labels(rows)["skdim.DANCo"] == "skdim.DANCo"


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


def test_every_run_has_its_colour_and_every_layer_another(build):
    runs = [run for run, _ in runs_of(build("A", "B", steps=(0, 50)).to_frame("estimate"))]
    assert runs == [("A", 0), ("A", 50), ("B", 0), ("B", 50)]
    assert len(set(run_colors(runs).values())) == 4
    assert len(set(layer_colors(40))) == 40


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
