"""Checks of what is asked of a graph: choices, numbers of neighbours, ranks, radii."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

from dimscope._format import counted
from dimscope.errors import InputError


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a value that is not among those allowed.

    Raises
    ------
    InputError
        If it is not.
    """
    if value not in allowed:
        raise InputError(f"{name}={value!r} is not known: choose one of {', '.join(allowed)}")


def check_n_neighbors(n_neighbors: int, n_distinct: int, n_samples: int) -> None:
    """Refuse to search as many neighbours as there are distinct points, or none.

    Raises
    ------
    InputError
        If that is asked.
    """
    if n_neighbors < 1:
        raise InputError(f"n_neighbors={n_neighbors} must be at least 1")
    if n_distinct <= n_neighbors:
        given = counted(n_distinct, "sample")
        if n_distinct != n_samples:
            given = (
                f"{n_distinct} ({n_samples} rows, of which {n_distinct} remain once exact "
                "duplicates are set aside)"
            )
        raise InputError(
            f"{n_neighbors} neighbours need at least {n_neighbors + 1} distinct points, got "
            f"{given}: give more samples or ask for fewer neighbours"
        )


def checked_ranks(ranks: Sequence[int], n_samples: int) -> Int64[np.ndarray, " r"]:
    """Ranks of neighbours as an array.

    Raises
    ------
    InputError
        If there is none, or one is not between 1 and ``n_samples`` - 1.
    """
    wanted = np.asarray(ranks)
    if not len(wanted) or wanted.min() < 1 or wanted.max() >= n_samples:
        raise InputError(f"ranks must lie between 1 and {n_samples - 1}, got {list(ranks)}")
    return wanted


def checked_radii(radii: Sequence[float]) -> Float64[np.ndarray, " r"]:
    """Radii as an array.

    Raises
    ------
    InputError
        If there is none, or one is negative or not finite.
    """
    reach = np.asarray(radii, dtype=np.float64)
    if not len(reach) or not np.isfinite(reach).all() or reach.min() < 0:
        raise InputError(f"radii must be finite and from 0 on, at least one: got {list(radii)}")
    return reach
