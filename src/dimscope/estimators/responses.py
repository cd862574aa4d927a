"""The response curves that ship, and the ceiling that follows from them.

`responses.csv.gz` has, for each method, family and number of points, what the method reads of
random members of the family, as shares of their true dimension. It was made by
`benchmarks/calibration/response_tables.py`. Between the numbers of points the curves are smooth in
ln N.
"""

from __future__ import annotations

import csv
import functools
import gzip
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import PchipInterpolator

from dimscope.measurement import Ceiling
from dimscope.results import ResponseCurve

_FACTOR = 2.0  # by which families, or the calibrated and the raw value, may differ
_N_TRIED = 1_200  # raw values, from 1 on


class _Table(NamedTuple):
    """Shares (families, numbers of points, statistics, dimensions) of one method."""

    dimensions: Float64[np.ndarray, " d"]
    families: tuple[str, ...]
    n_samples: tuple[int, ...]
    n_draws: tuple[int, ...]
    shares: Float64[np.ndarray, "families samples statistics d"]


def shipped_methods() -> tuple[str, ...]:
    """Methods, with their settings, that have response curves."""
    return tuple(_tables())


def shipped_range() -> tuple[int, int]:
    """The smallest and the largest number of points of the curves that ship."""
    n_samples = next(iter(_tables().values())).n_samples
    return n_samples[0], n_samples[-1]


@functools.lru_cache(maxsize=256)
def shipped_curves(method: str, n_samples: int) -> Mapping[str, ResponseCurve] | None:
    """The curves of a method, with its setting, at a number of points, by family.

    None where none ship: for other methods and settings, and outside of the numbers of points that
    were simulated.
    """
    table = _tables().get(method)
    if table is None or not table.n_samples[0] <= n_samples <= table.n_samples[-1]:
        return None
    logs = PchipInterpolator(np.log(table.n_samples), np.log(table.shares), axis=1)
    readings = table.dimensions * np.exp(logs(math.log(n_samples)))
    nearest = int(np.argmin(np.abs(np.log(np.array(table.n_samples) / n_samples))))
    return {
        family: ResponseCurve(
            method=method,
            n_samples=n_samples,
            family=family,
            n_draws=table.n_draws[nearest],
            dimensions=table.dimensions,
            means=mean,
            sds=sd,
            lows=low,
            highs=high,
        )
        for family, (mean, sd, low, high) in zip(table.families, readings, strict=True)
    }


@functools.lru_cache(maxsize=256)
def shipped_ceiling(method: str, n_samples: int) -> Ceiling | None:
    """The largest value up to which all families answer alike, by the curves that ship.

    Up to there the dimensions at which the families read the value on average lie within a factor
    of two of each other, and are at most twice the value. The scatter is not part of it: intervals
    show that.
    """
    curves = shipped_curves(method, n_samples)
    if curves is None:
        return None
    most = max(float(curve.means.max()) for curve in curves.values())
    tried = np.geomspace(1, max(most, 2.0), _N_TRIED)
    found = np.array([curve.dimensions_of(tried) for curve in curves.values()])
    highest, lowest = found.max(axis=0), found.min(axis=0)
    resolved = (highest <= _FACTOR * lowest) & (highest <= _FACTOR * tried)
    n_resolved = len(tried) if resolved.all() else int(np.argmin(resolved))
    if n_resolved == 0:
        return None
    return Ceiling(float(tried[n_resolved - 1]), float(np.median(found[:, n_resolved - 1])))


@functools.cache
def _tables() -> Mapping[str, _Table]:
    """Every method's table; the rows of the file are in the order of the table's axes."""
    packed = files("dimscope.estimators").joinpath("responses.csv.gz").read_bytes()
    header, *rows = csv.reader(gzip.decompress(packed).decode().splitlines())
    n_keys = len(header) - sum(name.isdigit() for name in header)
    dimensions = np.array(header[n_keys:], dtype=np.float64)
    methods, families, sizes, draws, statistics = zip(*(row[:n_keys] for row in rows), strict=True)
    names, members, statistic = (tuple(dict.fromkeys(c)) for c in (methods, families, statistics))
    by_size = dict(zip(map(int, sizes), map(int, draws), strict=True))
    numbers = np.array([row[n_keys:] for row in rows], dtype=np.float64)
    shape = (len(names), len(members), len(by_size), len(statistic), len(dimensions))
    return {
        name: _Table(dimensions, members, tuple(by_size), tuple(by_size.values()), shares)
        for name, shares in zip(names, numbers.reshape(shape), strict=True)
    }
