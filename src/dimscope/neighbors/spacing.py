"""How far apart the points lie: the first distances of each, and what rounding could put there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.points import Points

#: Ranks that are looked at of every point, however few neighbours are asked for.
RANKS = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class Spacing:
    """The distances of each point to its first neighbours, for questions about the sampling.

    It does not depend on how many neighbours an estimator asks for.

    Attributes
    ----------
    distances
        Shape (n_samples, m), ascending along each row, in the units of the input: to the first
        12 neighbours, to all others where there are fewer, or to those that lists hold.
    indices
        Same shape: positions of those neighbours, among the points of the graph.
    rounding
        Shape (n_samples,): the distance from each point that the rounding of the stored values
        alone can make; None where the points are not known.
    """

    distances: Float64[np.ndarray, "n_samples m"]
    indices: Int64[np.ndarray, "n_samples m"]
    rounding: Float64[np.ndarray, " n_samples"] | None = None

    @classmethod
    def of(
        cls,
        distances: Float64[np.ndarray, "n_samples k"],
        indices: Int64[np.ndarray, "n_samples k"],
        points: Points | None = None,
        rows: Int64[np.ndarray, " n_samples"] | None = None,
    ) -> Spacing:
        """Take the first ranks of known neighbours; ``rows`` says which of ``points`` they are."""
        rounding = None if points is None else points.rounding_of_rows[rows]
        return cls(distances=distances[:, :RANKS], indices=indices[:, :RANKS], rounding=rounding)
