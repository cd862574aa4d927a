"""No value stands above the number of features without a word."""

import numpy as np
import pytest

import dimscope as ds
from dimscope.measurement import checked_against_features
from dimscope.results import DimensionEstimate


def _estimate(low: float | None, value: float) -> DimensionEstimate:
    interval = None if low is None else (low, 2 * value - low)
    return DimensionEstimate(
        value=value,
        stderr=0.1,
        interval=interval,
        scale=1.0,
        n_samples=9,
        n_duplicates=0,
        method="m",
    )


@pytest.mark.parametrize(("low", "value"), [(2.9, 3.4), (None, 3.4), (1.0, 4.4), (0.1, 0.2)])
def test_an_interval_that_reaches_the_features_is_left_alone(low: float, value: float) -> None:
    estimate = _estimate(low, value)
    assert checked_against_features(estimate, 3) is estimate


def test_an_interval_above_the_features_is_said_once() -> None:
    once = checked_against_features(_estimate(3.2, 3.4), 3)
    assert [note.code for note in once.notes] == ["above_features"]
    assert checked_against_features(once, 3) is once


@pytest.mark.parametrize(("low", "value"), [(1.0, 40.0), (None, 4.6)])
def test_a_value_far_above_the_features_is_said(low: float | None, value: float) -> None:
    (note,) = checked_against_features(_estimate(low, value), 3).notes
    assert note.code == "above_features"
    assert "9 points are too few" in note


@pytest.mark.parametrize(("low", "value"), [(6.1, 7.0), (None, 7.0)])
def test_a_value_far_above_the_features_is_refused(low: float | None, value: float) -> None:
    with pytest.raises(ds.InputError, match="m reads 7 in 3 features"):
        checked_against_features(_estimate(low, value), 3)


def test_unknown_features_and_values_are_left_alone() -> None:
    estimate = _estimate(300.0, 400.0)
    assert checked_against_features(estimate, None) is estimate


@pytest.mark.parametrize("method", ["mada", "levina_bickel", "mom", "gride"])
def test_a_geometric_series_has_no_such_dimension(method: str) -> None:
    with pytest.raises(ds.InputError, match="in 1 feature"):
        ds.estimate(2.0 ** np.arange(300)[:, None], method)


@pytest.mark.parametrize("method", ["ess", "levina_bickel", "two_nn"])
def test_points_at_equal_distances_have_no_such_dimension(method: str) -> None:
    rng = np.random.default_rng(0)
    points = np.eye(200) + 1e-6 * rng.normal(size=(200, 200))
    with pytest.raises(ds.InputError, match="in 200 features"):
        ds.estimate(points, method)
