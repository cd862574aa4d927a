"""Whether numbers that were given as distances keep the triangle inequality, as distances do.

Squared Euclidean distances, 1 - r and 1 - cos break it, and halve every dimension. Two points near
each other see any third at nearly one distance, so the triples tested are a point, one of its
nearest, and a third: of random triples, hardly one shows a square in many dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from jaxtyping import Bool, Float64, Int64

from dimscope.results import Note

_MOST_POINTS = 128  # 16,000 triples of a matrix
_MOST_LISTS = 512
_NEAREST = 3  # neighbours of a point that are paired with it, where lists are tested
_LEAST_SHARE, _LEAST_NUMBER = 0.01, 3  # of broken triples, below which nothing is said

Sides = Float64[np.ndarray, " t"]


@dataclass(frozen=True)
class Triangles:
    """How many triples of points were tested, and in how many a side exceeds the other two.

    Attributes
    ----------
    n_tested
        Triples.
    n_broken
        Those in which a side exceeds the sum of the others by more than rounding.
    n_broken_roots
        The same for the square roots of all sides.
    """

    n_tested: int
    n_broken: int
    n_broken_roots: int

    @property
    def notes(self) -> tuple[Note, ...]:
        """A note where the inequality is clearly broken."""
        if not self._clear(self.n_broken):
            return ()
        said = (
            f"{self.n_broken / self.n_tested:.0%} of {self.n_tested:,} triples of points break the "
            "triangle inequality: these numbers are no distances, and dimensions from them cannot "
            "be trusted."
        )
        if not self._clear(self.n_broken_roots):
            said += (
                " Their square roots keep it, as those of squared distances, 1 - r and 1 - cos do, "
                "which halve every dimension: give squared=True, which takes the roots."
            )
        return (Note("not_a_metric", said),)

    def _clear(self, n_broken: int) -> bool:
        return n_broken >= max(_LEAST_NUMBER, _LEAST_SHARE * self.n_tested)

    @classmethod
    def of(
        cls, short: Sides, first: Sides, second: Sides, *, slack: float, rounding: float
    ) -> Self:
        """Test triples by their three sides, of which the first is the shortest.

        Parameters
        ----------
        short, first, second
            The sides, one triple an entry.
        slack
            Share of its sides by which a triple may miss.
        rounding
            Distance by which it may miss, too.
        """

        def broken(a: Sides, b: Sides, c: Sides) -> Bool[np.ndarray, " t"]:
            return np.asarray(np.abs(b - c) > a + slack * (a + b + c) + rounding)

        roots = broken(*map(np.sqrt, (short, first, second)))
        return cls(len(short), int(broken(short, first, second).sum()), int(roots.sum()))


def triangles_of_matrix(
    rows: Callable[[Int64[np.ndarray, " m"]], Float64[np.ndarray, "m n"]],
    n: int,
    *,
    slack: float,
    rounding: float,
) -> Triangles:
    """Test triples of a sample of points, which is the same every time.

    Parameters
    ----------
    rows
        Reads rows of the matrix.
    n
        Number of points.
    slack, rounding
        As in `Triangles.of`.
    """
    chosen = _sample(n, _MOST_POINTS)
    sides = rows(chosen)[:, chosen]
    m = len(chosen)
    if m < 3:
        return Triangles(0, 0, 0)
    itself = np.eye(m, dtype=bool)
    near = np.where(itself, np.inf, sides).argmin(axis=1)
    short = np.repeat(sides[np.arange(m), near], m).reshape(m, m)
    third = (
        ~itself & ~itself[near] & np.isfinite(short) & np.isfinite(sides) & np.isfinite(sides[near])
    )
    return Triangles.of(
        short[third], sides[third], sides[near][third], slack=slack, rounding=rounding
    )


def triangles_of_lists(
    distances: Float64[np.ndarray, "n k"], indices: Int64[np.ndarray, "n k"], *, slack: float
) -> Triangles:
    """Test triples whose three distances are all in lists of neighbours.

    Parameters
    ----------
    distances, indices
        Neighbours of each point, ascending.
    slack
        As in `Triangles.of`.
    """
    found: list[tuple[Sides, Sides, Sides]] = []
    for i in _sample(len(indices), _MOST_LISTS):
        for at in range(min(_NEAREST, indices.shape[1])):
            k = indices[i, at]
            _, own, other = np.intersect1d(indices[i], indices[k], return_indices=True)
            short = np.full(len(own), distances[i, at])
            found.append((short, distances[i, own], distances[k, other]))
    short, first, second = (np.concatenate(side) for side in zip(*found, strict=True))
    return Triangles.of(short, first, second, slack=slack, rounding=0.0)


def _sample(n: int, most: int) -> Int64[np.ndarray, " m"]:
    return np.sort(np.random.default_rng(0).permutation(n)[:most])
