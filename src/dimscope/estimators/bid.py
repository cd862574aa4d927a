"""BID: the binary intrinsic dimension, from the Hamming distances of all pairs.

Acevedo, Rodriguez and Laio, "Unsupervised detection of semantic correlations in big data",
Communications Physics 8 (2025).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import NeighborEstimator
from dimscope.estimators._shared.binary_law import nearest_law
from dimscope.estimators._shared.checks import check_open_interval
from dimscope.estimators._shared.discrete import discrete_estimate, pair_counts, rows_with_copies
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, Note

_LEAST_DISTANCES = 3  # that two parameters can be fitted to


@final
@dataclass(kw_only=True)
class BID(NeighborEstimator):
    """The binary intrinsic dimension: how many independent bits would have these distances.

    Two rows of d independent fair bits have the Hamming distance r with probability 2^-d C(d, r).
    With d(r) = d0 + d1 r the law P(r) = 2^-d(r) C(d(r), r) / Z is fitted to the shortest distances
    of all pairs, by the least Kullback-Leibler divergence from their shares; the value is d0, the
    dimension at small distance. The divergence often has a second minimum, with d1 > 2, which fits
    as well, but grows with the distance without an end: as in the authors' search, which goes up
    from d1 = 1, only d0 > 0 and d1 < 2 are laws of bits. Where none of these is nearest, there is
    no value. Equal to n_features for independent fair bits, lower the more they
    depend on each other.

    For data of two values, such as the signs of activations. It extrapolates to distance 0: the
    fewer pairs are near, the less certain it is. Copies of a row count as pairs at distance 0.
    There is no theory of its error. Cost: N^2 n_features / 2 differences.

    Parameters
    ----------
    share
        Share of all pairs, those of the shortest distances, that is fitted; between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> bits = np.random.default_rng(0).integers(0, 2, size=(1000, 30))
    >>> round(BID().fit(bits).dimension_)
    30
    """

    name: ClassVar[str] = "bid"
    title: ClassVar[str] = "BID"
    data: ClassVar[Literal["continuous", "integers", "bits"]] = "bits"
    share: float = 0.2

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that the graph must have: 1, as `estimate` counts all pairs itself."""
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
        x, n_copies = rows_with_copies(graph, self.name)
        counts = pair_counts(_bits(x))
        distances = np.flatnonzero(counts)
        held = np.cumsum(counts[distances]) / counts.sum()
        distances = distances[held <= self.share]
        if len(distances) < _LEAST_DISTANCES:
            raise InputError(
                f"the nearest {self.share:.0%} of the pairs hold distances of {len(distances)} "
                f"lengths, at least {_LEAST_DISTANCES} are needed: use a larger share or more "
                "features"
            )
        value = nearest_law(distances, counts[distances])
        notes: tuple[Note, ...] = ()
        if value is None:
            said = (
                f"No law with d0 > 0 and d1 < 2 is nearest to the distances up to {distances[-1]}: "
                "the bits do not follow it at this scale, or too few distances are fitted. Try "
                "another share."
            )
            notes = (Note("undetermined", said),)
        return discrete_estimate(
            self,
            value,
            None,
            scale=float(distances[-1]),
            n_samples=len(x),
            n_copies=n_copies,
            notes=notes,
        )


def _bits(x: Float64[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
    low, high = x.min(), x.max()
    between = x[(x != low) & (x != high)]
    if len(between):
        raise InputError(
            f"bid needs data of two values, and these hold {low:.9g}, {between[0]:.9g} and "
            f"{high:.9g}: make them bits first, as x > 0 does"
        )
    return np.asarray(x == high, dtype=np.float64)
