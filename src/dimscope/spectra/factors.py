"""Triangular factors: what the rows are up to a rotation, about the origin, in few numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.points import Points


def row_factor(points: Points) -> Float64[np.ndarray, "n n"]:
    """Return rows of the lengths and angles of the points, in n_samples columns.

    Some of them have the singular values of these points. Needs n_samples <= n_features.

    Raises
    ------
    InputError
        If the input holds integers beyond 2^53, whose place about the origin is not known.
    """
    _require_origin(points)
    return np.ascontiguousarray(_triangle(block.T for block in points.column_blocks()).T)


def column_factor(points: Points) -> Float64[np.ndarray, "d d"]:
    """Return n_features rows that have the singular values of all points.

    Raises
    ------
    InputError
        If the input holds integers beyond 2^53, whose place about the origin is not known.
    """
    _require_origin(points)
    return _triangle(points.row_blocks())


def _require_origin(points: Points) -> None:
    if points.less_least:
        raise InputError(
            "singular values about the origin are lost in whole numbers beyond 2^53, which are "
            "read less the smallest of each column: give x.astype(float) if rounding is meant"
        )


def _triangle(blocks: Iterator[Float64[np.ndarray, "block side"]]) -> Float64[np.ndarray, "k side"]:
    """The factor R of all blocks, one below the other.

    Products of rows are never made: their rounding hides singular values below 1e-8 of the largest.
    """
    factor = np.linalg.qr(next(blocks), mode="r")
    for block in blocks:
        factor = np.linalg.qr(np.concatenate([factor, block]), mode="r")
    return np.asarray(factor)
