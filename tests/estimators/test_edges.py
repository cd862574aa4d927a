"""Numbers at the edges of their types, few points, many features: an answer or one reason."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import dimscope as ds
from dimscope.estimators import ESTIMATORS

RNG = np.random.default_rng(0)
SHAPES = [*((n, d) for n in range(1, 7) for d in (1, 3)), (4, 10_000), (14, 1), (14, 3), (14, 300)]
#: Made from standard normal numbers.
KINDS = {
    "float16": lambda z: z.astype(np.float16),
    "bfloat16": lambda z: torch.from_numpy(z).to(torch.bfloat16),
    "float32": lambda z: z.astype(np.float32),
    "longdouble": lambda z: z.astype(np.longdouble),
    "bool": lambda z: z > 0,
    "int8": lambda z: np.clip(20 * z, -128, 127).astype(np.int8),
    "uint64 at its end": lambda z: np.uint64(2**64 - 1) - (1e4 * np.abs(z)).astype(np.uint64),
    "int64 at both ends": lambda z: np.where(z > 0, 2**63 - 1, -(2**63)) - (9 * z).astype(int),
    "int64 far off": lambda z: (1e4 * z).astype(np.int64) - 2**62,
    "up to 1.7e308": lambda z: z / np.abs(z).max() * 1.7e308,
    "all near 1.7e308": lambda z: 1.7e308 * (1 - 1e-6 * np.abs(z)),
    "subnormal": lambda z: 1e-310 * z,
    "smallest": lambda z: 5e-324 * np.rint(3 * z),
    "far apart": lambda z: z * np.where(np.arange(len(z)) % 2, 1e200, 1e-200)[:, None],
}
#: DANCo simulates a table; the lattice of I3D takes seconds where distances are thousands.
QUICK = [name for name in ESTIMATORS if name not in {"danco", "i3d", "hidalgo"}]


@pytest.mark.parametrize("kind", KINDS)
def test_no_method_dies_of_them_or_exceeds_the_features_without_a_word(kind):
    for n, d in SHAPES:
        x = KINDS[kind](RNG.normal(size=(n, d)))
        for method in QUICK:
            try:
                with warnings.catch_warnings(action="error"):
                    found = ds.estimate(x, method)
            except ds.InputError:
                continue
            where = f"{method} of {n} x {d}: {found}"
            assert found.value is None or np.isfinite(found.value), where
            assert found.value is None or found.value <= 1.5 * d or found.notes, where


@pytest.mark.parametrize("method", QUICK)
def test_so_do_a_million_features(method):
    x = RNG.normal(size=(10, 1_000_000))
    try:
        found = ds.estimate(x, method)
    except ds.InputError:
        return
    assert found.value is None or found.value < 1.5e6


@pytest.mark.parametrize("exponent", [-1000, -300, 199, 960])
def test_no_intrinsic_dimension_depends_on_a_power_of_two(exponent):
    x = RNG.random((150, 3))
    methods = ["two_nn", "gride", "levina_bickel", "mst_dimension", "abid", "local_pca"]
    right = ds.estimate(x, methods, errors="own")
    found = ds.estimate(np.ldexp(x, exponent), methods, errors="own")
    assert {m: e.value for m, e in found.items()} == {m: e.value for m, e in right.items()}


def test_what_lies_beyond_is_refused_in_one_line():
    x = np.ldexp(RNG.random((150, 3)), 1023)
    for method, reason in (("two_nn", "lie at the end"), ("pca_dimension", "squared variances")):
        with pytest.raises(ds.InputError, match=f"values near .* {reason} .* multiply all"):
            ds.estimate(x, method)
