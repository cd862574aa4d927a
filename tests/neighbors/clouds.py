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
