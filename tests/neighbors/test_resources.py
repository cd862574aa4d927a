"""What work may use: checked once, in one line, where it is named."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dimscope import NeighborGraph
from dimscope.errors import InputError, InputTypeError
from dimscope.neighbors import Resources


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_jobs": 0}, "n_jobs=0 must be at least 1, or None for all cores"),
        ({"n_jobs": -1}, "n_jobs=-1 must be at least 1"),
        ({"device": "abacus"}, "the device 'abacus' cannot be used"),
    ],
)
def test_what_cannot_be_used_is_bad_input(options, message):
    with pytest.raises(InputError, match=message) as caught:
        Resources(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_jobs": 2.0}, "n_jobs=2.0 must be a whole number"),
        ({"n_jobs": True}, "n_jobs=True must be a whole number"),
        ({"device": 0}, "expected the name of a device, such as 'cuda', got int"),
    ],
)
def test_a_value_of_the_wrong_type_names_the_parameter(options, message):
    with pytest.raises(InputTypeError, match=message):
        Resources(**options)


def test_numbers_of_numpy_are_numbers():
    assert Resources(n_jobs=np.int64(3)).n_jobs == 3


def test_they_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Resources().n_jobs = 2  # type: ignore[misc]


@pytest.mark.parametrize("n_jobs", [0, -1])
def test_a_graph_refuses_them_too(n_jobs):
    with pytest.raises(InputError, match=f"n_jobs={n_jobs} must be at least 1"):
        NeighborGraph.from_points([[0.0], [1.0], [3.0]], 1, n_jobs=n_jobs)
