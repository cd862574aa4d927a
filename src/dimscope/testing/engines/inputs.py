"""Points that an engine must take: in any units, metric and type, and any selection of rows."""

from __future__ import annotations

import numpy as np
import zarr

from dimscope.neighbors import Engine
from dimscope.points import as_points
from dimscope.testing.checks import require
from dimscope.testing.engines._clouds import N_POINTS, cloud, distances
from dimscope.testing.engines._subject import K, Search, require_close, require_nearest


def check_units(engine: Engine) -> None:
    """Distances are in the units of the input, even if their squares leave the range of float64."""
    x = cloud("gaussian")
    rows, ranks, radii = np.arange(N_POINTS), np.array([2, 700]), np.array([2.0, 4.0])
    one = as_points(x)
    for exponent in (-700, 700):
        scaled = as_points(np.ldexp(x, exponent))
        when = f"in units of 2^{exponent}"
        found = engine.nearest(scaled, rows, rows, K).distances
        near = engine.nearest(one, rows, rows, K).distances
        require_close(np.ldexp(found, -exponent), near, f"of the nearest {when}")
        found = engine.distances_at(scaled, rows, ranks)
        far = engine.distances_at(one, rows, ranks)
        require_close(np.ldexp(found, -exponent), far, f"at ranks {when}")
        counts = engine.counts_within(scaled, rows, rows, np.ldexp(radii, exponent))
        require(
            np.array_equal(counts, engine.counts_within(one, rows, rows, radii)),
            f"counts differ {when}",
        )


def check_points_under_a_metric(engine: Engine) -> None:
    """Points that are scaled to unit length are searched as such, whatever their own length."""
    x = np.ldexp(cloud("gaussian") + 1, 600)
    points, rows = as_points(x).normalised(), np.arange(N_POINTS)
    unit = np.concatenate(list(points.row_blocks()))
    require_nearest(engine, Search(points, unit, rows, rows), "under the cosine metric")
    found = engine.distances_at(points, rows, np.array([800]))
    wanted = np.sort(distances(unit, rows, rows), axis=1)[:, 799:800]
    require_close(found, wanted, "at a rank under the cosine metric")


def check_storage(engine: Engine) -> None:
    """Points of narrow types and points that are not in memory are searched in float64."""
    whole = np.random.default_rng(2).integers(0, 256, size=(N_POINTS, 12))
    rows = np.arange(N_POINTS)
    narrow = cloud("gaussian").astype(np.float16)
    for source, when in (
        (whole.astype(np.uint8), "as bytes"),
        (narrow, "in float16"),
        (zarr.array(cloud("gaussian")), "not in memory"),
    ):
        x = np.asarray(source[:], dtype=np.float64)
        require_nearest(engine, Search(as_points(source), x, rows, rows), when)


def check_taken_points(engine: Engine) -> None:
    """Some rows of a source, in any order, are searched as points of their own."""
    x = cloud("offset")
    order = np.random.default_rng(3).permutation(N_POINTS)[:1_000]
    rows = np.arange(1_000)
    points = as_points(x).take(order)
    require_nearest(engine, Search(points, x[order], rows, rows), "of rows that were taken")
