"""A row of the accuracy study, by its defaults."""

import pytest

from benchmarks.accuracy.rows import Row


@pytest.fixture
def row():
    def make(value=None, **fields):
        defaults = {
            "library": "dimscope",
            "version": "1",
            "method": "two_nn",
            "set": "M9_Affine",
            "n": 100,
            "seed": 0,
            "seconds": 1.0,
        }
        return Row(value=value, **(defaults | fields))

    return make
