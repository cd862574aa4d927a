"""Results as JSON can hold them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dimscope.results import plain


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (float("nan"), None),
        (np.float64("inf"), None),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        ((1, "a", None, False), [1, "a", None, False]),
        ({1: (np.nan,)}, {"1": [None]}),
    ],
)
def test_plain_is_what_json_can_hold(value, want):
    assert plain(value) == want
    assert type(plain(value)) is type(want)
    json.dumps(plain(value), allow_nan=False)
