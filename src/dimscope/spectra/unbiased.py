"""Unbiased sums of a Gram matrix: what the eigenvalues of the population say, from a sample."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

_Sum = TypeVar("_Sum", float, np.ndarray)


def distinct_averages(
    n: int, diagonal: _Sum, diagonal_square: _Sum, square: _Sum
) -> tuple[_Sum, _Sum]:
    """Unbiased tr(C)^2 and tr(C^2) from a Gram matrix G whose rows sum to zero.

    With a sum over distinct indices written <...>: tr(C^2) = <g_ij^2> - 2 <g_ij g_ik> + <g_ij g_kl>
    and tr(C)^2 = <g_ii g_jj> - 2 <g_ii g_jk> + <g_ij g_kl>; each sum follows from the trace of G,
    the sum of its squared diagonal and the sum of its squared entries.
    """
    pairs = n * (n - 1)
    triples = pairs * (n - 2)
    quadruples = triples * (n - 3)
    disjoint = (diagonal**2 - 6 * diagonal_square + 2 * square) / quadruples
    chained = (2 * diagonal_square - square) / triples
    mixed = (2 * diagonal_square - diagonal**2) / triples
    return (
        (diagonal**2 - diagonal_square) / pairs - 2 * mixed + disjoint,
        (square - diagonal_square) / pairs - 2 * chained + disjoint,
    )
