"""Verdicts over seeds: what counts as shown, and what does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dimscope.errors import InputError
from dimscope.studies import Claim, agrees, decreases, judged, vanishes
from dimscope.studies.claims import all_of


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
    assert claim.outcome == "cannot tell"
    assert "not significant at 0.01" in str(claim)


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
    assert claim.outcome == "cannot tell"
    assert "a value is unknown" in str(claim)


@pytest.mark.parametrize("shape", [(0, 3), (5, 1), (5,)])
def test_no_levels(shape):
    with pytest.raises(InputError, match="at least two levels"):
        decreases("falls", np.ones(shape))


def test_two_seeds_are_not_judged():
    claims = [decreases("falls", np.eye(2)), vanishes("vanishes", np.ones(2), np.zeros(2))]
    assert [claim.outcome for claim in claims] == ["not judged"] * 2
    assert "at least 3 seeds are needed" in str(claims[0])


def test_what_goes_the_other_way_is_not_reproduced():
    rising = np.array([[1.0, 2.0], [1.1, 2.2], [0.9, 2.0]])
    assert decreases("falls", rising).outcome == "not reproduced"
    effect = np.array([1.0, 1.1, 0.9])
    assert vanishes("vanishes", effect, 0.9 * effect).outcome == "not reproduced"


def test_values_agree_within_what_is_allowed():
    outcomes = {
        3.15: "reproduced", 3.35: "cannot tell", 3.5: "not reproduced", np.nan: "cannot tell"
    }  # fmt: skip
    for value, outcome in outcomes.items():
        assert agrees("is 3", value, 0.1, 3.0, 0.3, n_seeds=1).outcome == outcome


def test_what_cannot_be_told_says_why():
    with pytest.raises(InputError, match="say why"):
        judged("it is so", None, ours="", n_seeds=1)
    with pytest.raises(InputError, match="choose from reproduced"):
        Claim(statement="it is so", outcome="perhaps", n_seeds=1)


def test_a_quick_run_judges_only_what_needs_no_training():
    trained, untrained = (
        judged("it is so", True, ours="1", n_seeds=1, any_budget=known) for known in (False, True)
    )
    assert trained.at_budget("quick").outcome == "not judged"
    assert untrained.at_budget("quick") == untrained
    assert trained.at_budget("standard") == trained


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((True, True), "reproduced"),
        ((True, False), "not reproduced"),
        ((None, False), "not reproduced"),
        ((True, None), "cannot tell"),
    ],
)
def test_joined_claims_hold_if_all_do(outcomes, expected):
    parts = [
        judged("part", holds, ours="", n_seeds=n, why="unknown" if holds is None else "", p_value=p)
        for holds, n, p in zip(outcomes, (5, 3), (1e-3, 4e-3), strict=True)
    ]
    joined = all_of("whole", parts, ours="said")
    assert (joined.outcome, joined.n_seeds, joined.ours) == (expected, 3, "said")
    assert joined.why == ("unknown" if expected == "cannot tell" else "")
    assert joined.p_value == (4e-3 if expected == "reproduced" else None)
