"""Point sets of known dimension, made at random: a density, a map that bends it, sometimes noise.

The consensus estimate is calibrated on these (`consensus_table.py`), so they are none of the
sets that estimators are judged by: no generator of `dimscope.manifolds` is used.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

import dimscope as ds

Points = np.ndarray

NOISY_SHARE = 0.15


class RandomSet(NamedTuple):
    """Points, their dimension, and what they are in a few words."""

    points: Points
    dimension: int
    family: str


def random_set(seed: int) -> RandomSet:
    """The set of that seed: 1 to 100 dimensions and 200 to 10,000 points, both log-uniform."""
    rng = np.random.default_rng([2019, seed])
    dimension = max(1, round(math.exp(rng.uniform(math.log(0.6), math.log(100)))))
    n_samples = round(math.exp(rng.uniform(math.log(200), math.log(10_000))))
    density = rng.choice(list(DENSITIES))
    bend = rng.choice(list(BENDS), p=[0.28, *[0.72 / (len(BENDS) - 1)] * (len(BENDS) - 1)])
    flat = DENSITIES[density](rng, n_samples, dimension)
    points = BENDS[bend](rng, flat)
    noisy = rng.random() < NOISY_SHARE
    if noisy:
        points = with_noise(rng, points)
    return RandomSet(points, dimension, f"{density} {bend}{' noisy' if noisy else ''}")


def stretches(rng: np.random.Generator, n: int, most: float) -> np.ndarray:
    """Lengths of axes, up to e^most apart."""
    return np.exp(rng.uniform(0, rng.uniform(0, most), n))


def box(rng: np.random.Generator, n: int, d: int) -> Points:
    return rng.random((n, d)) * stretches(rng, d, 1.5)


def beta(rng: np.random.Generator, n: int, d: int) -> Points:
    a, b = np.exp(rng.uniform(math.log(0.6), math.log(8), 2))
    return rng.beta(a, b, (n, d))


def normal(rng: np.random.Generator, n: int, d: int) -> Points:
    return rng.standard_normal((n, d)) * stretches(rng, d, 1.2)


def laplace(rng: np.random.Generator, n: int, d: int) -> Points:
    return rng.laplace(size=(n, d)) * stretches(rng, d, 1.0)


def round_body(rng: np.random.Generator, n: int, d: int) -> Points:
    concentration = math.exp(rng.uniform(math.log(0.7), math.log(4)))
    return directions(rng, n, d) * rng.random((n, 1)) ** (concentration / d)


def torus(rng: np.random.Generator, n: int, d: int) -> Points:
    angles, radii = rng.uniform(0, 2 * np.pi, (n, d)), stretches(rng, d, 1.0)
    return np.hstack([radii * np.cos(angles), radii * np.sin(angles)])


def simplex(rng: np.random.Generator, n: int, d: int) -> Points:
    waits = rng.exponential(size=(n, d + 1))
    return waits / waits.sum(axis=1, keepdims=True)


def clusters(rng: np.random.Generator, n: int, d: int) -> Points:
    centres = rng.standard_normal((rng.integers(2, 6), d)) * rng.uniform(1, 3)
    return centres[rng.integers(0, len(centres), n)] + rng.standard_normal((n, d))


def ellipsoid(rng: np.random.Generator, n: int, d: int) -> Points:
    return directions(rng, n, d + 1) * stretches(rng, d + 1, 1.0)


def directions(rng: np.random.Generator, n: int, d: int) -> Points:
    normals = rng.standard_normal((n, d))
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)


def flat(rng: np.random.Generator, x: Points) -> Points:  # noqa: ARG001 - as the other maps
    return x


def waves(rng: np.random.Generator, x: Points) -> Points:
    """Waves in random directions."""
    n_features = more_features(rng, x)
    frequencies = rng.standard_normal((x.shape[1], n_features)) * bending(rng, x)
    return np.cos(x @ frequencies + rng.uniform(0, 2 * np.pi, n_features))


def tanh_layers(rng: np.random.Generator, x: Points) -> Points:
    """A network of two random layers."""
    n_features = more_features(rng, x)
    weights = rng.standard_normal((x.shape[1], 2 * n_features)) * bending(rng, x)
    hidden = np.tanh((x - x.mean(axis=0)) @ weights + rng.standard_normal(2 * n_features))
    return hidden @ rng.standard_normal((2 * n_features, n_features))


def relu_layer(rng: np.random.Generator, x: Points) -> Points:
    """One random layer of rectified units, at least three for each feature."""
    x = (x - x.mean(axis=0)) / x.std()
    n_units = round(x.shape[1] * rng.uniform(3, 6)) + 4
    weights = rng.standard_normal((x.shape[1], n_units)) / math.sqrt(x.shape[1])
    return np.maximum(x @ weights + rng.uniform(-0.5, 1) * rng.random(n_units), 0)


def quadratic(rng: np.random.Generator, x: Points) -> Points:
    """The graph of random products of two linear functions."""
    x = (x - x.mean(axis=0)) / x.std()
    first, second = rng.standard_normal((2, x.shape[1], more_features(rng, x)))
    height = math.exp(rng.uniform(math.log(0.1), math.log(2)))
    return np.hstack([x, height * (x @ first) * (x @ second) / x.shape[1]])


def curves(rng: np.random.Generator, x: Points) -> Points:
    """Every axis an arc, a coil or a circle."""
    turns = bending(rng, x) * math.sqrt(x.shape[1]) * np.exp(rng.uniform(-0.5, 0.5, x.shape[1]))
    radii = rng.uniform(0.5, 1.5, x.shape[1]) / turns
    return np.hstack([radii * np.cos(turns * x), radii * np.sin(turns * x), rng.random() * x])


def modulated_waves(rng: np.random.Generator, x: Points) -> Points:
    """Waves along one axis whose height follows another."""
    n_axes, n_waves = x.shape[1], more_features(rng, x)
    along, height = rng.integers(0, n_axes, (2, n_waves))
    along[:n_axes], height[:n_axes] = np.arange(n_axes), rng.permutation(n_axes)
    turns = bending(rng, x) * math.sqrt(n_axes) * np.exp(rng.uniform(-0.7, 0.3, n_waves))
    unit = (x - x.min(axis=0)) / np.ptp(x, axis=0)
    heights = rng.random(n_waves) + unit[:, height] * rng.uniform(0, 1.5, n_waves)
    phases = turns * x[:, along] + rng.uniform(0, 2 * np.pi, n_waves)
    return np.hstack([heights * np.cos(phases), heights * np.sin(phases)])


def more_features(rng: np.random.Generator, x: Points) -> int:
    return int(x.shape[1] * rng.uniform(2, 5)) + 2


def bending(rng: np.random.Generator, x: Points) -> float:
    """Radians to a unit of length: 0.03 to 0.6 to the fifth neighbour."""
    reach = float(np.median(ds.NeighborGraph.from_points(x, 5).distances[:, 4]))
    return math.exp(rng.uniform(math.log(0.03), math.log(0.6))) / reach


def with_noise(rng: np.random.Generator, x: Points) -> Points:
    """Normal noise that moves neighbours by up to a quarter of their distance."""
    nearest = float(np.median(ds.NeighborGraph.from_points(x, 1).distances))
    size = rng.uniform(0.02, 0.25) * nearest / math.sqrt(2 * x.shape[1])
    return x + size * rng.standard_normal(x.shape)


DENSITIES = {
    "box": box,
    "beta": beta,
    "normal": normal,
    "laplace": laplace,
    "ball": round_body,
    "torus": torus,
    "simplex": simplex,
    "clusters": clusters,
    "ellipsoid": ellipsoid,
}
BENDS = {
    "flat": flat,
    "waves": waves,
    "tanh": tanh_layers,
    "relu": relu_layer,
    "quadratic": quadratic,
    "curves": curves,
    "modulated": modulated_waves,
}
