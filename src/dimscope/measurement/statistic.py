"""What can be measured: statistics of one representation, and of two."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeGuard, runtime_checkable

import numpy as np
from jaxtyping import Float64

from dimscope.measurement.representation import Representation
from dimscope.neighbors import NeighborGraph
from dimscope.results import DimensionEstimate, ErrorKind, Quantity
from dimscope.spectra import Spectrum

#: What a statistic of one representation is computed from.
Known = NeighborGraph | Spectrum
#: The products v_j . v_l of the vectors from each point to its neighbours.
Products = Float64[np.ndarray, "n k k"]
#: One number for each neighbourhood, or a row of them.
Numbers = Float64[np.ndarray, "..."]


class Ceiling(NamedTuple):
    """The largest value that a number of points resolves, and the dimension it stands for."""

    value: float
    dimension: float


class Statistic(Protocol):
    """A statistic of one representation, such as any of our estimators.

    Attributes
    ----------
    name
        What it is called in the registry and in tables.
    needs
        What `estimate` takes: a `NeighborGraph` (``"graph"``) or a `Spectrum` (``"spectrum"``).
    error_kind
        ``"theory"`` or ``"posterior"`` where its own error is known to hold, else ``"blocks"``.
    block_error_range
        Smallest and largest ratio of the error from blocks to the true scatter in simulation; None
        where this was not simulated.
    cheap_in_blocks
        False where an estimate may cost much however few the points are.
    """

    name: ClassVar[str]
    needs: ClassVar[Literal["graph", "spectrum"]]
    error_kind: ClassVar[ErrorKind]
    block_error_range: ClassVar[tuple[float, float] | None]
    cheap_in_blocks: ClassVar[bool]

    @property
    def quantity(self) -> Quantity:
        """What it measures, with which setting."""

    def estimate(self, known: Any, /) -> DimensionEstimate:
        """Return the estimate from a graph or a spectrum, or raise an `InputError`."""

    def ceiling(self, n_samples: int) -> Ceiling | None:
        """Return the largest value that this many points resolve; None where unknown."""


class GraphStatistic(Statistic, Protocol):
    """A statistic of the nearest neighbours."""

    @property
    def n_neighbors_needed(self) -> int:
        """Neighbours that `estimate` uses of each point."""


@runtime_checkable
class VectorStatistic(Protocol):
    """A statistic of the vectors from each point to its nearest neighbours.

    The vectors are read once for all such statistics, so there are two steps: `numbers_of` reduces
    the products of the vectors to numbers, some neighbourhoods at a time, and `estimate_of` makes
    the estimate from the numbers of all neighbourhoods.
    """

    @property
    def n_vectors(self) -> int:
        """How many nearest neighbours of each point it needs as vectors."""

    def check_graph(self, graph: NeighborGraph) -> None:
        """Raise an `InputError` if it cannot be estimated from ``graph``."""

    def numbers_of(self, products: Products, n_features: int) -> Numbers:
        """Return one or more numbers for each neighbourhood, from the products of its vectors.

        The products are in units of the squared distance to the farthest of these neighbours.
        """

    def estimate_of(self, graph: NeighborGraph, numbers: Numbers) -> DimensionEstimate:
        """Return the estimate from the numbers of all neighbourhoods of ``graph``."""


class PairStatistic(Protocol):
    """A statistic of two representations of the same samples, such as their overlap.

    Attributes
    ----------
    name
        What it is called in tables.
    """

    name: str

    def value_of(self, first: Representation, second: Representation) -> float:
        """Return the value, where row i of both is one sample, or raise an `InputError`."""


def of_graph(statistic: Statistic) -> TypeGuard[GraphStatistic]:
    """Whether a statistic is one of nearest neighbours."""
    return statistic.needs == "graph"


def neighbors_needed(statistics: Iterable[Statistic]) -> int:
    """Return how many neighbours of each point suffice for all statistics; 0 if none uses any."""
    return max((s.n_neighbors_needed for s in statistics if of_graph(s)), default=0)
