"""One layer: its neighbours and its spectrum once, then every estimate, curve and error bar."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from dimscope.errors import or_reason
from dimscope.estimators import (
    Estimator,
    Gride,
    Level,
    NeighborEstimator,
    SpectrumEstimator,
    apply_estimator,
    block_error,
    block_levels,
    neighbors_needed,
)
from dimscope.neighbors import NeighborGraph
from dimscope.points import Points, as_points
from dimscope.profiling.measured import Measured
from dimscope.profiling.settings import Settings
from dimscope.results import (
    VARIANCE_SHARE,
    CurvePoint,
    DimensionEstimate,
    Quantity,
    Subject,
    Value,
)
from dimscope.spectra import Spectrum

_SCALE_NEIGHBORS = 128
_MAX_EIGENVALUES = 48

_ARRAY = Subject(model="array")


def measure_layer(representation: Any, settings: Settings, subject: Subject = _ARRAY) -> Measured:
    """Every value and curve that one representation gives.

    What cannot be measured (a constant layer, NaN, too few distinct points) gives values that are
    unknown, with the reason as their ``problem``, so that one bad layer never costs the others.

    Parameters
    ----------
    representation
        Shape (n_samples, n_features), in memory or on disk.
    settings
        What to measure.
    subject
        What the representation is of.
    """
    points = as_points(representation)
    graph = or_reason(partial(_graph, points, settings))
    spectrum = or_reason(partial(Spectrum.from_points, points)) if _is_spectral(settings) else None
    by_method: dict[str, _Found] = {}
    for family, statistic in ((NeighborEstimator, graph), (SpectrumEstimator, spectrum)):
        estimators = {n: e for n, e in settings.estimators.items() if isinstance(e, family)}
        if isinstance(statistic, str):
            by_method |= {
                n: _Found(DimensionEstimate.unknown(e.name, statistic, points.n_samples), [])
                for n, e in estimators.items()
            }
        elif statistic is not None and estimators:
            by_method |= _family(estimators, statistic, settings)
    curves: list[CurvePoint] = []
    for name, estimator in settings.estimators.items():
        curves += _decimation(subject, estimator.quantity, by_method[name].levels)
    if isinstance(graph, NeighborGraph) and "scale" in settings.curves:
        curves += _scales(subject, graph)
    if isinstance(spectrum, Spectrum) and "spectrum" in settings.curves:
        curves += _shares(subject, spectrum)
    return Measured(
        subject=subject,
        n_features=points.n_features,
        values=tuple(
            Value.of(subject, estimator.quantity, by_method[name].estimate)
            for name, estimator in settings.estimators.items()
        ),
        curves=tuple(curves),
    )


class _Found(NamedTuple):
    """An estimate on all points, and those on disjoint blocks of fewer."""

    estimate: DimensionEstimate
    levels: Sequence[Level]


def _is_spectral(settings: Settings) -> bool:
    """Whether anything that is asked for needs the spectrum."""
    methods = settings.estimators.values()
    return "spectrum" in settings.curves or any(isinstance(e, SpectrumEstimator) for e in methods)


def _graph(points: Points, settings: Settings) -> NeighborGraph:
    n_distinct = len(set(points.scan.digests))
    for_scales = min(_SCALE_NEIGHBORS, n_distinct // 4) if "scale" in settings.curves else 0
    n_neighbors = max(neighbors_needed(settings.estimators.values()), for_scales, 2)
    return NeighborGraph.from_points(
        points, n_neighbors, settings.metric, resources=settings.resources
    )


def _family(
    estimators: Mapping[str, Estimator], statistic: NeighborGraph | Spectrum, settings: Settings
) -> dict[str, _Found]:
    """What the estimators that share a statistic find, by method."""
    levels = block_levels(estimators, statistic, seed=settings.seed, n_repeats=settings.n_repeats)
    found: dict[str, _Found] = {}
    for name, estimator in estimators.items():
        estimate = or_reason(partial(apply_estimator, estimator, statistic))
        if isinstance(estimate, str):
            unknown = DimensionEstimate.unknown(estimator.name, estimate, statistic.n_samples)
            found[name] = _Found(unknown, [])
            continue
        error = block_error(estimate, levels[name])
        if error is not None:
            estimate = replace(estimate, **error._asdict(), error_kind="blocks")
        found[name] = _Found(estimate, levels[name])
    return found


def _decimation(
    subject: Subject, quantity: Quantity, levels: Sequence[Level]
) -> Iterator[CurvePoint]:
    for level in levels:
        yield CurvePoint(
            subject=subject,
            quantity=quantity,
            axis="n_samples",
            at=level.n_samples,
            n_samples=level.n_samples,
            n_blocks=len(level.values),
            value=float(level.values.mean()),
            stderr=float(level.values.std(ddof=1)),
        )


def _scales(subject: Subject, graph: NeighborGraph) -> Iterator[CurvePoint]:
    curve = or_reason(partial(Gride().scan, graph))
    if isinstance(curve, str):
        return
    for rank, value, stderr, scale in zip(
        curve.n2, curve.values, curve.stderrs, curve.scales, strict=True
    ):
        yield CurvePoint(
            subject=subject,
            quantity=Gride().quantity,
            axis="rank",
            at=int(rank),
            n_samples=curve.n_samples,
            value=float(value),
            stderr=float(stderr),
            scale=float(scale),
        )


def _shares(subject: Subject, spectrum: Spectrum) -> Iterator[CurvePoint]:
    """Shares of the variance at ranks spread evenly over the logarithm of the rank."""
    if spectrum.trace == 0:
        return
    last = len(spectrum.eigenvalues)
    ranks = np.unique(np.geomspace(1, last, _MAX_EIGENVALUES).round().astype(int))
    shares = spectrum.eigenvalues[ranks - 1] / spectrum.trace
    for rank, share in zip(ranks, shares, strict=True):
        yield CurvePoint(
            subject=subject,
            quantity=VARIANCE_SHARE,
            axis="component",
            at=int(rank),
            n_samples=spectrum.n_samples,
            value=float(share),
        )
