"""Dimension against depth: what is drawn is what was measured."""

import numpy as np
import pandas as pd
import pytest
from synthetic_profiles import with_controls, with_samples, with_tangents

from dimscope.plots import plot_profile
from dimscope.profiling import Profile


def legend_labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def estimates(profile, model, method):
    frame = profile.to_frame("estimate")
    return frame.loc[(frame["model"] == model) & (frame["method"] == method), "value"].to_numpy()


def test_lines_pass_through_the_estimates_and_leave_a_gap_where_unknown(profile):
    ax = plot_profile(profile, ["gride"])
    trained, untrained = (line.get_ydata() for line in ax.get_lines())
    np.testing.assert_array_equal(trained, estimates(profile, "VGG, trained", "gride"))
    np.testing.assert_array_equal(untrained, estimates(profile, "VGG, untrained", "gride"))
    assert np.flatnonzero(np.isnan(trained)).tolist() == [4]


def test_error_bars_reach_1_96_standard_errors(build):
    profile = build("A")
    ax = plot_profile(profile, ["two_nn"])
    bars = ax.collections[1].get_segments()
    frame = profile.to_frame("estimate")
    rows = frame[frame["method"] == "two_nn"]
    heights = [bar[1, 1] - bar[0, 1] for bar in bars]
    np.testing.assert_allclose(heights, 2 * 1.96 * rows["stderr"])


def test_models_differ_by_colour_methods_by_style(profile):
    ax = plot_profile(profile, ["two_nn", "participation_ratio"])
    lines = ax.get_lines()
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--"]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert legend_labels(ax) == [*profile.models, "TwoNN", "Participation ratio"]


def test_one_model_has_a_colour_for_each_method(build):
    ax = plot_profile(build("A"))
    assert len({line.get_color() for line in ax.get_lines()}) == 5


def test_layer_names_mark_the_axis(profile):
    ax = plot_profile(profile, ["two_nn"])
    names = [tick.get_text() for tick in ax.get_xticklabels()]
    assert names == list(dict.fromkeys(profile.frame["layer"]))


def test_the_axis_is_logarithmic_over_a_factor_of_twenty_only(profile):
    assert plot_profile(profile).get_yscale() == "log"
    linear = plot_profile(profile, ["two_nn"])
    assert linear.get_yscale() == "linear"
    assert linear.get_ylim()[0] == 0


def test_a_method_not_known_is_drawn_under_its_own_name(profile):
    frame = profile.to_frame()
    frame["method"] = frame["method"].replace({"levina_bickel": "box_dimension"})
    ax = plot_profile(Profile.from_frame(frame), ["two_nn", "box_dimension"])
    assert legend_labels(ax)[-1] == "Box dimension"


def test_each_step_is_a_line_and_the_legend_stays_short(build):
    ax = plot_profile(build("A", steps=tuple(range(0, 80, 10))), ["two_nn"])
    assert len(ax.get_lines()) == 8
    assert legend_labels(ax) == ["A, step 0", "A, step 70"]


def test_controls_lie_in_grey_behind_the_data_and_classes_are_lines_of_their_own():
    ax = plot_profile(with_samples(), ["two_nn"])
    assert legend_labels(ax) == ["net", "net, cats", "affine_d8, 2 draws (TwoNN)"]
    lines = {line.get_linestyle(): line for line in ax.get_lines()[::2]}
    data, control, cats = (
        line.get_ydata() for line in (ax.get_lines()[0], lines["--"], ax.get_lines()[1])
    )
    np.testing.assert_allclose(control, 0.5 * data)
    np.testing.assert_allclose(cats, 0.8 * data)
    assert lines["--"].get_zorder() < lines["-"].get_zorder()
    assert len({line.get_color() for line in ax.get_lines()}) == 3
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["conv1", "conv4", "fc2"]


def test_a_control_is_drawn_by_one_method_the_data_by_all():
    ax = plot_profile(with_controls(), ["two_nn", "gride", "participation_ratio"])
    assert len(ax.get_lines()) == 3 + 1
    assert legend_labels(ax)[-1] == "affine_d8, 3 draws (TwoNN)"
    assert ax.get_title(loc="left") == "net, N = 2,000"


def test_several_draws_are_their_mean_with_a_band_that_holds_them():
    profile = with_controls()
    frame = profile.to_frame("estimate")
    draws = frame[(frame["sample"] == "affine_d8") & (frame["method"] == "two_nn")]
    by_layer = draws.groupby("layer", sort=False)["value"]
    ax = plot_profile(profile, ["two_nn"])
    line = ax.get_lines()[1]
    np.testing.assert_allclose(line.get_ydata(), by_layer.mean())
    vertices = ax.collections[-1].get_paths()[0].vertices[:, 1]
    assert vertices.max() == pytest.approx((by_layer.mean() + 1.96 * by_layer.std()).max())


def test_controls_of_two_networks_have_tints_of_these():
    two = with_controls("net").add(with_controls("twin"))
    ax = plot_profile(two, ["two_nn"])
    assert legend_labels(ax)[2:] == [
        "net, affine_d8, 3 draws (TwoNN)",
        "twin, affine_d8, 3 draws (TwoNN)",
    ]
    assert len({line.get_color() for line in ax.get_lines()}) == 4


def test_controls_alone_are_drawn_as_data_are():
    frame = with_controls().to_frame()
    ax = plot_profile(Profile.from_frame(frame[frame["sample"] != "data"]), ["two_nn"])
    assert ax.get_lines()[0].get_linestyle() == "-"


def test_what_is_no_dimension_is_drawn_on_request_only():
    profile = with_tangents()
    assert len(plot_profile(profile).get_lines()) == 1 + 1
    assert len(plot_profile(profile, ["tangent_rank"]).get_lines()) == 1


def test_the_axis_names_the_family_of_its_methods(profile):
    assert plot_profile(profile, ["two_nn", "gride"]).get_ylabel() == "intrinsic dimension"
    linear = ["participation_ratio", "pca_dimension"]
    assert plot_profile(profile, linear).get_ylabel() == "linear dimension"
    assert plot_profile(profile).get_ylabel() == "dimension"
    assert plot_profile(profile, ["gride"]).get_ylabel() == "intrinsic dimension (Gride)"
    other = profile.values.assign(family="other")
    assert plot_profile(Profile(layers=profile.layers, values=other)).get_ylabel() == "dimension"


def calibrated(*values, **facts):
    """A profile of one method at N = 1,000, raw beside calibrated."""
    same = {"model": "net", "n_features": 4096, "curve": "estimate", "n_samples": 1000}
    same |= {"method": "two_nn", "stderr": 1.0, "ceiling": 26.0}
    rows = [
        {**same, "layer": f"block{i}", "layer_index": i, "value": value, **facts}
        for i, value in enumerate(values)
    ]
    return Profile.from_rows(rows, {}).calibrated()


def test_a_calibrated_value_is_a_dotted_line_in_the_colour_of_the_raw_one():
    profile = calibrated(8.0, 12.0)
    raw, dotted = plot_profile(profile).get_lines()
    assert (raw.get_linestyle(), dotted.get_linestyle()) == ("-", ":")
    assert raw.get_color() == dotted.get_color()
    np.testing.assert_array_equal(dotted.get_ydata(), profile.values["value"].tolist()[1::2])
    assert legend_labels(plot_profile(profile)) == ["TwoNN", "TwoNN, calibrated (family=any)"]


def test_what_n_cannot_resolve_is_hollow_and_the_legend_says_so():
    ax = plot_profile(calibrated(12.0, 60.0), ["two_nn"])
    hollow = ax.get_lines()[1]
    assert hollow.get_ydata().tolist() == [60.0]
    assert hollow.get_markerfacecolor() == "white"
    assert legend_labels(ax)[-1] == "not resolved by N"
    assert "not resolved by N" not in legend_labels(plot_profile(calibrated(12.0, 20.0)))


def test_a_band_without_an_upper_end_leaves_the_figure_at_the_top():
    ax = plot_profile(calibrated(12.0, 60.0))
    band = ax.collections[-1].get_paths()[0].vertices
    assert band[:, 1].max() >= 0.999 * ax.get_ylim()[1]
    assert ax.get_ylim()[1] < 300


def test_bands_of_one_method_only_are_drawn_unasked():
    frame = calibrated(8.0, 12.0).to_frame("estimate")
    raw = frame[frame["method"] == "two_nn"].assign(setting="")
    both = Profile.from_frame(pd.concat([raw, raw.assign(method="gride")])).calibrated()
    assert len(plot_profile(both).get_lines()) == 3
    assert len(plot_profile(both, both.methods()).get_lines()) == 4


def test_a_logarithmic_axis_shows_the_lowest_band_and_every_value():
    pca = calibrated(900.0, model="other", method="pca_dimension")
    wide = calibrated(1.5, 60.0, stderr=0.1).add(pca)
    ax = plot_profile(wide)
    assert ax.get_yscale() == "log"
    low, high = ax.get_ylim()
    assert 0.5 < low < 1.5
    assert 900 < high < 2000
