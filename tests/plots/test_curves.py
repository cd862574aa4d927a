"""Scale curves, decimation and spectra: a line for each layer."""

import numpy as np
import pytest

from dimscope.plots import plot_decimation, plot_scale_curves, plot_spectra
from dimscope.profiling import Profile


def legend_labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


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
