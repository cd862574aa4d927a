"""Measure one layer: neighbours and spectrum once, then every estimate, error bar and curve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from dimscope.errors import or_reason
from dimscope.estimators import Gride
from dimscope.measurement import Level, Representation, Search, measure, neighbors_needed
from dimscope.neighbors import NeighborGraph
from dimscope.profiling.measured import Measured
from dimscope.profiling.settings import Settings
from dimscope.results import VARIANCE_SHARE, CurvePoint, Quantity, Subject, Value
from dimscope.spectra import Spectrum

_SCALE_NEIGHBORS = 128
_MAX_EIGENVALUES = 48
_ARRAY = Subject(model="array")


def measure_layer(representation: Any, settings: Settings, subject: Subject = _ARRAY) -> Measured:
    """Measure every value and curve of one representation.

    A representation that cannot be measured (a constant layer, NaN, too few distinct points) gives
    unknown values with the reason as their ``problem``, so that one bad layer never costs the
    others.

    Parameters
    ----------
    representation
        Shape (n_samples, n_features), in memory or on disk.
    settings
        What to measure.
    subject
        The model, layer and data that the representation comes from.
    """
    layer = Representation.of(representation, groups=settings.groups, engine=settings.engine)
    search = Search(n_neighbors=_n_neighbors(layer, settings), metric=settings.metric)
    found = measure(
        layer,
        settings.estimators,
        search=search,
        n_repeats=settings.n_repeats,
        seed=settings.seed,
    )
    quantities = {name: e.quantity for name, e in settings.estimators.items()}
    curves = [
        point
        for name, quantity in quantities.items()
        for point in _decimation(subject, quantity, found.levels[name])
    ]
    if "scale" in settings.curves:
        graph = or_reason(partial(search.of, layer, neighbors_needed(settings.estimators.values())))
        curves += [] if isinstance(graph, str) else _scales(subject, graph)
    if "spectrum" in settings.curves:
        spectrum = or_reason(layer.spectrum)
        curves += [] if isinstance(spectrum, str) else _shares(subject, spectrum)
    return Measured(
        subject=subject,
        n_features=layer.points.n_features if layer.points else 0,
        values=tuple(
            Value.of(subject, quantity, found.estimates[name])
            for name, quantity in quantities.items()
        ),
        curves=tuple(curves),
    )


def _n_neighbors(layer: Representation, settings: Settings) -> int:
    """The least number of neighbours to search: 2, or enough for a scale curve if one is wanted."""
    digests = or_reason(lambda: layer.points.scan.digests if layer.points else ())
    if "scale" not in settings.curves or isinstance(digests, str):
        return 2
    return max(min(_SCALE_NEIGHBORS, len(set(digests)) // 4), 2)


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
    """Shares of the variance, at ranks that are spread evenly over the logarithm of the rank."""
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
