"""Ratios over classes, and statements over networks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dimscope.studies.recipes.ansuini.ratios import Finding, over_nets, paired_ratio


def test_a_ratio_is_a_t_test_of_logarithms():
    rng = np.random.default_rng(0)
    above, below = rng.uniform(2, 4, 7), rng.uniform(1, 2, 7)
    found = paired_ratio(above, below, 1.5)
    expected = stats.ttest_1samp(np.log(above / below), np.log(1.5))
    interval = np.exp(stats.ttest_1samp(np.log(above / below), 0).confidence_interval(0.95))
    assert found.value == pytest.approx(stats.gmean(above / below))
    assert (found.low, found.high) == pytest.approx(tuple(interval))
    assert 2 * min(found.p_above, found.p_below) == pytest.approx(expected.pvalue)


@pytest.mark.parametrize(("factor", "is_above"), [(3.0, True), (1.0, False), (2.0, None)])
def test_equal_ratios_are_decided_without_an_error(factor, is_above):
    found = paired_ratio(factor * np.ones(4), np.ones(4), 2.0)
    assert found.is_above is is_above
    assert (found.low, found.high) == pytest.approx((factor, factor))


def test_two_classes_decide_nothing():
    found = paired_ratio(np.array([9.0, 9.1]), np.ones(2))
    assert found.is_above is None
    assert found.high == np.inf


@pytest.mark.parametrize(
    ("outcomes", "outcome", "why"),
    [
        ((True, True), "reproduced", ""),
        ((False, False), "not reproduced", ""),
        ((True, False), "cannot tell", "it holds in a; not in b"),
        ((True, None), "cannot tell", "it holds in a; open in b"),
        ((), "cannot tell", "no network was measured"),
    ],
)
def test_a_statement_holds_if_it_holds_in_every_network(outcomes, outcome, why):
    findings = {
        net: Finding(holds=holds, p_value=p, said=f"{p}")
        for net, holds, p in zip("ab", outcomes, (0.001, 0.002), strict=False)
    }
    claim = over_nets("s", findings, n=7, left_out="left out: c (no weights)")
    assert (claim.outcome, claim.why) == (outcome, why)
    assert claim.p_value == max((f.p_value for f in findings.values()), default=None)
    assert claim.ours.endswith("left out: c (no weights)")
