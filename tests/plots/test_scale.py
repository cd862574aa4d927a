"""The picture of a scale curve shows its numbers, and its plateau."""

import numpy as np
import pytest
from matplotlib import pyplot

import dimscope as ds
from dimscope.plots import plot_scale_curve


@pytest.fixture(scope="module")
def line():
    return ds.scale_curve(np.random.default_rng(0).random((500, 1)))


def test_lines_are_the_curves(line):
    ax = plot_scale_curve(line)
    for drawn, curve in zip(ax.get_lines(), line.curves, strict=True):
        np.testing.assert_array_equal(drawn.get_xdata(), curve.scales)
        np.testing.assert_array_equal(drawn.get_ydata(), curve.values)
    assert ax.get_xscale() == "log"


def test_the_plateau_is_shaded_and_named(line):
    ax = plot_scale_curve(line)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[:3] == ["Gride", "TwoNN, fewer points", "Correlation dimension"]
    assert labels[3].startswith("plateau: ")
    shade = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose([shade.x0, shade.x1], line.plateau.scales)


def test_without_a_plateau_the_title_says_so():
    x = np.random.default_rng(0).normal(size=(500, 30)) * 0.6 ** np.arange(30)
    ax = plot_scale_curve(ds.scale_curve(x))
    assert ax.get_title(loc="left") == "N = 500, no plateau"
    assert not ax.patches


def test_it_draws_into_the_axes_given(line):
    figure, ax = pyplot.subplots()
    assert plot_scale_curve(line, ax=ax) is ax
    assert pyplot.get_fignums() == [figure.number]
