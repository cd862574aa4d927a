"""How many neighbours of a search are wrong, and how far off its first two distances are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TIE = 1e-12  # squared distances that differ by less, relatively, are equal
_VALUES = 2**18  # of a block of rows, to stay in the processor's cache


class Found(NamedTuple):
    """Distances and rows of the neighbours of each row, each (n, k); a row of -1 is none."""

    distances: np.ndarray
    indices: np.ndarray


class Truth(NamedTuple):
    """Squared distances from some rows to all, infinite from a row to itself."""

    rows: np.ndarray
    squared: np.ndarray


class Verdict(NamedTuple):
    """Share of wrong neighbours, and the largest relative error of a first or second distance."""

    wrong: float
    error: float


def truth_of(x: np.ndarray, rows: np.ndarray) -> Truth:
    """By direct differences in float64."""
    asked = x[rows].astype(np.float64)
    squared = np.empty((len(rows), len(x)))
    step = max(1, _VALUES // x.shape[1])
    for start in range(0, len(x), step):
        block = x[start : start + step].astype(np.float64)
        for i, row in enumerate(asked):
            difference = block - row
            difference *= difference
            squared[i, start : start + step] = difference.sum(axis=1)
    squared[np.arange(len(rows)), rows] = np.inf
    return Truth(rows, squared)


def without_self(distances: np.ndarray, indices: np.ndarray) -> Found:
    """Lists of k + 1 without the row itself, or without their last where it is not listed."""
    own = indices == np.arange(len(indices))[:, None]
    own[~own.any(axis=1), -1] = True
    own &= np.cumsum(own, axis=1) == 1
    n, k = indices.shape[0], indices.shape[1] - 1
    return Found(distances[~own].reshape(n, k), indices[~own].reshape(n, k))


def judge(found: Found, truth: Truth) -> Verdict:
    """Compare distances, not rows: of points equally far, any is right.

    A neighbour is wrong if a true one is nearer than it, if it repeats another, or if it is none.
    """
    indices = found.indices[truth.rows]
    k = indices.shape[1]
    nearest = np.sort(np.partition(truth.squared, k - 1, axis=1)[:, :k], axis=1)
    true = np.take_along_axis(truth.squared, np.maximum(indices, 0), axis=1)
    right = (indices >= 0) & (true <= nearest[:, -1:] * (1 + TIE))
    order = np.argsort(indices, axis=1, kind="stable")
    ordered = np.take_along_axis(indices, order, axis=1)
    repeated = np.zeros_like(right)
    np.put_along_axis(repeated, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    given, exact = found.distances[truth.rows, :2].astype(np.float64), np.sqrt(nearest[:, :2])
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(given == exact, 0.0, np.abs(given - exact) / exact)
    worst = float(np.where(np.isnan(error), np.inf, error).max())
    return Verdict(1.0 - float((right & ~repeated).mean()), worst)
