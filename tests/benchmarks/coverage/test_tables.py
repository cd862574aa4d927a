"""Bias, standard error over scatter and coverage of a cell, by hand."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.coverage.tables import COLUMNS, summary, tables


def draws(stderr):
    values = [1.8, 2.0, 2.2, 2.4]
    lines = [
        ("sphere", 2, 500, i, "two_nn", v, stderr, v - 0.3, v + 0.3) for i, v in enumerate(values)
    ]
    return pd.DataFrame(lines, columns=list(COLUMNS))


def test_a_cell_by_hand():
    cell = summary(draws(0.1)).iloc[0]
    assert cell["bias"] == pytest.approx(0.05)
    assert cell["ratio"] == pytest.approx(0.1 / np.std([1.8, 2.0, 2.2, 2.4], ddof=1))
    assert cell["coverage"] == 0.75  # of the dimension, 2
    assert cell["own_coverage"] == 1.0  # of the mean, 2.1
    assert cell["n_draws"] == 4


def test_methods_that_cost_more_are_held_against_their_own_mean():
    assert "| sphere | 2 | +5.0%, 0.39, 75.0%" in tables(draws(0.1), ["two_nn"])
    assert "| sphere | 2 | +5.0%, 0.39, 100.0%" in tables(draws(0.1), [])


def test_a_method_without_errors_says_so():
    assert "| sphere | 2 | +5.0%, no error |" in tables(draws(None), ["two_nn"])
