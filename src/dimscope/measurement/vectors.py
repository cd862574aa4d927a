"""Products of neighbour vectors, read once for all statistics that need more than distances.

A statistic of vectors gets the products v_j . v_l of the vectors v_j = x_j - x_i from each point to
its nearest neighbours, in units of the squared distance to the farthest of them. The points are
read once for every `_PASS_BYTES` of products, for all statistics and all graphs together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
from jaxtyping import Int64

from dimscope.errors import InputError, or_reason
from dimscope.measurement.statistic import Numbers, Products, VectorStatistic
from dimscope.neighbors import NeighborGraph, thread_pool
from dimscope.points import COLUMN_BLOCK, Points

_PASS_BYTES = 2**28  # bytes of products that are summed in one pass over the columns
_BLOCK_BYTES = 2**22  # bytes of products that a statistic gets at a time
_STRIP_BYTES = 2**20  # bytes of products that a thread makes at a time
_VECTOR_BYTES = 2**21  # bytes of vectors: larger blocks leave the cache before they are multiplied
_COMPILED_TERMS = 2**27  # multiplications beyond which a compiled loop is loaded

#: A graph, and the statistics whose numbers of its neighbourhoods are wanted.
Asked = tuple[NeighborGraph, Sequence[VectorStatistic]]


def read_numbers(asked: Sequence[Asked]) -> list[list[Numbers | str]]:
    """Return the numbers of all neighbourhoods, for each statistic of each graph.

    Parameters
    ----------
    asked
        Graphs of the same points or parts of them, each with its statistics.

    Returns
    -------
    list of lists
        For each graph and each of its statistics the numbers, or the reason why there are none.

    Raises
    ------
    InputError
        If the graphs were made from distances or neighbours.
    """
    found: list[list[list[Numbers | str]]] = [[] for _ in asked]
    wanting = [graph for graph, statistics in asked if statistics]
    if wanting:
        points = points_of(wanting[0], "a statistic of vectors")
        with thread_pool(wanting[0].resources.n_jobs) as executor:
            for pieces in _passes(asked):
                for piece, products in zip(
                    pieces, _products(points, pieces, executor), strict=True
                ):
                    ask = partial(_numbers, asked[piece.part][1], points.n_features)
                    found[piece.part].extend(executor.map(ask, _blocks(products)))
    return [[_joined(own) for own in zip(*blocks, strict=True)] for blocks in found]


def points_of(graph: NeighborGraph, method: str) -> Points:
    """Return the points of ``graph``; ``method`` is who needs them.

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


class _Piece(NamedTuple):
    """Some neighbourhoods of one of the graphs: rows of the points, and those of neighbours."""

    part: int
    own: Int64[np.ndarray, " n"]
    others: Int64[np.ndarray, "n k"]


def _numbers(
    statistics: Sequence[VectorStatistic], n_features: int, products: Products
) -> list[Numbers | str]:
    return [or_reason(partial(_numbers_of_one, s, n_features, products)) for s in statistics]


def _numbers_of_one(statistic: VectorStatistic, n_features: int, products: Products) -> Numbers:
    k = statistic.n_vectors
    own = products[:, :k, :k]
    reach = np.einsum("njj->nj", own).max(axis=1)[:, None, None]
    scaled = np.zeros_like(own)
    np.divide(own, reach, out=scaled, where=reach > 0)
    return statistic.numbers_of(scaled, n_features)


def _joined(blocks: Sequence[Numbers | str]) -> Numbers | str:
    for block in blocks:
        if isinstance(block, str):
            return block
    return np.concatenate(cast("Sequence[Numbers]", blocks))


def _passes(asked: Sequence[Asked]) -> Iterator[list[_Piece]]:
    """Yield all neighbourhoods in order, as many at a time as memory allows for their products."""
    pieces: list[_Piece] = []
    room = _PASS_BYTES
    for part, (graph, statistics) in enumerate(asked):
        k = max((statistic.n_vectors for statistic in statistics), default=0)
        start = 0
        while k and start < graph.n_samples:
            height = room // (8 * k**2)
            if height == 0 and pieces:
                yield pieces
                pieces, room = [], _PASS_BYTES
                continue
            at = slice(start, start + max(height, 1))
            own = graph.original_rows[at]
            pieces.append(_Piece(part, own, graph.original_rows[graph.indices[at, :k]]))
            start += len(own)
            room -= 8 * k**2 * len(own)
    if pieces:
        yield pieces


def _blocks(products: Products) -> Iterator[Products]:
    step = max(1, _BLOCK_BYTES // products[0].nbytes)
    for first in range(0, len(products), step):
        yield products[first : first + step]


def _products(points: Points, pieces: Sequence[_Piece], executor: Executor) -> list[np.ndarray]:
    """The products of each piece.

    The vectors are differences of the original values in float64, so that neither offset nor scale
    costs accuracy. The columns are read block by block, once for all pieces.
    """
    summed = [np.zeros((*piece.others.shape, piece.others.shape[1])) for piece in pieces]
    add = _adder(sum(products.size for products in summed) * points.n_features)
    strips = [
        (piece.own[at], piece.others[at], products[at])
        for piece, products in zip(pieces, summed, strict=True)
        for at in _strips(products)
    ]
    for values, rows in _values(points):

        def add_strip(strip: Any, values: np.ndarray = values, rows: Any = rows) -> None:
            own, others, products = strip
            add(values, rows(own), rows(others), products)

        list(executor.map(add_strip, strips))
    return summed


def _strips(products: Products) -> Iterator[slice]:
    step = max(1, _STRIP_BYTES // products[0].nbytes)
    for first in range(0, len(products), step):
        yield slice(first, first + step)


def _values(points: Points) -> Iterator[tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]]:
    """Yield the values of some columns at a time, with a function from points to rows of these.

    A plain array in memory is used as it is: a copy in float64 would take twice the time to read.
    """
    matrix = points.source
    if isinstance(matrix, np.ndarray) and points.is_plain and matrix.flags.c_contiguous:
        chosen = points.rows
        yield matrix, lambda at: at if chosen is None else chosen[at]
    else:
        for columns in points.column_blocks():
            yield columns, lambda at: at


def _adder(n_terms: int) -> Callable[..., None]:
    """Choose the function that adds the products of differences of rows.

    The compiled loop takes a third of the time, but loading it only pays with enough to multiply.
    """
    if n_terms < _COMPILED_TERMS:
        return _add_products
    from dimscope.measurement.vector_kernels import add_products  # noqa: PLC0415 - loads numba

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
