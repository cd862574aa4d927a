"""The unit of all times covers each pair once, and calls are timed in turns."""

import numpy as np
import pytest

from benchmarks.search.clocks import TILE, Clocks, half_tiles, interleaved


@pytest.mark.parametrize("n", [1, TILE, 2 * TILE + 5])
def test_half_product_has_each_pair_once_but_on_the_diagonal(n):
    counts = np.zeros((n, n), dtype=int)
    for rows, columns in half_tiles(n):
        counts[rows, columns] += 1
    assert counts.max() == 1
    assert (counts + counts.T > 0).all()
    m = -(-n // TILE)
    assert len(list(half_tiles(n))) == m * (m + 1) // 2


def test_ratio_divides_each_clock_by_its_own():
    assert Clocks(cpu=3.0, wall=8.0).over(Clocks(cpu=2.0, wall=4.0)) == Clocks(1.5, 2.0)


def test_rounds_interleave_and_each_call_has_its_own_number():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    best = interleaved(calls, {"a": 3, "b": 1, "c": 2})
    assert order == ["a", "b", "c", "a", "c", "a"]
    assert set(best) == set("abc")
