"""Families of point sets of known dimension, and random members of each.

A curve that was drawn from one set only would say how that set reads. Its band would hold the
scatter of the sampling alone, and a user's data would lie outside it for being a little longer in
one direction than in another. So each draw is of a random member: the standard deviations of its
axes lie up to a factor of 2.5 apart, and half of the members are bent. Rotations and isometric
embeddings change no distance, and are left out.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float64

from dimscope.errors import InputError
from dimscope.manifolds import ball, cube, flat_torus, gaussian, random_waves, sphere, student_t

Points = Float64[np.ndarray, "n features"]
#: Makes n points of dimension d of a random member of a family.
Draw = Callable[[np.random.Generator, int, int], Points]

PointFamily = Literal[
    "gaussian", "ball", "cube", "sphere", "torus", "curled", "curved", "student_t", "spectrum",
    "steep_cube",
]  # fmt: skip
#: The envelope over all families.
ANY = "any"

_UNEVEN = 2.5  # largest ratio of the standard deviations of two axes
_SHAPES = 0.25, 2.0  # of the beta law of their logarithms
_BEND = 0.6  # radians over one standard deviation, at most
_TURNS = 0.75, 1.25  # of the arcs that a curled axis makes
_LENGTH_SCALES = 0.7, 3.0  # of curved sets, over the root mean square distance of their axes
_DEGREES = 4.0, 30.0  # of freedom of heavy tails
_STEEPEST = 1.0  # exponent of the power law of the variances


def check_family(family: str, *, envelope: bool = True) -> None:
    """Refuse what is no family; the envelope over all may be one.

    Raises
    ------
    InputError
        If the name is not known.
    """
    known = [*get_args(PointFamily), *([ANY] if envelope else [])]
    if family not in known:
        near = difflib.get_close_matches(str(family), known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"unknown family {family!r}: choose from {', '.join(known)}{hint}")


def member(family: PointFamily, dimension: int, n_samples: int, rng: np.random.Generator) -> Points:
    """Draw points of a random member of a family.

    Parameters
    ----------
    family
        ``"gaussian"``, ``"ball"``, ``"cube"`` and ``"sphere"``: uneven axes, half of the members
        bent. ``"torus"``: each coordinate as its cosine and sine, the radii uneven. ``"curled"``:
        the same with 0.75 to 1.25 turns, so that the ends are apart or overlap. ``"curved"``:
        random waves of a cube, their length scale random. ``"student_t"``: 4 to 30 degrees of
        freedom. ``"spectrum"`` and ``"steep_cube"``: a Gaussian and a cube whose variances fall as
        a power of their order, the exponent between 0 and 1.
    dimension
        d, at least 1.
    n_samples
        How many points.
    rng
        Draws the member and the points.
    """
    return FAMILIES[family](rng, n_samples, dimension)


def _gaussian(rng: np.random.Generator, n: int, d: int) -> Points:
    return _bent(rng, gaussian(d).sample(n, rng) * _uneven(rng, d))


def _ball(rng: np.random.Generator, n: int, d: int) -> Points:
    return _bent(rng, math.sqrt(d + 2) * ball(d).sample(n, rng) * _uneven(rng, d))


def _cube(rng: np.random.Generator, n: int, d: int) -> Points:
    return _bent(rng, _unit_cube(rng, n, d) * _uneven(rng, d))


def _sphere(rng: np.random.Generator, n: int, d: int) -> Points:
    return _bent(rng, math.sqrt(d + 1) * sphere(d).sample(n, rng) * _uneven(rng, d + 1))


def _torus(rng: np.random.Generator, n: int, d: int) -> Points:
    radii: Points = np.repeat(_uneven(rng, d), 2)
    return np.asarray(flat_torus(d).sample(n, rng) * radii)


def _curled(rng: np.random.Generator, n: int, d: int) -> Points:
    angles = 2 * np.pi * rng.uniform(*_TURNS) * rng.random((n, d))
    radii = _uneven(rng, d)
    return np.hstack([radii * np.cos(angles), radii * np.sin(angles)])


def _curved(rng: np.random.Generator, n: int, d: int) -> Points:
    scale = math.sqrt(d / 6) * np.exp(rng.uniform(*np.log(_LENGTH_SCALES)))
    waves = random_waves(d, 4 * d + 4, length_scale=float(scale), rng=rng)
    return waves.sample(n, rng)


def _student_t(rng: np.random.Generator, n: int, d: int) -> Points:
    degrees = float(np.exp(rng.uniform(*np.log(_DEGREES))))
    return np.asarray(student_t(d, degrees_of_freedom=degrees).sample(n, rng) * _uneven(rng, d))


def _spectrum(rng: np.random.Generator, n: int, d: int) -> Points:
    return _bent(rng, gaussian(d).sample(n, rng) * _steep(rng, d))


def _steep_cube(rng: np.random.Generator, n: int, d: int) -> Points:
    return _bent(rng, _unit_cube(rng, n, d) * _steep(rng, d))


FAMILIES: Mapping[PointFamily, Draw] = {
    "gaussian": _gaussian,
    "ball": _ball,
    "cube": _cube,
    "sphere": _sphere,
    "torus": _torus,
    "curled": _curled,
    "curved": _curved,
    "student_t": _student_t,
    "spectrum": _spectrum,
    "steep_cube": _steep_cube,
}


def _unit_cube(rng: np.random.Generator, n: int, d: int) -> Points:
    """A centred cube of variance 1 along each axis."""
    return math.sqrt(12) * (cube(d).sample(n, rng) - 0.5)


def _uneven(rng: np.random.Generator, n_axes: int) -> Float64[np.ndarray, " n_axes"]:
    """Standard deviations up to a random factor apart, at most `_UNEVEN`.

    Their logarithms follow a random beta law: two groups of axes, a few short ones, all between.
    """
    low, high = map(math.log, _SHAPES)
    first, second = np.exp(rng.uniform(low, high, 2))
    most = rng.uniform(0, math.log(_UNEVEN))
    return np.asarray(np.exp(-most * rng.beta(first, second, n_axes)))


def _steep(rng: np.random.Generator, n_axes: int) -> Float64[np.ndarray, " n_axes"]:
    """Standard deviations whose squares fall as a random power of their order."""
    order = np.arange(1, n_axes + 1, dtype=np.float64)
    return np.asarray(order ** (-0.5 * rng.uniform(0, _STEEPEST)))


def _bent(rng: np.random.Generator, x: Points) -> Points:
    """Roll every axis on a circle, which keeps lengths within the set; half of the sets stay flat.

    The radius is at least 1 / `_BEND` of the longest axis's standard deviation.
    """
    if rng.random() < 0.5:
        return x
    turn = rng.uniform(0, _BEND)
    return np.hstack([np.sin(turn * x), np.cos(turn * x)]) / turn
