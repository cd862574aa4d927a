"""The point sets of the benchmark: random ones, layers of trained networks, and hard ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

RANDOM, TRAINED, HARD = "random", "trained", "hard"
QUICK = 1_600, 64  # the most points and features of a quick run; fewer points take no tiles
_COSTLY = 2e11  # products of pairs, beyond which peers are run once


@dataclass(frozen=True, kw_only=True)
class Case:
    """A point set, how many neighbours are asked for, and peers that would take too long."""

    name: str
    title: str
    group: Literal["random", "trained", "hard"] = "random"
    n: int = 20_000
    d: int = 784
    k: int = 10
    without: frozenset[str] = frozenset()

    @property
    def peer_rounds(self) -> int:
        return 1 if self.n**2 * self.d > _COSTLY else 2

    def shrunk(self) -> Case:
        return replace(self, n=min(self.n, QUICK[0]), d=min(self.d, QUICK[1]))

    def points(self) -> np.ndarray:
        """float32, C-contiguous, the same in every run."""
        rng = np.random.default_rng(0)
        if self.group == TRAINED:
            from benchmarks.search.trained_layers import layer  # loads torch

            return layer(self.name, self.n)
        if self.name in _MADE:
            return np.asarray(_MADE[self.name](rng, self.n, self.d), dtype=np.float32, order="C")
        return rng.standard_normal((self.n, self.d), dtype=np.float32)


def _power_law(exponent: float) -> Callable[[np.random.Generator, int, int], np.ndarray]:
    """Gaussian, with covariance eigenvalues i^-exponent along random directions."""

    def make(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
        turn, _ = np.linalg.qr(rng.normal(size=(d, d)))
        return (rng.normal(size=(n, d)) * np.arange(1, d + 1) ** (-exponent / 2)) @ turn

    return make


def _offset(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    return rng.normal(size=(n, d)) + 1e4


def _near_duplicates(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    x = rng.normal(size=(n, d))
    x[n // 2 :] = x[: n - n // 2] + 1e-4 * x[n // 2 :]
    return x


def _few_ulps(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    x = rng.standard_normal((n, d), dtype=np.float32)
    steps = rng.integers(-2, 3, size=(n - n // 2, d), dtype=np.int32)
    x[n // 2 :] = (x[: n - n // 2].view(np.int32) + steps).view(np.float32)
    return x


def _duplicates(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    x = rng.normal(size=(n, d))
    x[-(n // 100) :] = x[: n // 100]
    return x


def _clusters(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    x = 1e-3 * rng.normal(size=(n, d))
    x[: n // 2, 0] += 20
    return x


def _outlier(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    x = rng.normal(size=(n, d))
    x[0] *= 1e9
    return x


def _ball(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    x = rng.normal(size=(n, d))
    x[: 3 * n // 10] *= 1e-7
    return x


_MADE: dict[str, Callable[[np.random.Generator, int, int], np.ndarray]] = {
    "power-law-1": _power_law(1),
    "power-law-2": _power_law(2),
    "offset": _offset,
    "near-duplicates": _near_duplicates,
    "few-ulps": _few_ulps,
    "duplicates": _duplicates,
    "clusters": _clusters,
    "outlier": _outlier,
    "ball": _ball,
}
BENIGN = "benign"  # what the hard sets are compared with
_HARD_TITLES = {
    BENIGN: "Gaussian",
    "offset": "offset 1e4",
    "near-duplicates": "near duplicates, 1e-4",
    "few-ulps": "near duplicates, 2 ulps",
    "duplicates": "1 % exact duplicates",
    "clusters": "two far tight clusters",
    "outlier": "one outlier at 1e9",
    "ball": "a tiny dense ball",
}
_WIDE = frozenset({"dadapy", "pynndescent", "hnswlib"})

CASES = (
    Case(name="gaussian-100", title="Gaussian", d=100),
    Case(name="gaussian-784", title="Gaussian"),
    Case(name="gaussian-784-k100", title="Gaussian", k=100),
    Case(name="gaussian-4096", title="Gaussian", d=4_096, without=_WIDE),
    Case(name="gaussian-50000", title="Gaussian", n=4_000, d=50_000, without=_WIDE),
    Case(name="power-law-1", title="power law 1/i"),
    Case(name="power-law-2", title="power law 1/i²"),
    Case(name="dense-relu", title="trained dense ReLU", group="trained", d=4_096),
    Case(name="conv", title="trained conv", group="trained", d=4_096, without=_WIDE),
    Case(name="efficientnet", title="EfficientNet block", group="trained", n=10_000, d=3_072),
    *(Case(name=name, title=title, group="hard", n=6_000) for name, title in _HARD_TITLES.items()),
)
