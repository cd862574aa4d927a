"""The point sets of the search's benchmark are what they are called."""

import numpy as np
import pytest

from benchmarks.search.point_sets import CASES, HARD, TRAINED


@pytest.mark.parametrize("case", [c for c in CASES if c.group != TRAINED], ids=lambda c: c.name)
def test_points_are_finite_float32_of_the_stated_size(case):
    small = case.shrunk()
    x = small.points()
    assert x.shape == (small.n, small.d)
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert np.isfinite(x).all()


def test_duplicates_are_exact_and_near_duplicates_are_not():
    cases = {case.name: case.shrunk() for case in CASES if case.group == HARD}
    assert len(np.unique(cases["duplicates"].points(), axis=0)) == cases["duplicates"].n * 0.99
    assert len(np.unique(cases["few-ulps"].points(), axis=0)) == cases["few-ulps"].n
