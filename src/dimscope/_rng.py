"""Randomness as it is asked for: a seed, or a generator that moves on."""

from __future__ import annotations

import numpy as np

#: A seed, which gives the same every time, or a generator, which moves on.
Rng = int | np.random.Generator


def seed_of(rng: Rng) -> int:
    """A seed as it is; from a generator the next one.

    Examples
    --------
    >>> seed_of(7), 0 <= seed_of(np.random.default_rng(0)) < 2**31
    (7, True)
    """
    return int(rng.integers(2**31)) if isinstance(rng, np.random.Generator) else int(rng)
