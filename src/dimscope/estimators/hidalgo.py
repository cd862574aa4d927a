"""Hidalgo: several dimensions in one data set, and which point has which.

Allegra, Facco, Denti, Laio and Mira, "Data segmentation based on the local intrinsic dimension",
Scientific Reports 10 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, final

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import gammaln

from dimscope._deprecated import renamed_parameters
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.checks import check_at_least, check_open_interval
from dimscope.estimators._shared.ratios import log_ratios
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, LocalEstimate, Note

_SMOOTHINGS = 10  # of log ratios over near points, before the first draw
_EVENNESS = 4.0  # parameter of the Dirichlet law of the shares to begin with
_PRIOR: Final = 1.0  # shape and rate of the Gamma prior of a dimension, weight of each manifold


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Manifolds of one data set, in order of dimension.

    Attributes
    ----------
    dimensions, spreads
        Posterior mean and standard deviation of the dimension of each manifold.
    shares
        Posterior mean share of the points on each.
    memberships
        Shape (n_samples, n_manifolds): posterior probability that a point lies on each.
    local_dimensions
        Posterior mean of the dimension of each point.
    log_posterior
        Log posterior of the chain that is reported, a mean over the sweeps that are kept.
    """

    dimensions: Float64[np.ndarray, " n_manifolds"]
    spreads: Float64[np.ndarray, " n_manifolds"]
    shares: Float64[np.ndarray, " n_manifolds"]
    memberships: Float64[np.ndarray, "n_samples n_manifolds"]
    local_dimensions: Float64[np.ndarray, " n_samples"]
    log_posterior: float


@final
@renamed_parameters(seed="rng")
@dataclass(kw_only=True)
class Hidalgo(NeighborEstimator):
    """A mixture of dimensions, in which neighbours tend to share theirs.

    Of a point on manifold z_i the ratio mu = r_2 / r_1 has the Pareto law d_z mu^-(d_z + 1), as in
    TwoNN. Of its q nearest neighbours n_i lie on the same manifold with probability
    zeta^n_i (1 - zeta)^(q - n_i) / Z, Z the sum of this over all choices of q of the other points,
    N_z - 1 of which are on that manifold. Without this coupling, the laws of two dimensions
    overlap too much to be told apart. Priors: Gamma(1, 1) for each dimension, uniform for the
    shares of the manifolds. A Gibbs sampler draws manifolds, dimensions and shares in turn; the
    chain of the highest mean posterior is reported.

    `estimate` gives the posterior mean of the dimension over all points, with the manifolds in its
    notes, `estimate_local` that of each point, and `mixture` everything. Assumes constant density
    over two neighbours, and manifolds that are each in one piece or a few. The law of neighbours
    favours manifolds of equal size: if ``n_manifolds`` is too large, one of them is split into
    pieces of high and low ratios, which raises the mean. The posterior does not tell the right
    number. Dimensions above about 10 run into each other, and pieces that touch are blurred where
    they do. Points are not independent, so the posterior is too narrow for a standard error;
    profiles give that of disjoint blocks.

    Cost: n_chains n_sweeps passes over N (n_manifolds + 2 q) numbers, 1 s for 2,000 points.

    Parameters
    ----------
    n_manifolds
        K, at least 1.
    q
        Neighbours whose manifold a point tends to share, at least 1.
    zeta
        Probability that it shares the manifold of one of them, in (0.5, 1).
    n_sweeps
        Draws of each chain, at least 2; the first half is discarded.
    n_chains
        Chains from random beginnings, at least 1.
    rng
        Seed of the beginnings and the draws.

    Examples
    --------
    >>> from dimscope.manifolds import line_disk_ball
    >>> x = line_disk_ball().sample(900, rng=0)
    >>> graph = NeighborGraph.from_points(x, 3)
    >>> Hidalgo(n_manifolds=3).mixture(graph).dimensions.round().tolist()
    [1.0, 2.0, 3.0]
    """

    name: ClassVar[str] = "hidalgo"
    title: ClassVar[str] = "Hidalgo"
    cheap_in_blocks: ClassVar[bool] = False
    n_manifolds: int = 2
    q: int = 3
    zeta: float = 0.8
    n_sweeps: int = 1_000
    n_chains: int = 4
    rng: int = 0

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point: 2 or q, whichever is more."""
        return max(2, self.q)

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The mean dimension of the points of ``graph``, with the manifolds found in its notes.

        Raises
        ------
        InputError
            As `mixture`.
        """
        mixture = self.mixture(graph)
        ratios = log_ratios(graph, 1, 2)
        found = ", ".join(
            f"{dimension:.3g} ± {spread:.2g} ({share:.0%})"
            for dimension, spread, share in zip(
                mixture.dimensions, mixture.spreads, mixture.shares, strict=True
            )
            if round(share * graph.n_samples) > 0
        )
        said = f"Dimensions and their shares of the points: {found}."
        return self._answer(
            graph,
            value=float(mixture.local_dimensions.mean()),
            stderr=None,
            scale=ratios.scale,
            n_samples=len(ratios.values),
            notes=(*ratios.notes, Note("mixture", said)),
            ranks=(1, 2),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """The posterior mean of the dimension of every point of ``graph``.

        Raises
        ------
        InputError
            As `mixture`.
        """
        return self._local_answer(self.mixture(graph).local_dimensions)

    def mixture(self, graph: NeighborGraph) -> Mixture:
        """The manifolds of the points of ``graph``.

        Raises
        ------
        InputError
            If a parameter is out of range, the graph has too few neighbours, or too few ratios
            remain.
        """
        for name, least in {"n_manifolds": 1, "q": 1, "n_sweeps": 2, "n_chains": 1}.items():
            check_at_least(name, getattr(self, name), least)
        check_open_interval("zeta", self.zeta, 0.5, 1)
        self._check(graph)
        log_ratios(graph, 1, 2)
        chains = [
            self._chain(graph, own) for own in np.random.default_rng(self.rng).spawn(self.n_chains)
        ]
        return max(chains, key=lambda chain: chain.log_posterior)

    def _chain(self, graph: NeighborGraph, rng: np.random.Generator) -> Mixture:
        from dimscope.estimators._shared.gibbs import draw_labels  # noqa: PLC0415 - loads the compiler

        n, n_manifolds = graph.n_samples, self.n_manifolds
        known = graph.distances[:, 0] > 0  # a point without a ratio goes with its neighbours
        log_mu = np.zeros(n)
        log_mu[known] = np.log(graph.distances[known, 1] / graph.distances[known, 0])
        near = np.ascontiguousarray(graph.indices[:, : self.q])
        by_neighbor = np.argsort(near, axis=None, kind="stable")
        starts = np.searchsorted(near.ravel()[by_neighbor], np.arange(n + 1))
        links = near, starts, by_neighbor // self.q
        cost = _coherence_cost(n, self.q, self.zeta)
        bond = np.log(self.zeta / (1 - self.zeta))

        labels = _beginning(log_mu, near, n_manifolds, rng)
        log_posteriors, dimensions, shares = [], [], []
        memberships = np.zeros((n, n_manifolds))
        local = np.zeros(n)
        for sweep in range(self.n_sweeps):
            counts = np.bincount(labels, minlength=n_manifolds)
            n_known = np.bincount(labels[known], minlength=n_manifolds)
            sums = np.bincount(labels, weights=log_mu, minlength=n_manifolds)
            d = rng.gamma(_PRIOR + n_known, 1 / (_PRIOR + sums))
            log_share = np.log(rng.dirichlet(_PRIOR + counts))
            model = log_share, d, bond, cost
            draw_labels((labels, counts), model, (log_mu, known), links, rng.random(n))
            if sweep < self.n_sweeps // 2:
                continue
            n_same = (labels[near] == labels[:, None]).sum()
            log_posteriors.append(
                log_share[labels].sum()
                + (np.log(d[labels]) - d[labels] * log_mu)[known].sum()
                + bond * n_same
                - cost[counts].sum()
                - _PRIOR * d.sum()
            )
            dimensions.append(d)
            shares.append(counts / n)
            memberships[np.arange(n), labels] += 1
            local += d[labels]
        kept = len(dimensions)
        means = np.mean(dimensions, axis=0)
        order = np.argsort(means)
        return Mixture(
            dimensions=means[order],
            spreads=np.std(dimensions, axis=0)[order],
            shares=np.mean(shares, axis=0)[order],
            memberships=memberships[:, order] / kept,
            local_dimensions=local / kept,
            log_posterior=float(np.mean(log_posteriors)),
        )


def _beginning(
    log_mu: Float64[np.ndarray, " n"],
    near: Int64[np.ndarray, "n q"],
    n_manifolds: int,
    rng: np.random.Generator,
) -> Int64[np.ndarray, " n"]:
    """The first labels: points in order of their smoothed log ratios, cut at random places.

    Random labels would lead the sampler to a patchwork that single flips cannot undo.
    """
    smooth = log_mu
    for _ in range(_SMOOTHINGS):
        smooth = (smooth + smooth[near].sum(axis=1)) / (1 + near.shape[1])
    cuts = np.cumsum(rng.dirichlet(np.full(n_manifolds, _EVENNESS)))[:-1]
    ranks = np.argsort(np.argsort(smooth)) / len(smooth)
    return np.searchsorted(cuts, ranks)


def _coherence_cost(n: int, q: int, zeta: float) -> Float64[np.ndarray, " n_plus_1"]:
    """m ln Z(m) for manifolds of m = 0 to n of the points; (1 - zeta)^q divided out of Z."""
    m = np.arange(1, n + 1)[:, None]
    inside = np.arange(q + 1)
    with np.errstate(invalid="ignore"):
        log_terms = (
            _log_binomial(m - 1, inside)
            + _log_binomial(n - m, q - inside)
            + inside * np.log(zeta / (1 - zeta))
        )
    log_z = np.logaddexp.reduce(log_terms, axis=1) - _log_binomial(np.array(n - 1), np.array(q))
    return np.concatenate([[0.0], m[:, 0] * log_z])


def _log_binomial(n: Int64[np.ndarray, "*a"], k: Int64[np.ndarray, "*b"]) -> np.ndarray:
    possible = k <= n
    top = np.where(possible, n, k)
    values = gammaln(top + 1) - gammaln(k + 1) - gammaln(top - k + 1)
    return np.where(possible, values, -np.inf)
