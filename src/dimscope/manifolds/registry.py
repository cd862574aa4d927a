"""Manifolds by name: the one place that lists them."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from dimscope._parameters import checked_parameters
from dimscope.errors import InputError
from dimscope.manifolds import benchmark
from dimscope.manifolds.curved import (
    flat_torus,
    random_waves,
    sphere,
    sphere_product,
    swiss_roll,
)
from dimscope.manifolds.flat import (
    ball,
    cube,
    gaussian,
    lattice,
    log_normal,
    peaked_ball,
    student_t,
)
from dimscope.manifolds.fractals import cantor_dust, koch, menger, sierpinski
from dimscope.manifolds.images import bumps, moving_pattern
from dimscope.manifolds.manifold import Manifold
from dimscope.manifolds.matrices import rotations, segre, stiefel, veronese
from dimscope.manifolds.mixed import gaussians, line_disk_ball, noisy_sphere, two_spheres

#: Names of the published benchmark sets.
BENCHMARK: tuple[str, ...] = tuple(benchmark.SETS)

#: Further sets, of other generators, to judge methods that learned from sets.
HELD_OUT: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "spheres_2_3_4": ("sphere_product", {"dimensions": (2, 3, 4)}),
    "spheres_5_6_8": ("sphere_product", {"dimensions": (5, 6, 8)}),
    "veronese_5": ("veronese", {"dimension": 5}),
    "segre_3_4": ("segre", {"first": 3, "second": 4}),
    "stiefel_8_4": ("stiefel", {"n_rows": 8, "n_columns": 4}),
    "rotations_5": ("rotations", {"size": 5}),
    "student_t_8": ("student_t", {"dimension": 8}),
    "log_normal_6": ("log_normal", {"dimension": 6}),
    "bumps_3": ("bumps", {"n_bumps": 3}),
    "moving_pattern_4": ("moving_pattern", {}),
    "swiss_roll": ("swiss_roll", {}),
    "noisy_sphere_4": ("noisy_sphere", {"dimension": 4, "standard_deviation": 0.01}),
    "two_spheres_7": ("two_spheres", {"dimension": 7}),
    "sierpinski_4": ("sierpinski", {"ambient_dimension": 4}),
}

MANIFOLDS: Mapping[str, Callable[..., Manifold]] = {
    **benchmark.SETS,
    **{
        make.__name__: make
        for make in (
            cube,
            ball,
            peaked_ball,
            gaussian,
            student_t,
            log_normal,
            lattice,
            sphere,
            sphere_product,
            flat_torus,
            swiss_roll,
            random_waves,
            veronese,
            segre,
            stiefel,
            rotations,
            cantor_dust,
            sierpinski,
            menger,
            koch,
            bumps,
            moving_pattern,
            line_disk_ball,
            gaussians,
            two_spheres,
            noisy_sphere,
        )
    },
}


def make_manifold(name: str, /, **parameters: Any) -> Manifold:
    """Make the set of that name; parameters that are not given have their defaults.

    Parameters
    ----------
    name
        One of ``MANIFOLDS``.
    parameters
        Parameters of the function of that name in `dimscope.manifolds`; published sets have none.

    Raises
    ------
    InputError
        If the name is not known, it has no such parameter, or a value is not allowed.

    Examples
    --------
    >>> make_manifold("sphere", dimension=4, ambient_dimension=20).sample(3, rng=0).shape
    (3, 20)
    """
    if name not in MANIFOLDS:
        near = difflib.get_close_matches(str(name), MANIFOLDS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"unknown manifold {name!r}: choose from {', '.join(MANIFOLDS)}{hint}")
    known = inspect.signature(MANIFOLDS[name]).parameters
    for parameter in parameters:
        if parameter not in known:
            raise InputError(
                f"{name} has no parameter {parameter!r}: it has {', '.join(known) or 'none'}"
            )
    return checked_parameters(MANIFOLDS[name])(**parameters)
