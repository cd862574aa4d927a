"""Conditions of training: what is allowed."""

import pytest

from dimscope.errors import InputError
from dimscope.studies import Condition


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"learning_rate": 0.0}, "must be positive"),
        ({"learning_rate": 1.0, "batch_size": 0}, "at least 1"),
        ({"learning_rate": 1.0, "batch_size": 9, "population": 8}, "at most the population of 8"),
        ({"learning_rate": 1.0, "population": 0}, "at most the population of 0"),
        ({"learning_rate": 1.0, "label_noise": -1.0}, "must not be negative"),
        ({"learning_rate": 1.0, "readout_noise": float("nan")}, "must not be negative"),
    ],
)
def test_conditions_are_checked(fields, message):
    with pytest.raises(InputError, match=message):
        Condition(**fields)
