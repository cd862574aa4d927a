"""ABIDE: binomial counts in neighbourhoods that grow while the density stays constant.

Di Noia, Macocco, Glielmo, Laio and Mira, "Beyond the noise: intrinsic dimension estimation with
optimal neighbourhood identification", arXiv 2405.15132 (2024); the test for each neighbourhood is
that of Rodriguez, d'Errico, Facco and Laio, "Computing the free energy without collective
variables", Journal of Chemical Theory and Computation 14 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import scipy.stats
from jaxtyping import Bool, Float64, Int64

from dimscope._parameters import checked_parameters
from dimscope.estimators._shared.base import KNeighborEstimator
from dimscope.estimators._shared.bias import bias_notes
from dimscope.estimators._shared.checks import check_at_least, check_open_interval
from dimscope.estimators._shared.dependence import dependence
from dimscope.estimators._shared.notes import graph_notes
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.estimators.binomial import Binomial, dimension_of_share
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind

_LEAST = 3  # neighbours in the smallest neighbourhood that is tested
_BEST_SHARE = 0.2032  # of neighbours inside, at which their count tells the dimension best
_LARGEST_RATIO = 0.975


@checked_parameters
def adaptive_neighbors(
    graph: NeighborGraph, dimension: float, significance: float = 1e-6
) -> Int64[np.ndarray, " n_samples"]:
    """Find k*, the number of neighbours of each point up to which the density is constant.

    A point i and its (k+1)-th neighbour j have balls of k neighbours with volumes proportional to
    r_k(i)^d and r_k(j)^d. If both have one density, twice the logarithm of the likelihood ratio,
    4 k ln cosh(d ln(r_k(i) / r_k(j)) / 2), follows chi squared with one degree of freedom; k* is
    the first k from 3 on at which it is larger than chance makes it with probability
    ``significance``.

    Parameters
    ----------
    graph
        Neighbours of each point.
    dimension
        d, positive.
    significance
        Probability that one test ends a neighbourhood although the density is constant.

    Returns
    -------
    k* of each point, at most one fewer than the neighbours that the graph knows.

    Raises
    ------
    InputError
        If the dimension is not positive, the significance is outside (0, 1), or the graph has fewer
        than 4 neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> even, clumped = rng.random((500, 1)), rng.normal(size=(500, 1)) ** 7
    >>> graphs = [NeighborGraph.from_points(x, 100) for x in (even, clumped)]
    >>> [int(np.median(adaptive_neighbors(graph, 1.0))) for graph in graphs]
    [99, 24]
    """
    check_open_interval("dimension", dimension, 0, np.inf)
    check_open_interval("significance", significance, 0, 1)
    check_at_least("the neighbours of the graph", graph.n_neighbors, _LEAST + 1)
    return _adaptive(graph.distances, graph.indices, dimension, significance)


def _adaptive(
    distances: Float64[np.ndarray, "n k"],
    indices: Int64[np.ndarray, "n k"],
    dimension: float,
    significance: float,
) -> Int64[np.ndarray, " n"]:
    # copies of a point lie at 0, which has no logarithm: the smallest number stands for it
    logs = np.log(np.maximum(distances, np.finfo(np.float64).tiny))
    most = distances.shape[1] - 1
    bound = float(scipy.stats.chi2.isf(significance, 1))
    found = np.full(len(distances), most)
    going = np.arange(len(distances))
    for k in range(_LEAST, most):
        others = indices[going, k]
        uneven = _beyond(dimension * (logs[going, k - 1] - logs[others, k - 1]), bound / (4 * k))
        found[going[uneven]] = k
        going = going[~uneven]
    return found


def _beyond(log_volumes: Float64[np.ndarray, " n"], bound: float) -> Bool[np.ndarray, " n"]:
    """Whether ln cosh(x / 2) > bound, without overflow."""
    x = np.abs(log_volumes)
    return np.asarray(x / 2 + np.log1p(np.exp(-x)) - np.log(2) > bound)


@final
@dataclass(kw_only=True)
class ABIDE(KNeighborEstimator):
    """`Binomial` counts within each point's own `adaptive_neighbors`, for a self-consistent d.

    Each round finds the neighbourhoods k* at the dimension d of the last one, at first TwoNN's. Of
    the k* - 1 nearer neighbours, over all points, a share p lies within the ratio
    q = min(0.975, 0.2032^(1/d)) of the radius; the new dimension is d = ln p / ln q.

    Where the density is even the neighbourhoods are large: noise at small distances counts little,
    and the scatter is small. Where it is uneven they are small and leave its slopes out. Noise that
    fills even large neighbourhoods raises the estimate, as curvature does. It is biased low at
    edges, where half of a ball is empty and the density still looks constant. Cost: N k comparisons
    a round.

    Parameters
    ----------
    n_neighbors
        Neighbours to choose from, at least 4; k* is at most one fewer.
    significance
        Of the test that ends a neighbourhood.
    n_rounds
        Rounds, at least 1.

    Notes
    -----
    The standard error is that of `Binomial` for as many trials, its factor of dependence taken at
    the mean k*. The last round's scale is the mean distance to the k*-th neighbour.

    Examples
    --------
    >>> import numpy as np
    >>> from dimscope import TwoNN
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(2000, 2)) @ rng.normal(size=(2, 5))
    >>> noisy = plane + 0.03 * rng.normal(size=(2000, 5))
    >>> f"{TwoNN().fit(noisy).dimension_:.1f} {ABIDE().fit(noisy).dimension_:.1f}"
    '3.2 2.0'
    """

    name: ClassVar[str] = "abide"
    title: ClassVar[str] = "ABIDE"
    error_kind: ClassVar[ErrorKind] = "theory"
    n_neighbors: int = 100
    significance: float = 1e-6
    n_rounds: int = 5

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If a parameter is out of range, the graph has fewer neighbours, or all or none of the
            neighbours lie inside.
        """
        check_at_least("n_neighbors", self.n_neighbors, _LEAST + 1)
        check_at_least("n_rounds", self.n_rounds, 1)
        check_open_interval("significance", self.significance, 0, 1)
        self._check(graph)
        distances = graph.distances[:, : self.n_neighbors]
        indices = graph.indices[:, : self.n_neighbors]
        value = 1 / float(log_ratios(graph, 1, 2).values.mean())
        for _ in range(self.n_rounds):
            chosen = _adaptive(distances, indices, value, self.significance)
            radii = np.take_along_axis(distances, chosen[:, None] - 1, axis=1)
            ratio = min(_LARGEST_RATIO, _BEST_SHARE ** (1 / value))
            nearer = (np.arange(1, self.n_neighbors + 1) < chosen[:, None]) & (radii > 0)
            inside = nearer & (distances <= ratio * radii)
            value, independent = dimension_of_share(int(inside.sum()), int(nearer.sum()), ratio)
        mean = float(chosen.mean())
        stderr = dependence(Binomial.name, mean, value) * independent
        return self._answer(
            graph,
            value=value,
            stderr=stderr,
            scale=float(radii.mean()),
            n_samples=graph.n_samples,
            notes=graph_notes(graph)
            + bias_notes(graph, value, stderr, graph.n_samples, round(mean)),
            ranks=(1, int(chosen.max())),
        )
