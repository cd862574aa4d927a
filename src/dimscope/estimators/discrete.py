"""Dimensions of discrete data, from how many pairs of points lie at each whole distance.

I3D: Macocco, Glielmo, Grilli and Laio, "Intrinsic dimension estimation for discrete metrics",
Physical Review Letters 130 (2023). BID: Acevedo, Rodriguez and Laio, "Unsupervised detection of
semantic correlations in big data", Communications Physics 8 (2025).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np
import scipy.optimize
from jaxtyping import Float64, Int64
from scipy.spatial.distance import cdist
from scipy.special import gammaln

from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator, check_open_interval
from dimscope.estimators._shared.errors import normal_interval
from dimscope.measurement import points_of
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, ScaleCurve

_MANY_WITHIN = 20  # other points in the ball that is chosen where no radius is given
_LEAST_DISTANCES = 3  # that two parameters can be fitted to
_MOST_SITES = 2**24  # the largest distance that counts are kept for
_BLOCK_BYTES = 2**25


@final
@dataclass(kw_only=True)
class I3D(NeighborEstimator):
    """The dimension of points on the sites of a lattice, from L1 balls of two radii.

    Of the k other points within t2 of a point, n lie within t1. In constant density n is binomial
    with probability V(t1, d) / V(t2, d), where V(t, d) = sum_j 2^j C(t, j) C(d, j) sites lie
    within t of a site in d dimensions, continued to real d; the maximum of likelihood is
    sum n / sum k = V(t1, d) / V(t2, d).

    For integers (counts, levels, categories in order). Each copy of a point counts, for points
    may share a site: rows that the graph set aside are counted again. Assumes constant density
    over t2, and data that fill their lattice: a sublattice, such as even numbers, is no lattice of
    spacing 1. Edges lower it. Cost: N^2 n_features / 2 differences, once for all radii.

    Parameters
    ----------
    outer
        t2; by default the least within which the points have 20 others on average.
    inner
        t1 < t2, from 0; by default half of t2, rounded down.

    Notes
    -----
    The standard error is that of the binomial law of all pairs within t2, each counted once: in
    constant density the distances of two pairs are independent, even if they share a point. Where
    the density changes it is too short.

    Examples
    --------
    >>> import numpy as np
    >>> plane = np.random.default_rng(0).integers(0, 100, size=(2000, 2)) @ np.eye(2, 5, dtype=int)
    >>> round(I3D().fit(plane).dimension_, 1)
    2.0
    """

    name: ClassVar[str] = "i3d"
    error_kind: ClassVar[ErrorKind] = "theory"
    data: ClassVar[Literal["continuous", "integers", "bits"]] = "integers"
    outer: int | None = None
    inner: int | None = None

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours in the graph that `estimate` uses: 1, and it counts pairs of its own."""
        return 1

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph`` at the scale of ``outer``.

        Raises
        ------
        InputError
            If the points are not known or not integers, the radii are out of order, or all or none
            of the pairs within t2 lie within t1.
        """
        x, n_copies = _rows(graph, self.name)
        pairs = np.cumsum(_pair_counts(_integers(x)))
        outer = _chosen_radius(pairs, len(x)) if self.outer is None else self.outer
        inner = outer // 2 if self.inner is None else self.inner
        if not 0 <= inner < outer:
            raise InputError(f"inner={inner} must lie between 0 and outer - 1 = {outer - 1}")
        n, k = (_within(pairs, radius) for radius in (inner, outer))
        if not 0 < n < k:
            raise InputError(
                f"{n} of the {k} pairs within {outer} lie within {inner}: there is no dimension to "
                "see at this scale; choose other radii"
            )
        value, stderr = _lattice_dimension(n, k, inner, outer)
        return _discrete_estimate(
            self,
            value,
            stderr,
            scale=float(outer),
            n_samples=len(x),
            n_copies=n_copies,
            used={"t1": inner, "t2": outer},
        )

    def scan(self, graph: NeighborGraph) -> ScaleCurve:
        """The dimension at outer radii 2, 4, 8, ... with half of each as the inner one.

        Returns
        -------
        ScaleCurve
            Its ``scales`` are the outer radii, ``n1`` and ``n2`` the rounded mean numbers of
            other points within the two; nan where all or none of the pairs lie inside.

        Raises
        ------
        InputError
            If the points are not known or not integers, or are all within a distance of 1.
        """
        x, _ = _rows(graph, self.name)
        pairs = np.cumsum(_pair_counts(_integers(x)))
        outer = [2**j for j in range(1, (len(pairs) - 1).bit_length())]
        if not outer:
            raise InputError("all points lie within a distance of 1 of each other: nothing to scan")
        within = [(_within(pairs, t // 2), _within(pairs, t)) for t in outer]
        fits = [
            _lattice_dimension(n, k, t // 2, t) if 0 < n < k else (math.nan, math.nan)
            for (n, k), t in zip(within, outer, strict=True)
        ]
        others = np.rint(2 * np.array(within) / len(x)).astype(np.int64)
        return ScaleCurve(
            scales=np.array(outer, dtype=np.float64),
            values=np.array([value for value, _ in fits]),
            stderrs=np.array([stderr for _, stderr in fits]),
            n1=others[:, 0],
            n2=others[:, 1],
            n_samples=len(x),
            method=self.name,
        )


def _within(pairs: Int64[np.ndarray, " radii"], radius: int) -> int:
    return int(pairs[min(radius, len(pairs) - 1)])


def _lattice_dimension(n: int, k: int, inner: int, outer: int) -> tuple[float, float]:
    """d where n of k pairs lie within the inner radius, and its standard error."""
    share = n / k

    def log_share(d: float) -> float:
        return _log_sites(inner, d) - _log_sites(outer, d)

    high = 1.0
    while log_share(high) > math.log(share):
        high *= 2
    value = float(scipy.optimize.brentq(lambda d: log_share(d) - math.log(share), 0, high))
    step = 1e-5 * value
    slope = (log_share(value + step) - log_share(value - step)) / (2 * step)
    return value, math.sqrt((1 - share) / (share * k)) / -slope


def _log_sites(radius: int, dimension: float) -> float:
    """ln of the sites of a lattice within an L1 distance, for any real dimension from 0.

    t V(t) = (2d + 1) V(t-1) + (t-1) V(t-2): all terms are positive, and ratios do not overflow.
    """
    total, growth = 0.0, math.inf
    for t in range(1, radius + 1):
        growth = (2 * dimension + 1 + (t - 1) / growth) / t
        total += math.log(growth)
    return total


def _chosen_radius(pairs: Int64[np.ndarray, " radii"], n_samples: int) -> int:
    """The least radius, from 1, with enough other points within it on average."""
    enough = 2 * pairs >= min(_MANY_WITHIN, n_samples - 1) * n_samples
    return max(int(np.argmax(enough)), 1)


@final
@dataclass(kw_only=True)
class BID(NeighborEstimator):
    """The binary intrinsic dimension: how many independent bits have these Hamming distances.

    The distance of two rows of d independent fair bits is r with probability 2^-d C(d, r). With
    d(r) = d0 + d1 r the law P(r) = 2^-d(r) C(d(r), r) / Z is fitted to the shortest distances of
    all pairs, by the least Kullback-Leibler divergence from their shares; the value is d0, the
    dimension at small distance. Equal to n_features for independent fair bits, lower the more
    they depend on each other.

    For data of two values, such as the signs of activations. As an extrapolation to distance 0
    it is less certain the fewer of the pairs are near. Copies of a row count as pairs at distance
    0. No theory of its error: no standard error is given. Cost: N^2 n_features / 2 differences.

    Parameters
    ----------
    share
        Of all pairs, those of the shortest distances, which are fitted; between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> bits = np.random.default_rng(0).integers(0, 2, size=(1000, 30))
    >>> round(BID().fit(bits).dimension_)
    30
    """

    name: ClassVar[str] = "bid"
    error_kind: ClassVar[ErrorKind] = "theory"
    data: ClassVar[Literal["continuous", "integers", "bits"]] = "bits"
    share: float = 0.2

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours in the graph that `estimate` uses: 1, and it counts pairs of its own."""
        return 1

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The binary dimension of the points of ``graph``.

        Raises
        ------
        InputError
            If the points are not known or hold more than two values, ``share`` is outside (0, 1),
            or the pairs fitted have fewer than 3 distances.
        """
        check_open_interval("share", self.share, 0, 1)
        x, n_copies = _rows(graph, self.name)
        counts = _pair_counts(_bits(x))
        distances = np.flatnonzero(counts)
        held = np.cumsum(counts[distances]) / counts.sum()
        distances = distances[held <= self.share]
        if len(distances) < _LEAST_DISTANCES:
            raise InputError(
                f"the nearest {self.share:.0%} of the pairs hold distances of {len(distances)} "
                f"lengths, at least {_LEAST_DISTANCES} are needed: use a larger share or more "
                "features"
            )
        value = _binary_dimension(distances, counts[distances])
        notes: tuple[str, ...] = ()
        if value <= 0:
            notes = ("The fit has no positive dimension at distance 0: the law does not hold.",)
        return _discrete_estimate(
            self,
            value if value > 0 else None,
            None,
            scale=float(distances[-1]),
            n_samples=len(x),
            n_copies=n_copies,
            notes=notes,
        )


def _binary_dimension(
    distances: Int64[np.ndarray, " radii"], counts: Int64[np.ndarray, " radii"]
) -> float:
    """d0 of the law that is nearest to the shares of the distances."""
    r = distances.astype(np.float64)
    weights = counts / counts.sum()
    low, high = r[0], r[-1]

    def line(parameters: Float64[np.ndarray, " 2"]) -> tuple[float, float]:
        over = np.exp(parameters)  # d(r) > r at both ends, so between them
        first, last = low + over[0], high + over[1]
        slope = (last - first) / (high - low)
        return float(first - slope * low), float(slope)

    def cross_entropy(parameters: Float64[np.ndarray, " 2"]) -> float:
        d0, d1 = line(parameters)
        d = d0 + d1 * r
        log_p = gammaln(d + 1) - gammaln(r + 1) - gammaln(d - r + 1) - d * math.log(2)
        return float(np.logaddexp.reduce(log_p) - weights @ log_p)

    start = np.log([2 * high - low, high])  # bits as many as twice the largest distance
    found = scipy.optimize.minimize(
        cross_entropy,
        start,
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-15, "maxiter": 4000, "maxfev": 4000},
    )
    return line(found.x)[0]


def _rows(graph: NeighborGraph, name: str) -> tuple[Float64[np.ndarray, "n d"], int]:
    """The points of ``graph`` with all their copies, and how many of these it had set aside."""
    points = points_of(graph, name)
    rows = np.flatnonzero(np.isin(points.scan.first_of_row, graph.original_rows))
    x = np.hstack(list(points.take(rows).column_blocks()))
    return x, len(rows) - graph.n_samples


def _integers(x: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    fractions = x[x != np.rint(x)]
    if len(fractions):
        raise InputError(
            f"i3d needs integers, the sites of a lattice, and the data hold {fractions[0]:.6g}: "
            "divide by their spacing, or use 'binomial' for continuous data"
        )
    return np.asarray(x - x.min(axis=0))


def _bits(x: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    low, high = x.min(), x.max()
    between = x[(x != low) & (x != high)]
    if len(between):
        raise InputError(
            f"bid needs data of two values, and these hold {low:.9g}, {between[0]:.9g} and "
            f"{high:.9g}: make them bits first, as x > 0 does"
        )
    return np.asarray(x == high, dtype=np.float64)


def _pair_counts(x: Float64[np.ndarray, "n d"]) -> Int64[np.ndarray, " distances"]:
    """How many pairs of rows, each counted once, lie at L1 distances 0, 1, 2, ..."""
    farthest = float(np.ptp(x, axis=0).sum())
    if farthest > _MOST_SITES:
        raise InputError(
            f"distances reach {farthest:.3g} sites, more than {_MOST_SITES}: on a lattice so fine "
            "the data are continuous; use 'binomial', or divide and round them"
        )
    counts = np.zeros(int(farthest) + 1, dtype=np.int64)
    n = len(x)
    step = max(1, _BLOCK_BYTES // (8 * n))
    for start in range(0, n, step):
        block = cdist(x[start : start + step], x[start:], "cityblock")
        later = np.triu(np.ones(block.shape, dtype=bool), 1)
        counts += np.bincount(block[later].astype(np.int64), minlength=len(counts))
    return counts


def _discrete_estimate(  # noqa: PLR0913 - the parts of an estimate
    estimator: NeighborEstimator,
    value: float | None,
    stderr: float | None,
    *,
    scale: float,
    n_samples: int,
    n_copies: int,
    used: dict[str, int] | None = None,
    notes: tuple[str, ...] = (),
) -> DimensionEstimate:
    if n_copies:
        notes += (f"{n_copies} rows that repeat another row were counted as well.",)
    return DimensionEstimate(
        value=value,
        stderr=stderr,
        interval=normal_interval(value, stderr),
        scale=scale,
        n_samples=n_samples,
        n_duplicates=0,
        notes=notes,
        method=estimator.name,
        parameters=estimator.get_params() | (used or {}),
        error_kind=None if stderr is None else estimator.error_kind,
    )
