"""Disjoint blocks of rows."""

from __future__ import annotations

import numpy as np

from dimscope.measurement import nested_blocks
from dimscope.measurement.blocks import partition


class TestBlocks:
    def test_are_disjoint_and_as_large_as_said(self):
        blocks = list(partition(103, 25, seed=1, n_repeats=2))
        assert [len(block) for block in blocks] == [25] * 8
        for repeat in (blocks[:4], blocks[4:]):
            assert len(set(np.concatenate(repeat))) == 100

    def test_nested_blocks_halve_the_first(self):
        steps = list(nested_blocks(430, 32, seed=2))
        assert [np.shape(step) for step in steps] == [(1, 430), (2, 215), (4, 107), (8, 53)]
        assert set(steps[0][0]) == set(range(430))
        assert set(np.concatenate(steps[2][:2])) < set(steps[1][0])
