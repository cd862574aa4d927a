"""How checks run: failures are listed by name, and expected ones are known to fail."""

from __future__ import annotations

import pytest
from sound_estimator import Sound

import dimscope as ds
from dimscope.errors import ConformanceError
from dimscope.testing import check_estimator


class TestExpectedFailures:
    def test_one_that_passes_is_a_failure(self):
        with pytest.raises(
            ConformanceError, match="check_line: passed, but was expected to fail because x"
        ):
            check_estimator(Sound(), expected_failures={"check_line": "x"})

    def test_one_that_is_no_check_is_bad_input(self):
        with pytest.raises(ds.InputError, match="no check of i3d is called check_rotation: choose"):
            check_estimator("i3d", expected_failures={"check_rotation": "integers"})
