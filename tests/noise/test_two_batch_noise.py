"""Gradient noise from two batch sizes, against a known population."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dimscope.noise import two_batch_noise


@pytest.mark.statistical
@pytest.mark.parametrize("population", [200, math.inf])
def test_means_over_draws_are_those_of_the_population(population):
    g = np.random.default_rng(0).normal(size=(200, 5)) + 0.4
    rng = np.random.default_rng(1)
    replace = population == math.inf

    def squares(size):
        rows = [rng.choice(200, size, replace=replace) for _ in range(3000)]
        return [np.square(g[r].mean(axis=0)).sum() for r in rows]

    found = two_batch_noise(squares(4), squares(50), small=4, big=50, population=population)
    spread = g.var(axis=0, ddof=0 if replace else 1).sum()
    signal = np.square(g.mean(axis=0)).sum()
    assert found.trace == pytest.approx(
        spread / 4 * (1 - 4 / population), abs=3.5 * found.trace_stderr
    )
    assert found.signal == pytest.approx(signal, abs=3.5 * found.signal_stderr)
    assert found.noise_scale == pytest.approx(spread / signal, abs=3.5 * found.noise_scale_stderr)


def test_without_a_signal_there_is_no_scale():
    found = two_batch_noise([4.0, 4.0], [0.5, 0.5], small=1, big=4)
    assert found.signal == pytest.approx(-2 / 3)
    assert found.noise_scale is None
