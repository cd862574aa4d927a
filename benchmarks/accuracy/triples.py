"""Random triples of an estimator, points and a change that leaves their dimension as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
import zarr
from hypothesis import strategies as st

import dimscope as ds
from dimscope.estimators import ESTIMATORS

Points = np.ndarray
Rng = np.random.Generator

# --- points -----------------------------------------------------------------------------------


def manifold(rng: Rng, n: int) -> Points:
    """A set of `dimscope.manifolds` but the lattice, which is a set of integers."""
    names = [name for name in ds.manifolds.MANIFOLDS if name != "lattice"]
    return ds.make_manifold(names[rng.integers(len(names))]).sample(n, rng)


def bent(rng: Rng, n: int) -> Points:
    """Up to six dimensions, bent into thirty."""
    d = int(rng.integers(1, 7))
    return np.sin(rng.normal(size=(n, d)) @ rng.normal(size=(d, 30)))


def normal(rng: Rng, n: int) -> Points:
    """A Gaussian of up to eight dimensions, as wide as 1 in some and as 10 in others."""
    d = int(rng.integers(2, 9))
    return rng.normal(size=(n, d)) * 10 ** rng.random(d)


def heavy(rng: Rng, n: int) -> Points:
    """Four dimensions with heavy tails."""
    return rng.standard_t(1.5, size=(n, 4))


def with_outlier(rng: Rng, n: int) -> Points:
    """Three dimensions, and a row a million times farther away."""
    x = rng.normal(size=(n, 3))
    x[rng.integers(n)] *= 1e6
    return x


def far_clusters(rng: Rng, n: int) -> Points:
    """Two tight clusters of three dimensions, a thousand widths apart."""
    x = rng.normal(size=(n, 3))
    x[: n // 2] += 1e3
    return x


def with_copies(rng: Rng, n: int) -> Points:
    """Three dimensions, a tenth of the rows repeated exactly."""
    x = rng.normal(size=(n, 3))
    x[: n // 10] = x[-(n // 10) :]
    return x


def far_from_zero(rng: Rng, n: int) -> Points:
    """Three dimensions, a hundred thousand widths from the origin."""
    return rng.random((n, 3)) + 1e5


def mixed_units(rng: Rng, n: int) -> Points:
    """Features in units from a thousandth to a thousand."""
    return rng.normal(size=(n, 5)) * 10.0 ** np.array([-3, -1, 0, 1, 3])


def even(rng: Rng, n: int) -> Points:
    """Points at equal steps of a circle."""
    angle = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.random()


def integers(rng: Rng, n: int) -> Points:
    """A lattice of three dimensions."""
    return rng.integers(0, 40, size=(n, 3)).astype(np.float64)


def bits(rng: Rng, n: int) -> Points:
    """Random bits."""
    return rng.integers(0, 2, size=(n, int(rng.integers(12, 40)))).astype(np.float64)


CONTINUOUS: tuple[Callable[[Rng, int], Points], ...] = (
    manifold, manifold, bent, normal, heavy, with_outlier, far_clusters, with_copies,
    far_from_zero, mixed_units, even, integers,
)  # fmt: skip
_OF: Mapping[str, tuple[Callable[[Rng, int], Points], ...]] = {
    "continuous": CONTINUOUS,
    "integers": (integers, bits),
    "bits": (bits,),
}

# --- changes ----------------------------------------------------------------------------------


def turned(x: Points, rng: Rng) -> Any:
    return x @ np.linalg.qr(rng.normal(size=(x.shape[1], x.shape[1])))[0]


def embedded(x: Points, rng: Rng) -> Any:
    width = x.shape[1] + int(rng.integers(1, 40))
    return x @ np.linalg.qr(rng.normal(size=(width, x.shape[1])))[0].T


def moved(x: Points, rng: Rng) -> Any:
    return x + 10 ** rng.uniform(-2, 4) * np.abs(x).mean() * rng.normal(size=x.shape[1])


def in_other_units(x: Points, rng: Rng) -> Any:
    return x * 10 ** rng.uniform(-12, 12)


def doubled(x: Points, rng: Rng) -> Any:
    return x * 2.0 ** rng.integers(-200, 200)


def rows_mixed(x: Points, rng: Rng) -> Any:
    return rng.permutation(x, axis=0)


def features_mixed(x: Points, rng: Rng) -> Any:
    return rng.permutation(x, axis=1)


def features_repeated(x: Points, rng: Rng) -> Any:
    return np.tile(x, (1, int(rng.integers(2, 5))))


def constants_added(x: Points, rng: Rng) -> Any:
    value = rng.choice([0.0, 1.0, rng.normal() * 100])
    return np.hstack([x, np.full((len(x), int(rng.integers(1, 50))), value)])


def in_fortran_order(x: Points, _: Rng) -> Any:
    return np.asfortranarray(x)


def every_other_entry(x: Points, _: Rng) -> Any:
    return np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3]


def as_frame(x: Points, _: Rng) -> Any:
    return pd.DataFrame(x)


def as_tensor(x: Points, _: Rng) -> Any:
    return torch.from_numpy(x)


def big_endian(x: Points, _: Rng) -> Any:
    return x.astype(">f8")


def in_chunks(x: Points, rng: Rng) -> Any:
    chunks = int(rng.integers(1, len(x) + 1)), int(rng.integers(1, x.shape[1] + 1))
    array = zarr.create_array({}, shape=x.shape, dtype=x.dtype, chunks=chunks)
    array[:] = x
    return array


def in_float32(x: Points, _: Rng) -> Any:
    return x.astype(np.float32)


def in_float16(x: Points, _: Rng) -> Any:
    return (x / np.abs(x).max()).astype(np.float16)


def in_bfloat16(x: Points, _: Rng) -> Any:
    return torch.from_numpy(x / np.abs(x).max()).to(torch.bfloat16)


#: Changes by what they leave: the same numbers, the same but for rounding, numbers of less digits.
SAME = (in_fortran_order, every_other_entry, as_frame, as_tensor, big_endian, in_chunks)
ROUNDED = (
    doubled, turned, embedded, moved, in_other_units, rows_mixed, features_mixed,
    features_repeated, constants_added,
)  # fmt: skip
SHORTER = (in_float32, in_float16, in_bfloat16)
#: Those that leave integers integers, and bits bits.
_DISCRETE = (*SAME, rows_mixed, features_mixed, in_float32)
CHANGES = {change.__name__: change for change in (*SAME, *ROUNDED, *SHORTER)}

# --- triples ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Triple:
    """An estimator's name, a set of points and a change, with what draws them."""

    method: str
    data: str
    change: str
    n_samples: int
    seed: int

    @property
    def keeps_numbers(self) -> bool:
        """Whether every number is the same after the change, so that all bits must be."""
        return CHANGES[self.change] in SAME

    def points(self) -> Points:
        """The points before the change."""
        return _DATA[self.data](np.random.default_rng(self.seed), self.n_samples)

    def changed(self, x: Points) -> Any:
        """The points after it."""
        return CHANGES[self.change](x, np.random.default_rng(self.seed + 1))


_DATA = {make.__name__: make for makes in _OF.values() for make in makes}


@st.composite
def triples(draw: st.DrawFn, least: int = 40, most: int = 300) -> Triple:
    """Any estimator with its defaults, on points that it is for, under any change they allow."""
    method = draw(st.sampled_from(sorted(ESTIMATORS)))
    kind = ESTIMATORS[method].data
    changes = (*SAME, *ROUNDED, *SHORTER) if kind == "continuous" else _DISCRETE
    return Triple(
        method,
        draw(st.sampled_from(_OF[kind])).__name__,
        draw(st.sampled_from(changes)).__name__,
        draw(st.integers(least, most)),
        draw(st.integers(0, 2**32 - 1)),
    )
