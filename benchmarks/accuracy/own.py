"""The estimates of dimscope itself, each charged with the search or the spectrum that it needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import dimscope as ds
from benchmarks.accuracy.rows import OURS, Answer, Method, Row, row_of
from benchmarks.accuracy.samples import Sample
from benchmarks.shared.discrete import DISCRETE
from dimscope.errors import DimscopeError
from dimscope.estimators import (
    ESTIMATORS,
    Estimator,
    NeighborEstimator,
    SpectrumEstimator,
    neighbors_needed,
)


def our_methods() -> list[str]:
    """The names in the registry, as it is now."""
    return [name for name in ESTIMATORS if name not in DISCRETE]


def our_rows(sample: Sample, x: np.ndarray, names: Sequence[str]) -> Iterator[Row]:
    """Our estimates, from one graph and one spectrum, whose time each is charged in full."""
    made = [ESTIMATORS[name]() for name in names]
    shared: dict[type[Estimator], tuple[Any, float]] = {}
    k = neighbors_needed(made)
    makers: Mapping[type[Estimator], Callable[[], Any]] = {
        NeighborEstimator: lambda: ds.NeighborGraph.from_points(x, k, n_jobs=1),
        SpectrumEstimator: lambda: ds.Spectrum.from_points(x),
    }
    for name, estimator in zip(names, made, strict=True):
        kind = next((kind for kind in makers if isinstance(estimator, kind)), None)
        value, note, seconds = None, "", 0.0
        with threadpool_limits(1):
            if kind is not None and kind not in shared:
                shared[kind] = _clocked(makers[kind])
            try:
                if kind is None:
                    estimate, seconds = _clocked(lambda e=estimator: e.fit(x).estimate_)
                else:
                    statistic, before = shared[kind]
                    estimate, seconds = _clocked(lambda e=estimator, s=statistic: e.estimate(s))
                    seconds += before
                value = estimate.value
                note = "" if value is not None else " ".join(estimate.notes) or "no value"
            except DimscopeError as error:
                note = str(error)
        yield row_of(Method(OURS, name), ds.__version__, sample, Answer(value, seconds, note))


def _clocked(call: Callable[[], Any]) -> tuple[Any, float]:
    before = time.process_time()
    result = call()
    return result, time.process_time() - before
