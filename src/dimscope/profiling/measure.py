"""One layer: its neighbours and its spectrum once, then every estimate, curve and error bar."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from dimscope.errors import or_reason
from dimscope.estimators import (
    ErrorBar,
    Estimator,
    Gride,
    NeighborEstimator,
    SpectrumEstimator,
    apply_estimator,
    block_error,
    block_levels,
    neighbors_needed,
)
from dimscope.neighbors import NeighborGraph
from dimscope.points import Points, as_points
from dimscope.profiling.settings import Settings
from dimscope.results import DimensionEstimate
from dimscope.spectra import Spectrum

_SCALE_NEIGHBORS = 128
_MAX_EIGENVALUES = 48

Row = dict[str, Any]


def measure_layer(representation: Any, settings: Settings) -> list[Row]:
    """Every row of a profile that one representation gives.

    What cannot be measured (a constant layer, NaN, too few distinct points) gives rows with no
    value and the reason in ``notes``, so that one bad layer never costs the others.

    Parameters
    ----------
    representation
        Shape (n_samples, n_features), in memory or on disk.
    settings
        What to measure.
    """
    points = as_points(representation)
    graph = or_reason(partial(_graph, points, settings))
    spectrum = or_reason(partial(Spectrum.from_points, points)) if _is_spectral(settings) else None
    by_method: dict[str, list[Row]] = {}
    for family, statistic in ((NeighborEstimator, graph), (SpectrumEstimator, spectrum)):
        estimators = {n: e for n, e in settings.estimators.items() if isinstance(e, family)}
        if isinstance(statistic, str):
            by_method |= {n: [_unknown_row(n, statistic, points.n_samples)] for n in estimators}
        elif statistic is not None and estimators:
            by_method |= _family_rows(estimators, statistic, settings)
    rows = [row for name in settings.estimators for row in by_method[name]]
    if isinstance(graph, NeighborGraph) and "scale" in settings.curves:
        rows += _scale_rows(graph)
    if isinstance(spectrum, Spectrum) and "spectrum" in settings.curves:
        rows += _spectrum_rows(spectrum)
    return [{"n_features": points.n_features, **row} for row in rows]


def _is_spectral(settings: Settings) -> bool:
    """Whether anything that is asked for needs the spectrum."""
    methods = settings.estimators.values()
    return "spectrum" in settings.curves or any(isinstance(e, SpectrumEstimator) for e in methods)


def _graph(points: Points, settings: Settings) -> NeighborGraph:
    n_distinct = len(set(points.scan.digests))
    for_scales = min(_SCALE_NEIGHBORS, n_distinct // 4) if "scale" in settings.curves else 0
    n_neighbors = max(neighbors_needed(settings.estimators.values()), for_scales, 2)
    return NeighborGraph.from_points(
        points, n_neighbors, settings.metric, search_device=settings.device
    )


def _family_rows(
    estimators: Mapping[str, Estimator], statistic: NeighborGraph | Spectrum, settings: Settings
) -> dict[str, list[Row]]:
    """Estimate and decimation rows of the estimators that share a statistic, by method."""
    levels = block_levels(estimators, statistic, seed=settings.seed, n_repeats=settings.n_repeats)
    rows: dict[str, list[Row]] = {}
    for name, estimator in estimators.items():
        estimate = or_reason(partial(apply_estimator, estimator, statistic))
        if isinstance(estimate, str):
            rows[name] = [_unknown_row(name, estimate, statistic.n_samples)]
            continue
        rows[name] = [_estimate_row(estimate, block_error(estimate, levels[name]))]
        rows[name] += [
            _row(
                "decimation",
                name,
                n_samples=level.n_samples,
                n_blocks=len(level.values),
                value=float(level.values.mean()),
                stderr=float(level.values.std(ddof=1)),
            )
            for level in levels[name]
        ]
    return rows


def _unknown_row(method: str, reason: str, n_samples: int) -> Row:
    return _row("estimate", method, n_samples=n_samples, notes=reason)


def _estimate_row(estimate: DimensionEstimate, error: ErrorBar | None) -> Row:
    stderr, interval = error or (estimate.stderr, estimate.interval)
    low, high = interval or (None, None)
    return _row(
        "estimate",
        estimate.method,
        n_samples=estimate.n_samples,
        value=estimate.value,
        stderr=stderr,
        interval_low=low,
        interval_high=high,
        scale=estimate.scale,
        n_duplicates=estimate.n_duplicates,
        ceiling=estimate.ceiling,
        notes=" ".join(estimate.notes),
    )


def _scale_rows(graph: NeighborGraph) -> list[Row]:
    curve = or_reason(partial(Gride().scan, graph))
    if isinstance(curve, str):
        return []
    return [
        _row(
            "scale",
            curve.method,
            n_samples=curve.n_samples,
            rank=int(rank),
            value=float(value),
            stderr=float(stderr),
            scale=float(scale),
        )
        for rank, value, stderr, scale in zip(
            curve.n2, curve.values, curve.stderrs, curve.scales, strict=True
        )
    ]


def _spectrum_rows(spectrum: Spectrum) -> list[Row]:
    """Shares of the variance at ranks spread evenly over the logarithm of the rank."""
    if spectrum.trace == 0:
        return []
    last = len(spectrum.eigenvalues)
    ranks = np.unique(np.geomspace(1, last, _MAX_EIGENVALUES).round().astype(int))
    shares = spectrum.eigenvalues[ranks - 1] / spectrum.trace
    return [
        _row(
            "spectrum",
            "eigenvalue",
            n_samples=spectrum.n_samples,
            rank=int(rank),
            value=float(share),
        )
        for rank, share in zip(ranks, shares, strict=True)
    ]


def _row(curve: str, method: str, **columns: Any) -> Row:
    return {"curve": curve, "method": method, "n_blocks": 1, "n_duplicates": 0, **columns}
