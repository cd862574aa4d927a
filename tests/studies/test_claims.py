"""Verdicts over seeds: what counts as shown, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies import decreases, vanishes


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_order_is_as_weak_as_its_weakest_step(rng):
    levels = np.array([3.0, 2.0, 1.9])
    values = levels + 0.1 * rng.normal(size=(5, 3))
    claim = decreases("falls", values)
    expected = max(
        stats.ttest_rel(a, b, alternative="greater").pvalue
        for a, b in zip(values.T, values.T[1:], strict=False)
    )
    assert claim.p_value == pytest.approx(expected)
    assert not claim.holds
    assert "NOT shown" in str(claim)


@pytest.mark.statistical
def test_false_orders_are_rarely_found(rng):
    """Under equal levels 1 % of 4,000 sets."""
    found = [decreases("falls", rng.normal(size=(5, 2))).holds for _ in range(4000)]
    assert 0.004 < np.mean(found) < 0.018


@pytest.mark.statistical
def test_pairs_seeds(rng):
    seeds = 10 * rng.normal(size=(5, 1))
    values = seeds + np.array([0.2, 0.1]) + 0.005 * rng.normal(size=(5, 2))
    assert decreases("falls", values).holds


def test_without_scatter():
    assert decreases("falls", np.tile([2.0, 1.0], (3, 1))).p_value == 0.0
    assert decreases("falls", np.tile([1.0, 1.0], (3, 1))).p_value == 1.0


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("share", "holds"), [(0.0, True), (0.05, True), (0.2, False), (-0.05, True), (-0.5, False)]
)
def test_vanishing_is_a_tenth(rng, share, holds):
    effect = 1.0 + 0.05 * rng.normal(size=5)
    control = share * effect + 0.005 * rng.normal(size=5)
    assert vanishes("vanishes", effect, control).holds is holds


def test_a_scattered_control_is_not_shown_to_vanish():
    effect, control = np.ones(5), np.array([-0.5, 0.5, 0.3, -0.4, 0.2])
    assert not vanishes("vanishes", effect, control).holds


def test_nothing_vanishes_from_a_negative_effect():
    assert not vanishes("vanishes", np.array([-0.3, -0.31, -0.29]), np.zeros(3)).holds


def test_unknown_values_show_nothing():
    claim = decreases("falls", np.array([[2.0, 1.0], [2.1, np.nan], [2.0, 1.1]]))
    assert claim.p_value is None
    assert not claim.holds
    assert "a value is unknown" in str(claim)


@pytest.mark.parametrize("shape", [(2, 3), (5, 1), (5,)])
def test_too_few(shape):
    with pytest.raises(InputError, match="at least three seeds"):
        decreases("falls", np.ones(shape))
