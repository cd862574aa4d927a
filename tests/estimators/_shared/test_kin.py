"""The note that rows next to each other are neighbours: where it speaks, and where it does not."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.estimators._shared.kin import kin_notes


def speaks(x: np.ndarray) -> bool:
    notes = kin_notes(ds.NeighborGraph.from_points(x, 2))
    return [note.code for note in notes] == ["row_order"]


def test_independent_rows_are_silent():
    draw = np.random.default_rng(0)
    sizes = (10, 20, 30, 50, 100, 300)
    said = [speaks(draw.random((n, d))) for n in sizes for d in (1, 2, 5) for _ in range(30)]
    assert not any(said)


@pytest.mark.parametrize("n_each", [20, 50, 500])
def test_rows_sorted_by_class_are_silent(n_each):
    draw = np.random.default_rng(0)
    centres = np.repeat(10 * draw.normal(size=(4000 // n_each, 6)), n_each, axis=0)
    assert not speaks(centres + draw.normal(size=centres.shape))


@pytest.mark.parametrize("order", ["shuffled", "as they came"])
def test_a_walk_speaks_while_it_is_in_order(order):
    draw = np.random.default_rng(0)
    x = np.cumsum(draw.normal(size=(500, 5)), axis=0)
    if order == "shuffled":
        x = draw.permutation(x)
    assert speaks(x) == (order == "as they came")
