"""A sample of the points, which predicts what a search by bounds costs."""

from __future__ import annotations

import math
import time
from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from dimscope.neighbors.search.blocks import Matrix

_N_SAMPLED = 1024
_MOST_VALUES = 2**23
_N_ASKED = 64
_TRIAL = 512
_KEEP = 2.3e-7  # seconds to keep one more candidate of a point
_DIFFERENCE = 1.5e-10  # seconds to square the difference of two values


class Nearest(NamedTuple):
    """Some points of a sample among all of it.

    Attributes
    ----------
    asked
        Points of the sample at even steps.
    squared
        Shape (n_asked, n_sampled): squared distances; infinite from a point to itself.
    rank
        The number of points of the sample that stand for the nearest.
    """

    asked: slice
    squared: Float64[np.ndarray, "q s"]
    rank: int

    @property
    def reach(self) -> Float64[np.ndarray, " q"]:
        """The squared distance of the last of the nearest."""
        return np.asarray(np.partition(self.squared, self.rank - 1, axis=1)[:, self.rank - 1])


class Sample(NamedTuple):
    """Some points taken at even steps and centred, and their centre."""

    matrix: Matrix
    points: Int64[np.ndarray, " n"]
    values: Float64[np.ndarray, "s d"]
    centre: Float64[np.ndarray, " d"]

    @classmethod
    def of(cls, matrix: Matrix, points: Int64[np.ndarray, " n"]) -> Sample:
        """Take as many of the points as cost little time."""
        n, n_features = len(points), matrix.values.shape[1]
        step = max(-(-n // _N_SAMPLED), -(-n * n_features // _MOST_VALUES))
        values = matrix.part(points[::step], slice(None))
        centre = values.mean(axis=0)
        values -= centre
        return cls(matrix, points, values, centre)


def nearest_of(sample: Float64[np.ndarray, "s d"], share: float) -> Nearest:
    """Return squared distances in a sample, a ``share`` of which stands for the nearest."""
    step = -(-len(sample) // _N_ASKED)
    asked = slice(None, None, step)
    squared = squared_distances(sample[asked], sample)
    squared[np.arange(len(squared)), np.arange(len(squared)) * step] = np.inf
    return Nearest(asked, squared, math.ceil(share * len(sample)))


def squared_distances(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    """Return squared distances of all pairs, not exact."""
    norms = np.einsum("ij,ij->i", x, x)[:, None] + np.einsum("ij,ij->i", y, y)
    return np.asarray(norms - 2 * x @ y.T)


@cache
def seconds_per_product() -> float:
    """Measure the time of one product of two float32 values in a tile, on one thread."""
    x, y, out = np.ones((3, _TRIAL, _TRIAL), dtype=np.float32)
    seconds = []
    for _ in range(4):
        started = time.perf_counter()
        np.matmul(x, y, out=out)
        seconds.append(time.perf_counter() - started)
    return min(seconds) / _TRIAL**3


def cost_of_candidates(n: int, n_features: int, n_kept: float, n_measured: float) -> float:
    """Return the time to keep and to measure candidates of each point.

    The unit is the time of the products of all pairs in float32.
    """
    of_point = _KEEP * n_kept + _DIFFERENCE * n_features * n_measured
    return of_point / (seconds_per_product() * n * n_features / 2)
