"""MADA: manifold-adaptive dimension, from how the distance grows while the neighbours double.

Farahmand, Szepesvari and Audibert, "Manifold-adaptive dimension estimation", ICML (2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np
from jaxtyping import Float64
from scipy.special import betaincinv, betaln

from dimscope.errors import InputError
from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, LocalEstimate


@final
@dataclass(kw_only=True)
class MADA(KNeighborEstimator):
    """Dimension from r_k / r_j, j = ceil(k/2): each point has d = ln(k/j) / ln(r_k / r_j).

    A ball of r_k holds k/j times as many points as one of r_j, (k/j) = (r_k / r_j)^d. For even k
    this is the published ln 2 / ln(r_k / r_(k/2)).

    Uses two of k distances, so it is noisier than `LevinaBickel` and `MOM` at the same k, but
    needs neither the shortest distances nor their ratios. Assumes constant density between j and
    k neighbours; biased low where the manifold has edges or is curved on that scale. Cost: N
    logarithms.

    Parameters
    ----------
    n_neighbors
        k, at least 2.
    combination
        How the dimensions of all points become one. ``"median"`` (default), which fewer than half
        of the points cannot move far. As published: ``"average"``, each dimension cut off at the
        number of features, which a few points with r_k close to r_j move far where the features are
        many; or ``"vote"``, the commonest of the dimensions rounded to integers.

    Notes
    -----
    (r_j / r_k)^d has the distribution Beta(j, k - j), whose median is 1/2 at even k: there the
    median of the points is right at constant density. Their average is too high by about 1.5 / k,
    and has no finite variance where k < 6; a vote leans towards the mode, below d. Only the median
    has a standard error: that of independent points, from the same distribution, times
    the `dependence` of points that share neighbours.

    scikit-dimension takes ln 2 / ln(r_k / r_floor(k/2)) at odd k too, where the neighbours more
    than double: a quarter too low at k = 5.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.random.default_rng(0).random((1000, 1))
    >>> MADA(combination="vote").fit(line).dimension_
    1.0
    """

    name: ClassVar[str] = "mada"
    title: ClassVar[str] = "MADA"
    n_neighbors: int = 20
    combination: Literal["median", "average", "vote"] = "median"

    @property
    def error_kind(self) -> ErrorKind:  # type: ignore[override]  # it depends on the combination
        """``"theory"`` for the median; votes and averages have no error of their own."""
        return "theory" if self.combination == "median" else "blocks"

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``, over all of them.

        Raises
        ------
        InputError
            If k is below 2, the graph has fewer neighbours, ``combination`` is
            unknown, too few points have r_k > r_j > 0, or an average is asked of a graph whose
            number of features is not known.
        """
        inner, k = self._ranks(graph)
        ratios = log_ratios(graph, inner, k)
        values = _dimensions(ratios.values, k / inner)
        value, stderr = self._combined(values, graph.n_features)
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=ratios.scale,
            n_samples=len(values),
            notes=ratios.notes + bias_notes(graph, value, stderr, len(values), k),
            ranks=(inner, k),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """A dimension for every point of ``graph``; nan where r_j is 0 or equal to r_k.

        Raises
        ------
        InputError
            If k is below 2, or the graph has fewer neighbours.
        """
        inner, k = self._ranks(graph)
        r_inner, r_outer = graph.distances[:, inner - 1], graph.distances[:, k - 1]
        values = np.full(graph.n_samples, np.nan)
        seen = (r_inner > 0) & (r_inner < r_outer)
        values[seen] = _dimensions(np.log(r_outer[seen] / r_inner[seen]), k / inner)
        return self._local_answer(values)

    def _ranks(self, graph: NeighborGraph) -> tuple[int, int]:
        check_at_least("n_neighbors", self.n_neighbors, 2)
        self._check(graph)
        return -(-self.n_neighbors // 2), self.n_neighbors

    def _combined(
        self, values: Float64[np.ndarray, " n"], n_features: int | None
    ) -> tuple[float, float | None]:
        """The dimensions of the points as one, and its standard error."""
        match self.combination:
            case "median":
                value = float(np.median(values))
                if math.isinf(value):
                    raise InputError(
                        f"half of the points have their {self.n_neighbors} neighbours at one "
                        "distance: use more neighbours"
                    )
                scatter = value * _relative_scatter_of_median(self.n_neighbors)
                factor = dependence(self.name, self.n_neighbors, value)
                return value, factor * scatter / math.sqrt(len(values))
            case "average":
                if n_features is None:
                    raise InputError(
                        "an average is cut off at the number of features, which a graph of "
                        "distances or neighbours does not know: use the median"
                    )
                return float(np.minimum(values, n_features).mean()), None
            case "vote":
                rounded, votes = np.unique(np.round(values[values < np.inf]), return_counts=True)
                return float(rounded[votes.argmax()]), None
        raise InputError(
            f"combination={self.combination!r} is not known: choose median, average or vote"
        )


def _dimensions(log_ratios: Float64[np.ndarray, " n"], growth: float) -> Float64[np.ndarray, " n"]:
    """ln(k/j) / ln(r_k / r_j); inf where r_k = r_j."""
    with np.errstate(divide="ignore"):
        return np.asarray(math.log(growth) / log_ratios)


def _relative_scatter_of_median(k: int) -> float:
    """sqrt(N) sd(d) / d of the median of independent points: 1 / (2 f(m) m |ln m|).

    f is the density of Beta(j, k - j) and m its median: d = ln(k/j) / -ln(b) for b of that law.
    """
    inner = -(-k // 2)
    median = float(betaincinv(inner, k - inner, 0.5))
    powers = inner * math.log(median) + (k - inner - 1) * math.log1p(-median)
    return 1 / (2 * math.exp(powers - float(betaln(inner, k - inner))) * -math.log(median))
