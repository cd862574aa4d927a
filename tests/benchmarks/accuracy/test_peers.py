"""What another library says of points, whatever it does."""

import numpy as np

from benchmarks.accuracy.peers import answer


def test_what_a_library_raises_or_cannot_say_is_a_note():
    def fails(x):
        raise ValueError("no such thing")

    x = np.zeros((3, 2))
    assert answer(fails, x, 60.0)["note"] == "ValueError: no such thing"
    assert answer(lambda x: np.nan, x, 60.0)["value"] is None
    assert answer(lambda x: 2.5, x, 60.0)["value"] == 2.5
