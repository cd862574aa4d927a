"""Points coloured by local dimension."""

import numpy as np
import pytest
from matplotlib import pyplot

import dimscope as ds
from dimscope.plots import plot_local
from dimscope.results import LocalEstimate


def local_of(values):
    return LocalEstimate(
        values=np.asarray(values, float), n_neighbors=20, method="levina_bickel", title="By hand"
    )


def test_points_have_the_colour_of_their_dimension():
    x = np.random.default_rng(0).random((50, 2))
    values = np.linspace(1, 3, 50)
    values[7] = np.nan
    ax = plot_local(local_of(values), x)
    grey, coloured = ax.collections
    np.testing.assert_array_equal(grey.get_offsets(), x[[7]])
    np.testing.assert_array_equal(coloured.get_offsets(), np.delete(x, 7, axis=0))
    np.testing.assert_array_equal(coloured.get_array(), np.delete(values, 7))
    assert ax.get_title(loc="left") == "By hand, 20 neighbours"
    assert ax.get_xlabel() == "coordinate 1"


def test_one_wild_point_leaves_the_others_their_colours():
    values = np.concatenate([np.linspace(1, 3, 200), [1e5]])
    coloured = plot_local(local_of(values), np.random.default_rng(0).random((201, 2))).collections[
        1
    ]
    assert coloured.get_clim()[1] < 3.1


def test_many_coordinates_are_drawn_by_their_principal_components():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(80, 2)) * [5, 1]
    x = plane @ np.linalg.qr(rng.normal(size=(9, 2)))[0].T
    ax = plot_local(local_of(np.ones(80)), x)
    drawn = np.asarray(ax.collections[1].get_offsets())
    centred = plane - plane.mean(axis=0)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), np.linalg.norm(centred, axis=1))
    assert ax.get_xlabel() == "principal component 1"


def test_it_draws_into_the_axes_given():
    ax = pyplot.subplots()[1]
    assert plot_local(local_of(np.ones(9)), np.random.default_rng(0).random((9, 2)), ax) is ax


@pytest.mark.parametrize("shape", [(9,), (9, 1), (8, 2)])
def test_coordinates_that_do_not_fit(shape):
    with pytest.raises(ds.InputError, match="do not fit 9 local dimensions"):
        plot_local(local_of(np.ones(9)), np.zeros(shape))


def test_a_dimension_of_zero_is_drawn_on_a_logarithmic_scale_too():
    """Such as the broken stick counts, where no direction exceeds its piece."""
    values = np.concatenate([np.zeros(2), np.geomspace(1, 100, 198)])
    ax = plot_local(local_of(values), np.random.default_rng(0).random((200, 2)))
    ax.figure.canvas.draw()
    coloured = ax.collections[1]
    assert type(coloured.norm).__name__ == "LogNorm"
    assert (coloured.get_facecolors()[:, 3] == 1).all()
