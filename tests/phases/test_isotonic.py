"""The best split, against all splits with SciPy's isotonic regression."""

import itertools

import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from dimscope.phases.isotonic import best_splits


def by_enumeration(y, weights, k):
    """The least squares over all bounds and both first directions, with SciPy's regression."""
    n = len(y)
    least = np.inf
    for inner in itertools.combinations(range(1, n), k - 1):
        bounds = [0, *inner, n]
        for first in (True, False):
            cost = 0.0
            for i, (a, b) in enumerate(itertools.pairwise(bounds)):
                up = first == (i % 2 == 0)
                fit = isotonic_regression(y[a:b], weights=weights[a:b], increasing=up).x
                cost += float(weights[a:b] @ (y[a:b] - fit) ** 2)
            least = min(least, cost)
    return least


@pytest.mark.parametrize("seed", range(5))
def test_the_best_split_is_that_of_all_splits(seed):
    rng = np.random.default_rng(seed)
    y, weights = rng.standard_normal(9), rng.uniform(0.5, 2, 9)
    costs, bounds, _ = best_splits(y, weights, 4)
    expected = [by_enumeration(y, weights, k) for k in range(1, 5)]
    np.testing.assert_allclose(costs[1:], expected, rtol=1e-10, atol=1e-12)
    assert bounds[3, 0] == 0
    assert bounds[3, 3] == 9
