"""One layer: its neighbours and its spectrum once, then every estimate, curve and error bar."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Int64

from dimscope.errors import or_reason
from dimscope.estimators import (
    Estimator,
    Gride,
    NeighborEstimator,
    SpectrumEstimator,
    apply_estimator,
    neighbors_needed,
    normal_interval,
)
from dimscope.neighbors import NeighborGraph
from dimscope.points import Points, as_points
from dimscope.profiling.settings import Settings
from dimscope.results import DimensionEstimate
from dimscope.spectra import Spectrum

_SCALE_NEIGHBORS = 128
_LEAST_BLOCK = 50
_MAX_HALVINGS = 3
_MAX_EIGENVALUES = 48

Row = dict[str, Any]


@dataclass(frozen=True)
class _Level:
    """The estimates on the disjoint blocks of one step of the decimation."""

    n_samples: int
    values: np.ndarray


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
    return NeighborGraph.from_points(points, n_neighbors, settings.metric, device=settings.device)


def _family_rows(
    estimators: Mapping[str, Estimator], statistic: NeighborGraph | Spectrum, settings: Settings
) -> dict[str, list[Row]]:
    """Estimate and decimation rows of the estimators that share a statistic, by method."""
    levels = _decimation(estimators, statistic, settings)
    rows: dict[str, list[Row]] = {}
    for name, estimator in estimators.items():
        estimate = or_reason(partial(apply_estimator, estimator, statistic))
        if isinstance(estimate, str):
            rows[name] = [_unknown_row(name, estimate, statistic.n_samples)]
            continue
        rows[name] = [_estimate_row(estimate, _block_stderr(estimate, levels[name]))]
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


def _estimate_row(estimate: DimensionEstimate, stderr: float | None) -> Row:
    interval = estimate.interval
    if estimate.value is not None and stderr is not None:
        interval = normal_interval(estimate.value, stderr)
    low, high = interval or (None, None)
    return _row(
        "estimate",
        estimate.method,
        n_samples=estimate.n_samples,
        value=estimate.value,
        stderr=estimate.stderr if stderr is None else stderr,
        interval_low=low,
        interval_high=high,
        scale=estimate.scale,
        n_duplicates=estimate.n_duplicates,
        ceiling=estimate.ceiling,
        notes=" ".join(estimate.notes),
    )


def _decimation(
    estimators: Mapping[str, Estimator], statistic: NeighborGraph | Spectrum, settings: Settings
) -> dict[str, list[_Level]]:
    """Estimates by method on disjoint blocks of N/2, N/4, ... points that are large enough."""
    n_neighbors = neighbors_needed(estimators.values())
    levels: dict[str, list[_Level]] = {name: [] for name in estimators}
    for halvings in range(1, _MAX_HALVINGS + 1):
        size = statistic.n_samples >> halvings
        if size < max(_LEAST_BLOCK, n_neighbors + 1):
            break
        found: dict[str, list[float]] = {name: [] for name in estimators}
        for block in _blocks(statistic.n_samples, size, settings):
            part = (
                statistic.subset(block, n_neighbors)
                if isinstance(statistic, NeighborGraph)
                else statistic.subset(block)
            )
            for name, estimator in estimators.items():
                estimate = or_reason(partial(apply_estimator, estimator, part))
                if not isinstance(estimate, str) and estimate.value is not None:
                    found[name].append(estimate.value)
        for name, values in found.items():
            if len(values) > 1:
                levels[name].append(_Level(size, np.array(values)))
    return levels


def _blocks(n_samples: int, size: int, settings: Settings) -> Iterator[Int64[np.ndarray, " size"]]:
    """Random partitions into disjoint blocks, as many as there are repeats."""
    rng = np.random.default_rng([settings.seed, size])
    for _ in range(settings.n_repeats):
        yield from rng.permutation(n_samples)[: n_samples // size * size].reshape(-1, size)


def _block_stderr(estimate: DimensionEstimate, levels: list[_Level]) -> float | None:
    """The standard error at full N from the scatter of disjoint blocks.

    Independent samples of N/m points scatter with a relative variance m times that of N points;
    the levels' answers are pooled by their degrees of freedom. None without any block.
    """
    if estimate.value is None or not levels:
        return None
    freedom = np.array([len(level.values) - 1 for level in levels])
    relative = np.array([level.values.var(ddof=1) / level.values.mean() ** 2 for level in levels])
    shrink = np.array([level.n_samples / estimate.n_samples for level in levels])
    return estimate.value * math.sqrt(float(freedom @ (relative * shrink)) / freedom.sum())


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
