"""What all plots of a profile have in common."""

import sys

import pytest
from matplotlib import pyplot

from dimscope.errors import InputError, MissingDependencyError
from dimscope.plots import plot_decimation, plot_profile, plot_scale_curves, plot_spectra
from dimscope.profiling import Profile

PLOTS = [plot_profile, plot_scale_curves, plot_decimation, plot_spectra]


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
