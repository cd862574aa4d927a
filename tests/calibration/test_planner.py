"""How many points a dimension needs."""

import math

import pytest

from dimscope import samples_needed
from dimscope.calibration import response_curve
from dimscope.errors import InputError


def test_the_points_it_names_are_enough_and_fewer_are_not():
    found = samples_needed(10, 0.15, "gride", "gaussian")

    def precision(n_samples):
        curve = response_curve("gride", n_samples, "gaussian")
        inverted = curve.invert(curve.at(10).mean)
        return (inverted.high - inverted.low) / 20

    assert precision(found.n_samples) <= 0.15 < precision(round(0.9 * found.n_samples))
    assert found.reached == pytest.approx(precision(found.n_samples))
    assert f"{found.n_samples:,} points" in str(found)


def test_out_of_reach_is_said():
    found = samples_needed(100, 0.1)
    assert found.n_samples is None
    assert found.reached > 0.1
    assert "more than" in str(found)
    open_ended = samples_needed(290, 0.1, "levina_bickel")
    assert math.isinf(open_ended.reached)
    assert "no upper end" in str(open_ended)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((10, 0.0), "precision"),
        ((0.5, 0.1), "between 1 and 300"),
        ((10, 0.1, "abid"), "choose from two_nn"),
        ((10, 0.1, "two_nn", "cubes"), "did you mean cube"),
    ],
)
def test_bad_input_is_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        samples_needed(*arguments)
