"""The table of what estimators take beyond the search."""

import numpy as np

from benchmarks.search.estimator_costs import cost_table


def test_costs_name_the_estimators_and_their_search():
    x = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    table = cost_table(x, ["two_nn", "abid", "participation_ratio"], rounds=1)
    assert "| `two_nn` | 2 |" in table
    assert "| `abid` | 50 |" in table
    assert "participation_ratio" not in table
