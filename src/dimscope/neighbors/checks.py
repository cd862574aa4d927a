"""Checks of what is asked of a graph: choices, numbers of neighbours, ranks, radii."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64

from dimscope._format import counted
from dimscope.errors import InputError


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a choice that does not exist.

    Raises
    ------
    InputError
        If it is not among ``allowed``.
    """
    if value not in allowed:
        raise InputError(f"{name}={value!r} is not known: choose one of {', '.join(allowed)}")


def check_n_neighbors(n_neighbors: int, n_distinct: int, n_samples: int) -> None:
    """Refuse to search fewer neighbours than one, or as many as there are distinct points.

    Raises
    ------
    InputError
        If ``n_neighbors`` is below 1, or not below ``n_distinct``.
    """
    if n_neighbors < 1:
        raise InputError(f"n_neighbors={n_neighbors} must be at least 1")
    if n_distinct <= n_neighbors:
        given = counted(n_distinct, "sample")
        if n_distinct != n_samples:
            given = (
                f"{n_distinct} ({n_samples} rows, of which {n_distinct} remain once copies "
                "are set aside; near_copies='keep' keeps those that are not equal)"
            )
        raise InputError(
            f"{n_neighbors} neighbours need at least {n_neighbors + 1} distinct points, got "
            f"{given}: give more samples or ask for fewer neighbours"
        )


def checked_ranks(ranks: Sequence[int], n_samples: int) -> Int64[np.ndarray, " r"]:
    """Return ranks of neighbours as an array.

    Raises
    ------
    InputError
        If there is no rank, or one is not between 1 and ``n_samples`` - 1.
    """
    wanted = np.asarray(ranks)
    if not len(wanted) or wanted.min() < 1 or wanted.max() >= n_samples:
        raise InputError(f"ranks must lie between 1 and {n_samples - 1}, got {list(ranks)}")
    return wanted


def checked_radii(radii: Sequence[float]) -> Float64[np.ndarray, " r"]:
    """Return radii as an array.

    Raises
    ------
    InputError
        If there is no radius, or one is negative or not finite.
    """
    reach = np.asarray(radii, dtype=np.float64)
    if not len(reach) or not np.isfinite(reach).all() or reach.min() < 0:
        raise InputError(f"radii={list(radii)}: give at least one, each finite and 0 or more")
    return reach
