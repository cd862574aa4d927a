"""Estimates are frozen, ready for JSON, and print in a line."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from dimscope import DimensionEstimate

ESTIMATE = DimensionEstimate(
    value=7.5,
    stderr=None,
    interval=(7.0, 8.0),
    scale=float("nan"),
    n_samples=450,
    n_duplicates=3,
    notes=("a note.",),
    method="two_nn",
    parameters={"n1": np.int64(1), "ranks": np.arange(2), "metric": "euclidean"},
)


def test_to_dict_has_every_field_and_no_nan():
    fields = ESTIMATE.to_dict()
    assert set(fields) == {field.name for field in dataclasses.fields(ESTIMATE)}
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields
    assert fields["scale"] is fields["stderr"] is fields["ceiling"] is None
    assert fields["parameters"] == {"n1": 1, "ranks": [0, 1], "metric": "euclidean"}


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ESTIMATE.value = 8.0


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        ({}, "two_nn: 7.50 (N = 450)"),
        ({"stderr": 0.123}, "two_nn: 7.50 ± 0.12 (N = 450)"),
        ({"value": None}, "two_nn: unknown (N = 450)"),
    ],
)
def test_prints_in_a_line(changes, want):
    assert str(dataclasses.replace(ESTIMATE, **changes)) == want
