"""Neighbourhoods as vectors: what the estimators see that use more than distances to a point."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, ClassVar, cast

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.errors import InputError
from dimscope.estimators._shared.base import KNeighborEstimator, NeighborEstimator
from dimscope.estimators._shared.checks import check_at_least
from dimscope.estimators._shared.notes import graph_notes
from dimscope.neighbors import NeighborGraph
from dimscope.neighbors.sources import SearchedPoints
from dimscope.neighbors.threads import threads
from dimscope.points import COLUMN_BLOCK, Points
from dimscope.results import DimensionEstimate, LocalEstimate, Note

_PASS_BYTES = 2**28  # products that are summed in one pass over the columns
_BLOCK_BYTES = 2**22  # of them handed out in one go
_STRIP_BYTES = 2**20  # of them that a thread makes in one go
_VECTOR_BYTES = 2**21  # larger blocks of vectors leave the cache before they are multiplied
_COMPILED_TERMS = 2**27  # multiplications beyond which a compiled loop is loaded

Products = Float64[np.ndarray, "n k k"]
PerPoint = Float64[np.ndarray, " n"]


class NeighborhoodEstimator(KNeighborEstimator):
    """Base of the estimators that see the k neighbours of each point as vectors from it.

    Each neighbourhood has one number, bounded or a logarithm, so that no single neighbourhood can
    outweigh the others. Its own value gives the dimension at a point, its mean over all points that
    of the whole.
    """

    n_neighbors: int
    least_neighbors: ClassVar[int]

    def estimate(self, graph: NeighborGraph) -> DimensionEstimate:
        """The dimension of the points of ``graph``, from the mean over their neighbourhoods.

        Raises
        ------
        InputError
            If a parameter is out of range, the graph has fewer than k neighbours or was made
            without points, or no neighbourhood has a dimension.
        """
        return self._estimate_of(graph, self._numbers(graph))

    def _estimate_of(self, graph: NeighborGraph, numbers: PerPoint) -> DimensionEstimate:
        known = numbers[~np.isnan(numbers)]
        notes = graph_notes(graph)
        value = float(self._dimensions(known.mean(keepdims=True))[0]) if len(known) else math.nan
        if math.isnan(value):
            raise InputError(
                f"none of {graph.n_samples} neighbourhoods of {self.n_neighbors} points has a "
                "dimension for this method to see: use more neighbours"
            )
        if n_left_out := len(numbers) - len(known):
            said = (
                f"{n_left_out} of {graph.n_samples} points whose neighbourhoods have no dimension "
                "were left out."
            )
            notes += (Note("left_out", said),)
        return self._answer(
            graph,
            value=value,
            stderr=self._stderr(value, numbers, graph.indices[:, : self.n_neighbors]),
            scale=float(graph.distances[:, self.n_neighbors - 1].mean()),
            n_samples=len(known),
            notes=notes + self._remarks(value),
            ranks=(1, self.n_neighbors),
        )

    def estimate_local(self, graph: NeighborGraph) -> LocalEstimate:
        """A dimension for every point of ``graph``; nan where its neighbourhood has none.

        Raises
        ------
        InputError
            If a parameter is out of range, or the graph has fewer than k neighbours or was made
            without points.
        """
        return self._local_answer(self._dimensions(self._numbers(graph)))

    @abstractmethod
    def _number(self, products: Products, n_features: int) -> PerPoint:
        """The number of each neighbourhood, nan where it has none, from its vectors' products."""

    @abstractmethod
    def _dimensions(self, numbers: PerPoint) -> PerPoint:
        """The dimension that each number stands for."""

    def _stderr(
        self,
        value: float,  # noqa: ARG002
        numbers: PerPoint,  # noqa: ARG002
        neighbors: Int64[np.ndarray, "n k"],  # noqa: ARG002
    ) -> float | None:
        """The standard error of the estimate, where simulation has shown it to hold."""
        return None

    def _remarks(self, value: float) -> tuple[Note, ...]:  # noqa: ARG002
        """What a reader must know of an estimate of this value."""
        return ()

    def _check_parameters(self) -> None:
        """Raise an InputError if a parameter is out of range."""
        check_at_least("n_neighbors", self.n_neighbors, self.least_neighbors)

    def _numbers(self, graph: NeighborGraph) -> PerPoint:
        return _numbers_of([self], graph)[0]


def estimate_all(
    estimators: Mapping[str, NeighborEstimator], graph: NeighborGraph
) -> dict[str, DimensionEstimate]:
    """What each of ``estimators`` says, from one pass over the vectors for all that use them.

    Raises
    ------
    InputError
        What any of them raises by itself.
    """
    of_vectors = {n: e for n, e in estimators.items() if isinstance(e, NeighborhoodEstimator)}
    numbers = dict(zip(of_vectors, _numbers_of(list(of_vectors.values()), graph), strict=True))
    return {
        name: of_vectors[name]._estimate_of(graph, numbers[name])
        if name in of_vectors
        else estimator.estimate(graph)
        for name, estimator in estimators.items()
    }


def _numbers_of(
    estimators: Sequence[NeighborhoodEstimator], graph: NeighborGraph
) -> list[PerPoint]:
    """The number of each neighbourhood, for each estimator."""
    if not estimators:
        return []
    for estimator in estimators:
        estimator._check_parameters()
        estimator._check(graph)
    points = points_of(graph, estimators[0].name)
    most = max(estimator.n_neighbors for estimator in estimators)

    def numbers(products: Products) -> list[PerPoint]:
        return [
            e._number(products[:, : e.n_neighbors, : e.n_neighbors], points.n_features)
            for e in estimators
        ]

    found: list[list[PerPoint]] = []
    with threads(_n_jobs(graph)) as executor:
        for products in _passes(points, graph, most, executor):
            found.extend(executor.map(numbers, _blocks(products)))
    return [np.concatenate(own) for own in zip(*found, strict=True)]


def points_of(graph: NeighborGraph, method: str) -> Points:
    """The points of ``graph``, where it has them.

    Raises
    ------
    InputError
        If the graph was made from distances or neighbours.
    """
    if graph.points is None:
        raise InputError(
            f"{method} needs the points themselves, and this graph was made from distances or "
            "neighbours: give the array, or build the graph with NeighborGraph.from_points"
        )
    return graph.points


def all_products(graph: NeighborGraph, n_neighbors: int, method: str) -> Products:
    """The blocks of `neighborhood_products` as one, for the k neighbours that ``method`` uses.

    Raises
    ------
    InputError
        If the graph was made from distances or neighbours.
    """
    with threads(_n_jobs(graph)) as executor:
        passes = list(_passes(points_of(graph, method), graph, n_neighbors, executor))
    return passes[0] if len(passes) == 1 else np.concatenate(passes)


def neighborhood_products(
    points: Points, graph: NeighborGraph, n_neighbors: int
) -> Iterator[Products]:
    """The products v_j . v_l of the vectors v_j = x_j - x_i from each point to its neighbours.

    Blocks of points, in order; in units of the squared distance to the farthest neighbour. The
    vectors are differences of the original values in float64, so that neither offset nor scale
    costs accuracy. The columns are read block by block, once for every `_PASS_BYTES` of products.
    """
    with threads(_n_jobs(graph)) as executor:
        for products in _passes(points, graph, n_neighbors, executor):
            yield from _blocks(products)


def _n_jobs(graph: NeighborGraph) -> int | None:
    source = graph.source
    return source.resources.n_jobs if isinstance(source, SearchedPoints) else None


def _blocks(products: Products) -> Iterator[Products]:
    step = max(1, _BLOCK_BYTES // products[0].nbytes)
    for first in range(0, len(products), step):
        yield products[first : first + step]


def _passes(
    points: Points, graph: NeighborGraph, n_neighbors: int, executor: Executor
) -> Iterator[Products]:
    """The products of as many points at a time as there is memory for."""
    height = max(1, _PASS_BYTES // (8 * n_neighbors**2))
    for start in range(0, graph.n_samples, height):
        part = slice(start, start + height)
        own = graph.original_rows[part]
        others = graph.original_rows[graph.indices[part, :n_neighbors]]
        products = _products(points, own, others, executor)
        reach = np.einsum("njj->nj", products).max(axis=1)[:, None, None]
        np.divide(products, reach, out=products, where=reach > 0)
        yield products


def _products(
    points: Points,
    own: Int64[np.ndarray, " n"],
    others: Int64[np.ndarray, "n k"],
    executor: Executor,
) -> Products:
    n, n_neighbors = others.shape
    products = np.zeros((n, n_neighbors, n_neighbors))
    add = _adder(products.size * points.n_features)
    step = max(1, _STRIP_BYTES // (8 * n_neighbors**2))
    strips = [slice(first, first + step) for first in range(0, n, step)]
    for values, rows in _values(points):

        def add_strip(at: slice, values: np.ndarray = values, rows: Any = rows) -> None:
            add(values, rows(own[at]), rows(others[at]), products[at])

        list(executor.map(add_strip, strips))
    return products


def _values(points: Points) -> Iterator[tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]]:
    """The values of the points, some columns at a time, and where in them the rows of points are.

    Those that lie in memory as they are meant are taken as they lie: a copy in float64 takes
    twice the time to read.
    """
    matrix = points.source
    if isinstance(matrix, np.ndarray) and points.is_plain and matrix.flags.c_contiguous:
        chosen = points.rows
        yield matrix, lambda at: at if chosen is None else chosen[at]
    else:
        for columns in points.column_blocks():
            yield columns, lambda at: at


def _adder(n_terms: int) -> Callable[..., None]:
    """What adds the products of differences of rows to those so far.

    A compiled loop, which takes a third of the time, where there is enough to do to load it.
    """
    if n_terms < _COMPILED_TERMS:
        return _add_products
    from dimscope.estimators._shared.vector_kernels import add_products  # noqa: PLC0415 - loads numba

    return cast("Callable[..., None]", add_products)


def _add_products(
    values: np.ndarray,
    own: Int64[np.ndarray, " n"],
    others: Int64[np.ndarray, "n k"],
    products: Products,
) -> None:
    for left in range(0, values.shape[1], COLUMN_BLOCK):
        part = values[:, left : left + COLUMN_BLOCK]
        step = max(1, _VECTOR_BYTES // (8 * others.shape[1] * part.shape[1]))
        for first in range(0, len(own), step):
            at = slice(first, first + step)
            vectors = part[others[at]].astype(np.float64, copy=False)
            vectors -= part[own[at], None]
            products[at] += vectors @ vectors.transpose(0, 2, 1)


def centred_products(products: Products) -> Products:
    """The products of the vectors from the mean of the neighbours, in place of the point."""
    mean = products.mean(axis=2)
    centred = products - mean[:, :, None] - mean[:, None, :] + mean.mean(axis=1)[:, None, None]
    return np.asarray(centred)


def inverses(numbers: PerPoint) -> PerPoint:
    """1 over each number; nan, as for an unknown one, for 0."""
    found = np.full(len(numbers), np.nan)
    np.divide(1, numbers, out=found, where=numbers > 0)
    return found
