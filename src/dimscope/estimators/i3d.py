"""I3D: dimension of points on a lattice, from how many lie within two whole distances.

Macocco, Glielmo, Grilli and Laio, "Intrinsic dimension estimation for discrete metrics", Physical
Review Letters 130 (2023).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np
import scipy.optimize
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.discrete import discrete_estimate, pair_counts, rows_with_copies
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, ScaleCurve

_MANY_WITHIN = 20  # other points, on average, within the outer radius where none is given


@final
@dataclass(kw_only=True)
class I3D(NeighborEstimator):
    """The dimension of points on the sites of a lattice, from L1 balls of two radii.

    Of the k other points within t2 of a point, n lie within t1. In constant density n is binomial
    with probability V(t1, d) / V(t2, d), where V(t, d) = sum_j 2^j C(t, j) C(d, j) sites lie within
    t of a site in d dimensions, continued to real d. The most likely d has
    sum n / sum k = V(t1, d) / V(t2, d).

    For integers (counts, levels, categories in order). Points may share a site, so each copy
    counts: rows that the graph set aside are included. Assumes constant density over t2, and data
    that fill their lattice: a sublattice, such as even numbers, is no lattice of spacing 1. Edges
    lower it. Cost: N^2 n_features / 2 differences, once for all radii.

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
    title: ClassVar[str] = "I3D"
    error_kind: ClassVar[ErrorKind] = "theory"
    data: ClassVar[Literal["continuous", "integers", "bits"]] = "integers"
    outer: int | None = None
    inner: int | None = None

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that the graph must have: 1, as `estimate` counts all pairs itself."""
        return 1

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph`` at the scale of ``outer``.

        Raises
        ------
        InputError
            If the points are not known or not integers, the radii are out of order, or all or none
            of the pairs within t2 lie within t1.
        """
        x, n_copies = rows_with_copies(graph, self.name)
        pairs = np.cumsum(pair_counts(_integers(x)))
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
        return discrete_estimate(
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
        x, _ = rows_with_copies(graph, self.name)
        pairs = np.cumsum(pair_counts(_integers(x)))
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
            title=self.title,
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


def _integers(x: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    fractions = x[x != np.rint(x)]
    if len(fractions):
        raise InputError(
            f"i3d needs integers, the sites of a lattice, and the data hold {fractions[0]:.6g}: "
            "divide by their spacing, or use 'binomial' for continuous data"
        )
    return np.asarray(x - x.min(axis=0))
