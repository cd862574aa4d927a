from __future__ import annotations

import numpy as np
import pytest

from dimscope._rng import seed_of
from dimscope.errors import InputTypeError


@pytest.mark.parametrize("seed", [0, 7, np.int64(7), np.uint8(3)])
def test_a_seed_stays_as_it_is(seed):
    assert seed_of(seed) == int(seed)
    assert type(seed_of(seed)) is int


def test_a_generator_gives_a_seed_and_goes_on():
    one, two = np.random.default_rng(5), np.random.default_rng(5)
    seeds = [seed_of(one), seed_of(one)]
    assert seeds == [seed_of(two), seed_of(two)]
    assert seeds[0] != seeds[1]
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize("rng", [None, 1.5, "3", [1], np.random.RandomState(0)])
def test_anything_else_is_refused(rng):
    with pytest.raises(InputTypeError, match=r"rng is .*: it must be a whole number or a numpy"):
        seed_of(rng)
