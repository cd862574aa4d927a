"""Options of recipes."""

from __future__ import annotations

import pytest

from dimscope.errors import InputError
from dimscope.studies import Option


def test_options_take_their_own_type_only():
    time = Option(name="training_time", kind=float, default=2.0, help="How long.")
    assert time.flag == "--training-time"
    assert time.checked(None) == 2.0
    assert isinstance(time.checked(3), float)
    for wrong in ("3", True):
        with pytest.raises(InputError, match=r"training_time=.* must be a number"):
            time.checked(wrong)
