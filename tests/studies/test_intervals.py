"""Intervals over seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dimscope.studies.intervals import (
    mean_interval,
    prediction_interval,
    ratio_said,
    said,
    significant,
)


def test_the_interval_is_students():
    values = np.random.default_rng(0).normal(size=8)
    mean, low, high = mean_interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert low < mean < high


def test_one_more_value_falls_outside_at_the_level():
    values = np.random.default_rng(0).normal(3.0, 2.0, (6, 20000))
    low, high = prediction_interval(values[:5], level=0.1)
    outside = (values[5] < low) | (values[5] > high)
    assert outside.mean() == pytest.approx(0.1, abs=0.01)


def test_one_seed_has_no_interval():
    assert said([2.5]) == "2.5"
    assert math.isnan(mean_interval([2.5])[1])
    assert ratio_said([math.log(2)]) == "x 2"


def test_unknown_is_said():
    assert said([1.0, math.nan]) == "unknown"


def test_significant_digits():
    assert significant(1234567.0) == 1234570.0
    assert significant(None) is None
    assert significant(math.nan) is None
