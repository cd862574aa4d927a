"""How an engine answers: shapes, types, resources; it changes nothing and repeats itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dimscope.neighbors import Engine, Resources
from dimscope.points import as_points
from dimscope.testing.checks import require
from dimscope.testing.engines._clouds import N_POINTS, cloud
from dimscope.testing.engines._subject import HARD, K, answers, require_same


def check_says_its_resources(engine: Engine) -> None:
    """It has `Resources`."""
    found = engine.resources
    require(isinstance(found, Resources), f"resources is a {type(found).__name__}")


def check_shapes_and_types(engine: Engine) -> None:
    """Distances are float64, indices and counts int64, with a row for each query."""
    points, rows = as_points(cloud("gaussian")[:50]), np.arange(50)
    found = engine.nearest(points, rows[:20], rows, 3)
    at_ranks = engine.distances_at(points, rows, np.array([1, 5]))
    counts = engine.counts_within(points, rows[:20], rows, np.array([1.0, 2.0, 3.0]))
    for what, array, shape, dtype in (
        ("distances", found.distances, (20, 3), np.float64),
        ("indices", found.indices, (20, 3), np.int64),
        ("distances at ranks", at_ranks, (50, 2), np.float64),
        ("counts", counts, (20, 3), np.int64),
    ):
        require(
            isinstance(array, np.ndarray) and array.shape == shape and array.dtype == dtype,
            f"{what} are {getattr(array, 'dtype', type(array))} of shape "
            f"{getattr(array, 'shape', None)}, not {np.dtype(dtype)} of shape {shape}",
        )


def check_points_are_left_alone(engine: Engine) -> None:
    """A search writes neither into the points nor into its other arguments."""
    x = cloud("gaussian")
    rows, ranks, radii = np.arange(N_POINTS), np.array([1, 500]), np.array([3.0])
    held = [array.copy() for array in (x, rows, ranks, radii)]
    points = as_points(x)
    engine.nearest(points, rows, rows, K)
    engine.distances_at(points, rows, ranks)
    engine.counts_within(points, rows, rows, radii)
    for before, after in zip(held, (x, rows, ranks, radii), strict=True):
        require(np.array_equal(before, after), "a search wrote into an array that it was given")


def check_answers_repeat(engine: Engine) -> None:
    """The same question has the same answer to the bit, whatever was asked between."""
    first, second = as_points(cloud("gaussian")), as_points(cloud("outlier"))
    before = answers(engine, first)
    answers(engine, second)
    require_same(before, answers(engine, first), "when asked again")


def check_resources_change_nothing(engines: Sequence[Engine]) -> None:
    """Engines that differ only in their resources agree to the bit."""
    for name in HARD:
        points = as_points(cloud(name))
        wanted = answers(engines[0], points)
        for other in engines[1:]:
            found = answers(other, points)
            require_same(wanted, found, f"with {other.resources} on {name}")
