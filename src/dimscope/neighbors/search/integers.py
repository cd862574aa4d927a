"""Rows as integers of 8 bits, with a bound on their rest, for products four times as fast.

A row a is s q + e, with integers q, a scale s and a rest e. Then for two rows

    2 |a.b - s s' q.q'| <= 2 |e||b| + 2 |s q||e'| <= part(a) + part(b),
    part(a) = |e|^2 / t + t max(|a|, |s q|)^2 for any t > 0:

each row has one part, which its offset takes up. The sums of integers are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int32

from dimscope._compiled import reordered
from dimscope.neighbors.search import vnni as _vnni

MOST = 127  # the largest integer


@dataclass(frozen=True, eq=False)
class Integers:
    """One block of rows as integers, in the panels that `_vnni.multiply` takes."""

    panels: Int32[np.ndarray, "p g 48"]
    scales: Float32[np.ndarray, " r"]
    starts: Int32[np.ndarray, "p h 48"]

    @classmethod
    def of(cls, rows: Float32[np.ndarray, "n d"]) -> tuple[Integers, Float64[np.ndarray, " n"]]:
        """Return the integers of some rows, and an upper bound on the norm of the rest of each."""
        n_panels = -(-len(rows) // _vnni.PANEL)
        n_groups = -(-rows.shape[1] // _vnni.PER_GROUP)
        panels = _aligned_zeros((n_panels, n_groups, _vnni.PANEL))
        scales = np.ones(n_panels * _vnni.PANEL, dtype=np.float32)
        starts = _aligned_zeros((n_panels, -(-n_groups // _vnni.DEPTH), _vnni.PANEL))
        rest = np.sqrt(_quantise(rows, panels, scales, starts)) * (1 + 1e-6)
        return cls(panels, scales, starts), rest

    def products(
        self, other: Integers, buffers: Float32[np.ndarray, "2 n m"]
    ) -> Float32[np.ndarray, "n m"]:
        """Return products of these rows and others, in the first buffer."""
        out = buffers[0]
        left, right = ((rows.panels, rows.scales, rows.starts) for rows in (self, other))
        _vnni.multiply(left, right, out)
        return np.asarray(out)


def quantised(
    rows: Float32[np.ndarray, "n d"], norms: Float64[np.ndarray, " n"], ratio: float
) -> tuple[Integers, Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Return the integers of rows, each row's part of the bound, and max(|a|, |s q|)^2 or more.

    ``norms`` are the squared norms of the exact rows, and ``rows`` are these rounded to float32.
    """
    integers, rest = Integers.of(rows)
    lengths = np.sqrt(norms)
    rest += 1.01 * 2.0**-24 * lengths
    larger = (lengths + rest) ** 2
    return integers, rest**2 / ratio + ratio * larger, larger


def _aligned_zeros(shape: tuple[int, ...]) -> Int32[np.ndarray, "p g 48"]:
    """Return zeros that start at the start of a line of the processor's cache."""
    size = math.prod(shape)
    memory = np.zeros(size + 16, dtype=np.int32)
    start = -memory.ctypes.data % 64 // memory.itemsize
    return np.asarray(memory[start : start + size].reshape(shape))


@reordered
def _squared_rest(x, scale):  # type: ignore[no-untyped-def]
    inverse = np.float32(1) / scale
    total = np.float32(0)
    for c in range(len(x)):
        q = np.rint(min(max(x[c] * inverse, np.float32(-MOST)), np.float32(MOST)))
        rest = x[c] - scale * q
        total += rest * rest
    return total


@reordered
def _best_scale(x):  # type: ignore[no-untyped-def]
    """Find the scale that leaves the smallest rest, though it may cut off the largest values."""
    largest = np.float32(0)
    for c in range(len(x)):
        largest = max(largest, abs(x[c]))
    best = max(largest / np.float32(MOST), np.float32(1e-30))
    least = _squared_rest(x, best)
    for _ in range(4):
        smaller = best * np.float32(0.75)
        rest = _squared_rest(x, smaller)
        if not rest < least:
            break
        best, least = smaller, rest
    return best


@reordered
def _quantise(rows, panels, scales, starts):  # type: ignore[no-untyped-def]
    """Fill the panels, scales and starts of some rows; return the squared norms of the rests."""
    n_features = rows.shape[1]
    n_groups, height = panels.shape[1:]
    line = np.zeros(4 * n_groups, dtype=np.int8)
    groups = line.view(np.int32)
    rests = np.empty(len(rows))
    for row in range(len(rows)):
        x = rows[row]
        scale = _best_scale(x)
        inverse = np.float32(1) / scale
        for c in range(n_features):
            line[c] = np.int8(
                np.rint(min(max(x[c] * inverse, np.float32(-MOST)), np.float32(MOST)))
            )
        scales[row] = scale
        total = 0.0
        for c in range(n_features):
            rest = np.float64(x[c]) - np.float64(scale) * np.float64(line[c])
            total += rest * rest
        rests[row] = total
        panel, place = row // height, row % height
        for group in range(n_groups):
            panels[panel, group, place] = groups[group]
        for part in range(starts.shape[1]):
            added = np.int32(0)
            for c in range(4 * _vnni.DEPTH * part, min(4 * _vnni.DEPTH * (part + 1), n_features)):
                added += np.int32(line[c])
            starts[panel, part, place] = -128 * added
    return rests
