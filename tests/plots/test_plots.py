import sys

import numpy as np
import pytest
from matplotlib import pyplot

from dimscope.errors import InputError, MissingDependencyError
from dimscope.plots import plot_decimation, plot_profile, plot_scale_curves, plot_spectra
from dimscope.profiling import Profile

PLOTS = [plot_profile, plot_scale_curves, plot_decimation, plot_spectra]


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


@pytest.mark.parametrize("against", ["rank", "distance"])
def test_scale_curves_are_drawn_against_either_scale(profile, against):
    ax = plot_scale_curves(profile, against=against, layers=["conv4", "fc2"])
    x = ax.get_lines()[0].get_xdata()
    expected = 2.0 ** np.arange(1, 7) if against == "rank" else 4 * 1.15 ** np.arange(1, 7)
    np.testing.assert_allclose(x, expected)
    assert ax.get_xscale() == "log"
    assert legend_labels(ax) == ["conv4", "fc2"]


def test_decimation_is_drawn_against_the_number_of_points(profile):
    ax = plot_decimation(profile, model="VGG, untrained", layers=["conv4"])
    (line,) = ax.get_lines()
    assert line.get_xdata().tolist() == [250, 500, 1000, 2000]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["250", "500", "1,000", "2,000"]


def test_spectra_are_log_log_and_leave_out_zeros(profile):
    frame = profile.to_frame()
    frame.loc[(frame["curve"] == "spectrum") & (frame["rank"] == 7), "value"] = 0.0
    ax = plot_spectra(Profile.from_frame(frame), layers=["fc2"])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert 7 not in ax.get_lines()[0].get_xdata()


def test_many_layers_are_drawn_but_not_all_named(build):
    profile = build("A")
    copies = [
        profile.to_frame("scale").assign(layer=lambda rows, i=i: rows["layer"] + f".{i}")
        for i in range(4)
    ]
    frame = Profile.join(*(Profile.from_frame(copy) for copy in copies)).frame
    ax = plot_scale_curves(Profile.from_frame(frame))
    assert len(ax.get_lines()) == 48
    assert len(legend_labels(ax)) == 16


@pytest.mark.parametrize("plot", PLOTS)
def test_plots_draw_into_the_axes_given_and_nowhere_else(profile, plot):
    figure, ax = pyplot.subplots()
    assert plot(profile, ax=ax) is ax
    assert pyplot.get_fignums() == [figure.number]


@pytest.mark.parametrize("plot", PLOTS)
def test_the_legend_is_outside_the_data(profile, plot):
    ax = plot(profile)
    ax.figure.canvas.draw()
    assert ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1


@pytest.mark.parametrize(
    ("plot", "curve"),
    [
        (plot_profile, "estimate"),
        (plot_scale_curves, "scale"),
        (plot_decimation, "decimation"),
        (plot_spectra, "spectrum"),
    ],
)
def test_an_empty_profile_says_what_is_missing(plot, curve):
    with pytest.raises(InputError, match=f"no {curve} rows"):
        plot(Profile.from_rows([], {}))


def test_unknown_choices_say_what_there_is(profile):
    with pytest.raises(InputError, match="by 'nope': choose from two_nn, gride"):
        plot_profile(profile, ["nope"])
    with pytest.raises(InputError, match="unknown scale 'radius'"):
        plot_scale_curves(profile, against="radius")


def test_without_matplotlib_the_message_names_the_extra(profile, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingDependencyError, match=r"dimscope\[plot\]"):
        plot_profile(profile)
