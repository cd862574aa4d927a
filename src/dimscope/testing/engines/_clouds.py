"""Point sets on which an engine is checked, and their distances of all pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

Rows = Int64[np.ndarray, " n"]
Distances = Float64[np.ndarray, "n m"]

N_POINTS = 1_600  # enough for our own engine to make tiles


def cloud(name: str) -> Any:
    """Return one of `CLOUDS`, always with the same points."""
    return CLOUDS[name](np.random.default_rng(0))


def lattice() -> Float64[np.ndarray, "n 3"]:
    """Return the points of a lattice in mixed order: many distances are exactly equal."""
    sites = np.mgrid[:16.0, :10.0, :10.0].reshape(3, -1).T
    return np.asarray(np.random.default_rng(1).permutation(sites))


def distances(x: Any, queries: Rows, pool: Rows) -> Distances:
    """Return all distances by direct differences, infinite from a point to itself."""
    values = np.asarray(x, dtype=np.float64)
    others = values[pool]
    apart = np.stack([np.sqrt(np.square(others - values[i]).sum(axis=1)) for i in queries])
    apart[queries[:, None] == pool] = np.inf
    return apart


def radii_between(apart: Distances) -> Float64[np.ndarray, " r"]:
    """Return radii in the middle of gaps between distances, so that no rounding changes a count."""
    known = np.unique(apart[np.isfinite(apart)])
    gaps = np.flatnonzero(np.diff(known) > 1e-9 * known[1:])
    chosen = gaps[(np.array([0.0005, 0.02, 0.5]) * len(gaps)).astype(int)]
    return np.asarray((known[chosen] + known[chosen + 1]) / 2)


def _gaussian(rng: np.random.Generator) -> Any:
    return rng.normal(size=(N_POINTS, 12))


def _plane(rng: np.random.Generator) -> Any:
    return rng.random((N_POINTS, 2))


def _offset(rng: np.random.Generator) -> Any:
    return (rng.normal(size=(N_POINTS, 20)) + 1e4).astype(np.float32)


def _far_classes(rng: np.random.Generator) -> Any:
    """Distances inside a class are below the rounding of products, even in float64."""
    return 1e-7 * rng.normal(size=(N_POINTS, 15)) + 10 * (np.arange(N_POINTS) % 3)[:, None]


def _outlier(rng: np.random.Generator) -> Any:
    x = rng.normal(size=(N_POINTS, 12))
    x[7] = 1e9
    return x


def _twins(rng: np.random.Generator) -> Any:
    """Pairs of points a few units in the last place apart."""
    x = rng.normal(size=(N_POINTS // 2, 10)).astype(np.float32)
    return np.concatenate([x, x + rng.integers(1, 5, size=x.shape) * np.spacing(x)])


CLOUDS: Mapping[str, Callable[[np.random.Generator], Any]] = {
    "gaussian": _gaussian,
    "plane": _plane,
    "offset": _offset,
    "far_classes": _far_classes,
    "outlier": _outlier,
    "twins": _twins,
}
