"""Local PCA: how many directions the neighbours of a point fill.

Fukunaga and Olsen, "An algorithm for finding intrinsic dimensionality of data", IEEE Transactions
on Computers C-20 (1971); the other rules are named in `LocalPCA`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, final, get_args

import numpy as np

from dimscope.estimators._shared.checks import check_open_interval
from dimscope.estimators._shared.neighborhoods import (
    NeighborhoodEstimator,
    PerPoint,
    centred_products,
)
from dimscope.estimators._shared.pca_rules import (
    ROUNDING,
    Spectra,
    above,
    broken_stick,
    fan,
    first,
    held,
    kaiser,
    max_gap,
    most_likely,
    noise_edge,
)
from dimscope.measurement import Products
from dimscope.neighbors.checks import check_choice
from dimscope.results import Note
from dimscope.spectra import distinct_averages

Rule = Literal[
    "fukunaga_olsen",
    "fan",
    "max_gap",
    "ratio",
    "kaiser",
    "broken_stick",
    "marchenko_pastur",
    "probabilistic",
    "participation_ratio",
]

_RULES: Mapping[str, Callable[[Spectra], PerPoint]] = {
    "fan": fan,
    "max_gap": max_gap,
    "kaiser": kaiser,
    "broken_stick": broken_stick,
}


@final
@dataclass(kw_only=True)
class LocalPCA(NeighborhoodEstimator):
    """The mean over all points of the dimension that PCA of their k neighbours shows.

    The eigenvalues l_1 >= l_2 >= ... of the covariance of the neighbours, k - 1 of them whatever
    the space they lie in, become a dimension by one of these rules:

    - ``"fukunaga_olsen"``: how many exceed ``threshold`` times l_1 (1971).
    - ``"fan"``: the mean of those beyond 95 % of the variance is noise and is taken from all; then
      the first i at which l_i > 10 l_(i+1), or at which 80 % of the variance is held (Fan et al.,
      arXiv:1002.2050). R's intrinsicDimension and scikit-dimension also count as noise the
      eigenvalue with which the first reach 95 %: they take off more and read fewer.
    - ``"max_gap"``: the i that maximises l_i / l_(i+1).
    - ``"ratio"``: how many hold ``variance_fraction`` of their sum.
    - ``"kaiser"``: how many exceed their mean.
    - ``"broken_stick"``: how many of the first exceed the expected lengths of the pieces of a stick
      broken at random, sum_{j>=i} 1/j / (k-1) (Frontier 1976).
    - ``"marchenko_pastur"``: how many exceed the edge s^2 (1 + sqrt(D / (k-1)))^2 of pure noise in
      all D features, whose variance s^2 the median eigenvalue tells.
    - ``"probabilistic"``: the most likely number of directions above isotropic noise, by Laplace's
      approximation of the evidence (Minka 2000), one fewer than all at most.
    - ``"participation_ratio"``: (sum l)^2 / sum l^2, both sums unbiased for k neighbours as in
      `ParticipationRatio`, at most k - 1.

    Counts directions, so curvature and noise on the scale of k neighbours raise it, and it never
    exceeds k - 1. ``"fukunaga_olsen"``, ``"kaiser"`` and ``"broken_stick"`` are right where k is
    several times the dimension; ``"fan"`` counts 80 % of the variance of an even neighbourhood;
    ``"max_gap"`` needs a gap, and finds the one to rounding where there is no noise;
    ``"marchenko_pastur"`` takes at least half of the directions as noise; ``"probabilistic"`` needs
    noise in all of them: it counts those that are not empty where some are, and falls to 1 where
    the neighbours fill all features (1.2 in a cube of 3). These two depend on D.
    Cost: N k^2 D products and N eigenvalue problems of side k.

    Parameters
    ----------
    n_neighbors
        k, at least 4.
    rule
        One of the rules above.
    threshold
        Share of the largest eigenvalue, in (0, 1), for ``"fukunaga_olsen"``.
    variance_fraction
        Share of the variance to hold, in (0, 1), for ``"ratio"``.

    Notes
    -----
    The standard error comes from disjoint blocks; there is none where all of them agree.
    Neighbouring points have nearly the same counts, weighting by shared points (`overlap_stderr`)
    gives 0.7 to 3 times the scatter, and most of the error is bias.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(1000, 2)) @ rng.normal(size=(2, 5))
    >>> LocalPCA().fit(plane).dimension_
    2.0
    """

    name: ClassVar[str] = "local_pca"
    title: ClassVar[str] = "Local PCA"
    least_neighbors: ClassVar[int] = 4
    n_neighbors: int = 50
    rule: Rule = "fukunaga_olsen"
    threshold: float = 0.05
    variance_fraction: float = 0.95

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_choice("rule", self.rule, get_args(Rule))
        check_open_interval("threshold", self.threshold, 0, 1)
        check_open_interval("variance_fraction", self.variance_fraction, 0, 1)

    def numbers_of(self, products: Products, n_features: int) -> PerPoint:
        """The dimension that the rule finds in each neighbourhood, nan among copies."""
        centred = centred_products(products)
        spread = np.einsum("njj->n", centred) > 0
        numbers = np.full(len(centred), np.nan)
        numbers[spread] = self._count(centred[spread], n_features)
        return numbers

    def _count(self, centred: Products, n_features: int) -> PerPoint:
        if self.rule == "participation_ratio":
            return _participation(centred)
        spectra = np.linalg.eigvalsh(centred)[:, :0:-1]
        spectra[spectra < ROUNDING * spectra[:, :1]] = 0.0
        if self.rule == "fukunaga_olsen":
            return above(spectra, self.threshold * spectra[:, :1])
        if self.rule == "ratio":
            return first(held(spectra) >= self.variance_fraction)
        if self.rule == "probabilistic":
            n_directions = min(spectra.shape[1], n_features)
            return most_likely(spectra[:, :n_directions], self.n_neighbors)
        if self.rule == "marchenko_pastur":
            return above(spectra, noise_edge(spectra, n_features))
        return _RULES[self.rule](spectra)

    def _dimensions(self, numbers: PerPoint) -> PerPoint:
        return numbers

    def _remarks(self, value: float) -> tuple[Note, ...]:
        most = self.n_neighbors - 1
        if value <= most / 2:
            return ()
        said = (
            f"More than half of the {most} directions that {self.n_neighbors} neighbours can fill: "
            "more neighbours would raise it."
        )
        return (Note("limit", said),)


def _participation(centred: Products) -> PerPoint:
    n = centred.shape[1]
    norms = np.einsum("njj->nj", centred)
    square, square_trace = distinct_averages(
        n, norms.sum(axis=1), np.square(norms).sum(axis=1), np.square(centred).sum(axis=(1, 2))
    )
    ratio = np.full(len(centred), n - 1.0)
    np.divide(square, square_trace, out=ratio, where=square_trace > 0)
    return np.asarray(np.minimum(ratio, n - 1.0))
