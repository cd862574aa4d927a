"""Randomness as users give it: a seed, or a generator."""

from __future__ import annotations

import operator

import numpy as np

from dimscope.errors import InputTypeError

#: A seed, which gives the same numbers every time, or a generator, which goes on drawing.
Rng = int | np.random.Generator


def seed_of(rng: Rng) -> int:
    """Return a seed as it is, or draw one from a generator.

    Raises
    ------
    InputTypeError
        If it is neither.

    Examples
    --------
    >>> seed_of(7), 0 <= seed_of(np.random.default_rng(0)) < 2**31
    (7, True)
    """
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**31))
    try:
        return operator.index(rng)
    except TypeError as error:
        raise InputTypeError(
            f"rng is {rng!r}: it must be a whole number or a numpy.random.Generator"
        ) from error
