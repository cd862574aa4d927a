"""Curves beside published ones, and points with their line."""

from __future__ import annotations

import pandas as pd
import pytest

from dimscope.errors import InputError
from dimscope.plots import StudyCurve, plot_study_curves, plot_study_points

WORDS = {"title": "t", "x_label": "x", "y_label": "y"}


def test_a_published_curve_has_the_colour_of_ours_before_it():
    curves = [
        StudyCurve("ours", [0, 1], [1.0, 2.0], [0.1, 0.1]),
        StudyCurve("published", [0, 1], [1.1, 2.1], is_published=True),
        StudyCurve("other", [0, 1], [3.0, 4.0]),
    ]
    ax = plot_study_curves(curves, **WORDS, x_names=["input", "output"])
    lines = [bars[0] for bars in ax.containers]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["input", "output"]
    assert ax.get_ylim()[0] == 0


def test_no_two_curves_look_alike():
    curves = [StudyCurve(str(i), [0, 1], [0.0, float(i)]) for i in range(12)]
    lines = [bars[0] for bars in plot_study_curves(curves, **WORDS).containers]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 12


def test_scales_are_logarithmic_when_asked():
    ax = plot_study_curves([StudyCurve("a", [1, 10], [1.0, 100.0])], **WORDS, logarithmic="xy")
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


@pytest.mark.parametrize("curves", [[], [StudyCurve("a", [0, 1], [1.0])]])
def test_bad_curves(curves):
    with pytest.raises(InputError, match=r"give at least one|different lengths"):
        plot_study_curves(curves, **WORDS)


def test_points_have_their_line_of_least_squares():
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 6.0, 8.0], "g": list("aabb")})
    ax = plot_study_points(frame, "x", "y", "g", **WORDS)
    assert ax.lines[-1].get_xydata().tolist() == [
        [1.0, pytest.approx(2.0)],
        [4.0, pytest.approx(8.0)],
    ]
    with pytest.raises(InputError, match="no column z"):
        plot_study_points(frame, "z", "y", "g", **WORDS)
