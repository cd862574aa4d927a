"""Plateaus of curves that are made up, so that what must be found is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dimscope.results import ScaleCurve
from dimscope.results.scales import (
    ScaleCurves,
    find_plateau,
    known_errors,
    mean_within,
    why_no_plateau,
)


def curve(values, stderr=0.01, scales=None):
    values = np.asarray(values, dtype=float)
    n1 = 2 ** np.arange(len(values))
    return ScaleCurve(
        scales=np.asarray(scales or 1.5 ** np.arange(len(values)), dtype=float),
        values=values,
        stderrs=np.broadcast_to(np.asarray(stderr, dtype=float), values.shape).copy(),
        n1=n1,
        n2=2 * n1,
        n_samples=500,
        method="gride",
    )


def test_noise_below_and_curvature_above_are_left_out():
    found = find_plateau(curve([9.0, 5.0, 2.1, 2.0, 2.02, 1.98, 1.5]))
    assert found.ranks == (8, 64)
    assert found.scales == (1.5**2, 1.5**5)
    assert found.value == pytest.approx((2.1 + 2.0 + 2.02 + 1.98) / 4)
    assert (found.lowest, found.highest) == (1.98, 2.1)
    assert found.stderr == pytest.approx(0.01)


def test_the_longer_of_two_in_scale_wins_not_in_ranks():
    """Five ranks in the noise span a factor of 1.2, four on the surface one of 8."""
    scales = [1.0, 1.05, 1.1, 1.15, 1.2, 1.5, 2.0, 4.0, 8.0, 16.0]
    values = [10, 10.1, 9.9, 10, 10, 5, 2, 2, 2, 2]
    assert find_plateau(curve(values, scales=scales)).ranks == (128, 1024)
    even = find_plateau(curve(values))
    assert even.ranks == (2, 32)


def test_a_steady_drift_is_no_plateau_however_slow_each_step():
    """Each step is 5 %, four values change by 14 %."""
    assert find_plateau(curve(10 * 0.95 ** np.arange(10))) is None
    assert find_plateau(curve(10 * 0.97 ** np.arange(10))) is not None
    assert find_plateau(curve(10 * 0.97 ** np.arange(10)), tolerance=0.05) is None


def test_three_values_are_too_few():
    assert find_plateau(curve([9, 2, 2, 2, 1])) is None
    assert find_plateau(curve([2, 2, 2])) is None


def test_values_may_differ_by_their_errors_but_must_be_known():
    values = [2.0, 2.24, 2.0, 2.24, 2.0]
    assert find_plateau(curve(values, stderr=0.01)) is None
    assert find_plateau(curve(values, stderr=0.1)) is not None
    assert find_plateau(curve([2.0] * 5, stderr=0.11)) is None
    assert "only 0 of 5 values are known to 5%" in why_no_plateau(curve([2.0] * 5, stderr=0.11))


def test_unknown_errors_are_the_last_known_one():
    errors = [0.4, np.nan, 0.2, np.nan, np.nan]
    np.testing.assert_array_equal(known_errors(curve([9] * 5, errors)), [0.4, 0.4, 0.2, 0.2, 0.2])
    assert np.isinf(known_errors(curve([9] * 2, [np.nan, 0.1]))[0])
    assert find_plateau(curve([2] * 5, np.nan)) is None


def test_unknown_values_break_a_plateau():
    assert find_plateau(curve([2, 2, 2, np.nan, 2, 2, 2])) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (9.8 * 0.8 ** np.arange(6), "the dimension falls from 9.80 to 3.21 over the scales seen"),
        (2 * 1.3 ** np.arange(5), "the dimension rises from 2.00 to 5.71 over"),
        ([9, 7, 5, 7, 9.5], "falls from 9.00 to 5.00, then rises to 9.50, over"),
        ([2, 4, 6, 4, 3], "rises from 2.00 to 6.00, then falls to 3.00, over"),
        ([9, 9.01, 6, 4, 3], "falls from 9.00 to 3.00 over"),
        ([9, 7], "2 scales are too few to tell, at least 4 are needed"),
    ],
)
def test_without_one_it_says_what_the_dimension_does(values, words):
    assert find_plateau(curve(values)) is None
    assert words in why_no_plateau(curve(values))


def test_means_between_scales_include_the_ends():
    found = curve([1, 2, 3, 4], scales=[1.0, 2.0, 4.0, 8.0])
    assert mean_within(found, (2.0, 4.0)) == 2.5
    assert mean_within(found, (2.5, 3.5)) is None


def test_the_frame_and_json_hold_what_the_curves_do():
    first = curve([9, 2, 2, 2, 2], stderr=[0.1, 0.01, 0.01, 0.01, np.nan])
    found = ScaleCurves(
        curves=(first,),
        plateau=find_plateau(first),
        verdict="words",
        tolerance=0.1,
        n_samples=500,
        n_duplicates=3,
    )
    frame = found.to_frame()
    assert frame["on_plateau"].tolist() == [False, True, True, True, True]
    assert frame["n_points"].tolist() == [500] * 5
    fields = found.to_dict()
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields
    assert fields["curves"][-1]["stderr"] is None
    assert fields["plateau"]["ranks"] == [4, 32]
    assert str(found) == "words (N = 500)"
