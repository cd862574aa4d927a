"""One layer: its neighbours and its spectrum once, then every estimate, curve and error bar."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from dimscope.errors import or_reason
from dimscope.estimators import Gride
from dimscope.measurement import Level, Representation, Search, measure, neighbors_needed
from dimscope.neighbors import NeighborGraph
from dimscope.neighbors.search.exact import Resources
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
    layer = Representation.of(representation, resources=Resources(device=settings.device))
    search = Search(n_neighbors=_n_neighbors(layer, settings), metric=settings.metric)
    measured = measure(
        layer,
        settings.estimators,
        search=search,
        n_repeats=settings.n_repeats,
        seed=settings.seed,
    )
    rows: list[Row] = []
    for name, estimate in measured.estimates.items():
        rows += _method_rows(name, estimate, measured.levels[name])
    if "scale" in settings.curves:
        graph = or_reason(partial(search.of, layer, neighbors_needed(settings.estimators.values())))
        rows += [] if isinstance(graph, str) else _scale_rows(graph)
    if "spectrum" in settings.curves:
        spectrum = or_reason(layer.spectrum)
        rows += [] if isinstance(spectrum, str) else _spectrum_rows(spectrum)
    return [{"n_features": layer.n_features, **row} for row in rows]


def _n_neighbors(layer: Representation, settings: Settings) -> int:
    """Neighbours that are searched at least: 2, and enough for a scale curve if one is wanted."""
    digests = or_reason(lambda: layer.points.scan.digests if layer.points else ())
    if "scale" not in settings.curves or isinstance(digests, str):
        return 2
    return max(min(_SCALE_NEIGHBORS, len(set(digests)) // 4), 2)


def _method_rows(name: str, estimate: DimensionEstimate, levels: Sequence[Level]) -> list[Row]:
    """The estimate and decimation rows of one method."""
    if estimate.problem is not None:
        return [_unknown_row(name, estimate.problem, estimate.n_samples)]
    return [_estimate_row(estimate)] + [
        _row(
            "decimation",
            name,
            n_samples=level.n_samples,
            n_blocks=len(level.values),
            value=float(level.values.mean()),
            stderr=float(level.values.std(ddof=1)),
        )
        for level in levels
    ]


def _unknown_row(method: str, reason: str, n_samples: int) -> Row:
    return _row("estimate", method, n_samples=n_samples, notes=reason)


def _estimate_row(estimate: DimensionEstimate) -> Row:
    low, high = estimate.interval or (None, None)
    return _row(
        "estimate",
        estimate.method,
        n_samples=estimate.n_samples,
        value=estimate.value,
        stderr=estimate.stderr,
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
