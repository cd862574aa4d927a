"""Inner products of the differences from points to their neighbours: angles and local spectra."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.neighbors import NeighborGraph

_BLOCK_BYTES = 2**25


def difference_grams(graph: NeighborGraph, k: int, method: str) -> Float64[np.ndarray, "n k k"]:
    """Of each point, the inner products of the differences to its k nearest neighbours.

    They are in the unit of the blocks of the points, which changes nothing about ratios.

    Raises
    ------
    InputError
        If the graph was made from distances or neighbours.
    """
    if graph.points is None:
        raise InputError(
            f"{method} needs the points themselves, and this graph was made from distances or "
            "neighbours: give the array"
        )
    n = graph.n_samples
    grams = np.zeros((n, k, k))
    for block in graph.points.take(graph.original_rows).column_blocks():
        step = max(1, _BLOCK_BYTES // (8 * k * block.shape[1]))
        for start in range(0, n, step):
            part = slice(start, start + step)
            differences = block[graph.indices[part, :k]] - block[part, None]
            grams[part] += differences @ differences.transpose(0, 2, 1)
    return grams
