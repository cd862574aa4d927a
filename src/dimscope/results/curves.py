"""Dimension against scale, by one method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from dimscope.results.quantities import spoken


@dataclass(frozen=True, kw_only=True)
class ScaleCurve:
    """Dimension against scale.

    Attributes
    ----------
    scales
        Mean distance to the outer neighbour of each step, in the units of the input.
    values, stderrs
        Dimension and its standard error at each scale; nan where there is none.
    n1, n2
        The neighbour ranks compared at each step.
    n_samples
        Points that entered.
    method, title
        Registry name of the estimator, and its name for people.
    n_points
        Points among which neighbours were counted at each scale, where these are blocks of the
        points; None where they are all points.
    """

    scales: Float[np.ndarray, " n_scales"]
    values: Float[np.ndarray, " n_scales"]
    stderrs: Float[np.ndarray, " n_scales"]
    n1: Int[np.ndarray, " n_scales"]
    n2: Int[np.ndarray, " n_scales"]
    n_samples: int
    method: str
    n_points: Int[np.ndarray, " n_scales"] | None = None
    title: str | None = None

    @property
    def label(self) -> str:
        """The method's name in figures."""
        return self.title or spoken(self.method)

    @property
    def sizes(self) -> Int[np.ndarray, " n_scales"]:
        """Points among which neighbours were counted at each scale."""
        return np.full(len(self.scales), self.n_samples) if self.n_points is None else self.n_points
