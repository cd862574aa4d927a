"""Point sets that the fast searches, with and without a device, must get right."""

from __future__ import annotations

import numpy as np

N = 1600  # pairs enough for tiles


def gaussian(rng):
    return rng.normal(size=(N, 30))


def offset(rng):
    return (rng.normal(size=(N, 20)) + 1e4).astype(np.float32)


def far_classes(rng):
    return (0.01 * rng.normal(size=(N, 768)) + 3 * (np.arange(N) % 2)[:, None]).astype(np.float32)


def many_far_classes(rng):
    centres = 3 * rng.normal(size=(50, 40))
    return centres[np.arange(N) % 50] + 1e-3 * rng.normal(size=(N, 40))


def huge_outlier(rng):
    x = rng.normal(size=(N, 20)).astype(np.float32)
    x[7] = 1e9
    return x


def tiny_ball(rng):
    x = rng.normal(size=(N, 25))
    x[: 3 * N // 10] *= 1e-7
    return x


def tiny_ball_elsewhere(rng):
    return tiny_ball(rng) + 5


def many_scales(rng):
    return rng.normal(size=(N, 12)) * np.exp(4 * rng.normal(size=(N, 1)))


def few_levels(rng):
    return rng.integers(0, 3, size=(N, 12)).astype(np.uint8)  # many ties, and rows that are equal


def relu_layer(rng):
    layer = rng.normal(size=(N, 8)) @ rng.normal(size=(8, 60))
    return np.maximum(layer, 0).astype(np.float32) + 0.01 * rng.random((N, 60), dtype=np.float32)


def near_duplicates(rng):
    x = rng.normal(size=(N // 2, 30))
    return np.concatenate([x, x * (1 + 1e-4 * rng.normal(size=x.shape))]).astype(np.float32)


def wide(rng):
    return rng.normal(size=(N, 2500)).astype(np.float32)  # more columns than one product takes


def low_dimensional(rng):
    return rng.normal(size=(N, 3))


def lattice(rng):
    return rng.permutation(
        np.stack(np.meshgrid(np.arange(40.0), np.arange(40.0)), -1).reshape(-1, 2)
    )


def uneven(rng):
    """Few features hold most of the variance, and most values of most rows are zero."""
    x = rng.normal(size=(N, 300)) * np.exp(2 * rng.normal(size=300))
    return np.maximum(x, 0).astype(np.float32)


#: All of them that a processor searches by tiles or a tree.
CLOUDS = [
    gaussian,
    relu_layer,
    offset,
    near_duplicates,
    far_classes,
    many_far_classes,
    huge_outlier,
    tiny_ball,
    tiny_ball_elsewhere,
    many_scales,
    few_levels,
    wide,
    low_dimensional,
    lattice,
]
