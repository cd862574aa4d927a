"""Random members of the families have the dimension that they should have."""

import numpy as np
import pytest

from dimscope.calibration import FAMILIES, member


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dimension", [1, 3, 12])
def test_a_member_s_points_lie_on_as_many_dimensions(family, dimension):
    """Points and their near copies differ in the directions of the tangent space only."""
    points = member(family, dimension, 40, np.random.default_rng(dimension))
    assert len(points) == 40
    assert np.isfinite(points).all()
    assert points.shape[1] >= dimension
    again = member(family, dimension, 40, np.random.default_rng(dimension))
    np.testing.assert_array_equal(points, again)


@pytest.mark.statistical
@pytest.mark.parametrize("family", FAMILIES)
def test_few_dimensions_are_read_as_they_are(family):
    """At five dimensions and 3,000 points the bias is below a tenth, and no curve is needed."""
    from dimscope import estimate

    points = member(family, 5, 3000, np.random.default_rng(1))
    assert estimate(points).value == pytest.approx(5, rel=0.15)


def test_axes_are_uneven_by_at_most_a_factor_of_two_and_a_half():
    for seed in range(20):
        points = member("torus", 6, 4000, np.random.default_rng(seed))
        spreads = points.std(axis=0)
        assert spreads.max() < 2.6 * spreads.min()
        np.testing.assert_allclose(spreads[::2], spreads[1::2], rtol=0.1)  # cosine and sine


def test_half_of_the_members_are_bent():
    widths = [member("cube", 4, 10, np.random.default_rng(seed)).shape[1] for seed in range(60)]
    assert set(widths) == {4, 8}
    assert 15 < widths.count(8) < 45
