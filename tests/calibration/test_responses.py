"""Inverting a curve: Neyman's construction, honest at both ends."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from dimscope.errors import InputError
from dimscope.results import ResponseCurve

GRID = np.geomspace(1, 300, 18)


def curve(means=None, lows=None, highs=None, family="flat"):
    means = GRID**0.8 if means is None else means
    return ResponseCurve(
        method="two_nn",
        n_samples=500,
        family=family,
        n_draws=10,
        dimensions=GRID,
        means=means,
        sds=0.05 * means,
        lows=0.9 * means if lows is None else lows,
        highs=1.1 * means if highs is None else highs,
    )


@given(st.floats(1, 300))
def test_the_mean_reading_stands_for_its_dimension(dimension):
    one = curve()
    found = one.invert(one.at(dimension).mean)
    assert found.value == pytest.approx(dimension, rel=1e-3)
    assert found.low < dimension


@given(st.floats(1.2, 250), st.floats(0.85, 1.15))
def test_a_dimension_is_in_the_interval_just_where_its_band_holds_the_value(dimension, share):
    one = curve()
    reading = one.at(dimension)
    value = share * reading.mean
    found = one.invert(value)
    inside = found.low <= dimension and (found.high is None or dimension <= found.high)
    if min(abs(value - reading.low), abs(value - reading.high)) > 0.01 * value:
        assert inside == (reading.low < value < reading.high)


def test_beyond_the_curve_there_is_no_upper_end_and_then_no_value():
    one = curve()
    end = one.at(300)
    within = one.invert(0.95 * end.mean)
    assert within.value < 300
    assert within.high is None
    beyond = one.invert(1.05 * end.mean)
    assert beyond.value is beyond.high is None
    assert 200 < beyond.low < 300
    far = one.invert(10 * end.mean)
    assert (far.value, far.high) == (None, None)
    assert far.low == pytest.approx(300)


def test_below_dimension_one_the_share_stays():
    one = curve()
    assert one.invert(0.63).value == pytest.approx(0.63)
    assert one.invert(0.63).low == pytest.approx(0.63 / 1.1, rel=1e-3)


def test_a_band_that_falls_again_gives_the_outermost_dimensions():
    means = 10 * np.sin(np.linspace(0.1, 2.2, 18))
    found = curve(means=means).invert(9.0)
    assert found.low < 40
    assert found.high is None  # at 300 dimensions the band holds 9 again


def test_the_envelope_holds_every_family_and_its_centre_is_the_median():
    parts = [curve(means=share * GRID**0.8, family=str(share)) for share in (0.7, 1.0, 1.4)]
    whole = ResponseCurve.envelope("any", parts)
    assert whole.n_draws == 30
    for value in (2.0, 9.0, 30.0):
        each = [part.invert(value) for part in parts]
        found = whole.invert(value)
        assert found.value == pytest.approx(each[1].value, rel=1e-6)
        assert found.low == pytest.approx(min(one.low for one in each), rel=1e-6)
        assert found.high == pytest.approx(max(one.high for one in each), rel=1e-6)
    assert whole.at(20).sd > max(part.at(20).sd for part in parts)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_only_positive_values_are_inverted(value):
    with pytest.raises(InputError, match="positive"):
        curve().invert(value)


@pytest.mark.parametrize("dimension", [0.5, 301.0])
def test_a_curve_is_read_where_it_is_known_only(dimension):
    with pytest.raises(InputError, match="between 1 and 300"):
        curve().at(dimension)
