"""Small point sets that are the same bits on every machine: NumPy's draws, rounded to a grid."""

from __future__ import annotations

import numpy as np

N_SAMPLES = 400
_GRID = 2.0**30


def on_grid(x: np.ndarray) -> np.ndarray:
    """``x`` in whole multiples of 2^-30, so that the last bits of a sine do not matter."""
    return np.round(x * _GRID) / _GRID


def roll() -> np.ndarray:
    """A rolled-up surface: 2 dimensions in 3, float64."""
    rng = np.random.default_rng(1)
    angle = 1.5 * np.pi * (1 + 2 * rng.random(N_SAMPLES))
    height = 21 * rng.random(N_SAMPLES)
    return on_grid(np.stack([angle * np.cos(angle), height, angle * np.sin(angle)], axis=1))


def normal() -> np.ndarray:
    """A Gaussian of 5 dimensions in 20, float32."""
    rng = np.random.default_rng(2)
    z, directions = rng.standard_normal((N_SAMPLES, 5)), rng.standard_normal((5, 20))
    return on_grid((z[:, :, None] * directions).sum(axis=1)).astype(np.float32)


def curve() -> np.ndarray:
    """A noisy curve in 6 dimensions of which one row in ten repeats another exactly, float64."""
    rng = np.random.default_rng(3)
    t = 2 * np.pi * rng.random(N_SAMPLES)
    waves = [f(k * t) / k for k in (1, 2, 3) for f in (np.sin, np.cos)]
    x = on_grid(np.stack(waves, axis=1) + 1e-3 * rng.standard_normal((N_SAMPLES, 6)))
    n_copies = N_SAMPLES // 10
    x[-n_copies:] = x[:n_copies]
    return x


def lattice() -> np.ndarray:
    """Whole numbers: a lattice of 3 dimensions in 5."""
    rng = np.random.default_rng(4)
    return rng.integers(0, 30, size=(N_SAMPLES, 3)) @ np.eye(3, 5, dtype=np.int64)


def bits() -> np.ndarray:
    """Zeros and ones: 16 fair bits, and 8 that mostly repeat the first of them."""
    rng = np.random.default_rng(5)
    fair = rng.integers(0, 2, size=(N_SAMPLES, 16))
    return np.concatenate([fair, fair[:, :8] ^ (rng.random((N_SAMPLES, 8)) < 0.1)], axis=1)


CONTINUOUS = {"roll": roll, "normal": normal, "curve": curve}
#: Sets of whole numbers, and the methods that are tried on them.
DISCRETE = {
    "lattice": (lattice, ("i3d", "two_nn", "gride", "participation_ratio")),
    "bits": (bits, ("i3d", "bid", "two_nn", "pca_dimension")),
}
