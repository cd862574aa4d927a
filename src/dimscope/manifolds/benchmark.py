"""The published benchmark sets, under their usual names.

M0 to M13 are the sets 0 to 13 of the generator of Hein and Audibert, "Intrinsic dimensionality
estimation of submanifolds in R^d", ICML 2005, which Campadelli, Casiraghi, Ceruti and Rozza,
"Intrinsic Dimension Estimation: Relevant Techniques and a Benchmark Framework", Mathematical
Problems in Engineering 2015, made the usual benchmark and enlarged by Mbeta, Mn and Mp. M5a, M13a
and M13b were added by Gomtsyan, Mokrov, Panov and Yanovich, "Geometry-aware maximum likelihood
estimation of intrinsic dimension", ACML 2019.

scikit-dimension 0.5 has the same names and dimensions. Where its points follow another law, the
set here says how; elsewhere the laws are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from dimscope.manifolds.curved import sphere
from dimscope.manifolds.flat import cube, gaussian
from dimscope.manifolds.manifold import (
    Coordinates,
    Draw,
    Embed,
    Manifold,
    PointArray,
    affine_image,
    uniform,
)

_TURN = 2 * np.pi
_HEIN = "Hein and Audibert 2005"
_CAMPADELLI = "Campadelli et al. 2015"
_GOMTSYAN = "Gomtsyan et al. 2019"
_ROZZA = "Rozza et al. 2012"


def _set(
    name: str, dimensions: tuple[int, int, int], description: str, draw: Draw, embed: Embed
) -> Manifold:
    """A set from its intrinsic, ambient and linear dimension."""
    dimension, ambient_dimension, linear_dimension = dimensions
    return Manifold(
        name=name,
        dimension=dimension,
        ambient_dimension=ambient_dimension,
        linear_dimension=linear_dimension,
        description=description,
        draw=draw,
        embed=embed,
    )


def m0_sinusoid() -> Manifold:
    """A fast wave over a circle: (cos t, sin t, sin(150 t) / 10), t uniform in a turn."""

    def embed(t: Coordinates) -> PointArray:
        return np.hstack([np.cos(t), np.sin(t), np.sin(150 * t) / 10])

    return _set(
        "M0_Sinusoid", (1, 3, 3), f"wave over a circle ({_HEIN})", uniform(1, 0, _TURN), embed
    )


def m1_sphere() -> Manifold:
    """The unit sphere of dimension 10, uniform."""
    return replace(sphere(10), name="M1_Sphere", description=f"uniform on a sphere ({_HEIN})")


def m2_affine() -> Manifold:
    """A sheared cube in 5 features: A t + b, t uniform in [0, 4]^3.

    scikit-dimension has the entries 0.9 and -0.3 in the second column of A; by the first authors
    they belong in the third.
    """
    matrix = [[1.2, -0.5, 0], [0.5, 0, 0.9], [-0.5, -0.2, 1], [0.4, -0.9, -0.1], [1.1, 0, -0.3]]
    image = affine_image(cube(3), 4 * np.array(matrix), [3, -1, 0, 0, 8])
    return replace(image, name="M2_Affine_3to5", description=f"sheared cube ({_HEIN})")


def m3_nonlinear() -> Manifold:
    """Four dimensions in 6 features, so concentrated that it is easily taken for three.

    (t_2^2 cos 2 pi t_1, t_3^2 sin 2 pi t_1, t_2 + t_3 + (t_2 - t_4)^2,
    t_2 - 2 t_3 + (t_1 - t_4)^2, -t_2 - 2 t_3 + (t_3 - t_4)^2, t_1^2 - t_2^2 + t_3^2 - t_4^2),
    t uniform in [0, 1]^4.
    """

    def embed(t: Coordinates) -> PointArray:
        a, b, c, d = t.T
        features = [
            b**2 * np.cos(_TURN * a),
            c**2 * np.sin(_TURN * a),
            b + c + (b - d) ** 2,
            b - 2 * c + (a - d) ** 2,
            -b - 2 * c + (c - d) ** 2,
            a**2 - b**2 + c**2 - d**2,
        ]
        return np.stack(features, axis=1)

    return _set("M3_Nonlinear_4to6", (4, 6, 6), f"concentrated figure ({_HEIN})", uniform(4), embed)


def nested_circles(name: str, dimension: int, n_copies: int) -> Manifold:
    """M4, M6, M8: (x_(2k-1), x_(2k)) = t_(k+1) (cos 2 pi t_k, sin 2 pi t_k), t_(d+1) = t_1.

    t is uniform in [0, 1]^d, and the 2 d features are repeated.
    """

    def embed(t: Coordinates) -> PointArray:
        radius = np.roll(t, -1, axis=1)
        circles = np.stack(
            [radius * np.cos(_TURN * t), radius * np.sin(_TURN * t)], axis=2
        ).reshape(len(t), 2 * dimension)
        return np.tile(circles, n_copies)

    dimensions = (dimension, 2 * dimension * n_copies, 2 * dimension)
    return _set(
        name,
        dimensions,
        f"circles, each the radius of the next ({_HEIN})",
        uniform(dimension),
        embed,
    )


def m5a_helix() -> Manifold:
    """A coil of 8 windings on a torus: ((2 + cos 8 t) cos t, (2 + cos 8 t) sin t, sin 8 t)."""

    def embed(t: Coordinates) -> PointArray:
        radius = 2 + np.cos(8 * t)
        return np.hstack([radius * np.cos(t), radius * np.sin(t), np.sin(8 * t)])

    return _set(
        "M5a_Helix1d", (1, 3, 3), f"coil on a torus ({_GOMTSYAN})", uniform(1, 0, _TURN), embed
    )


def m5b_helix() -> Manifold:
    """A helicoid: (r sin t, r cos t, t), r uniform in [-pi, pi] and t in [0, 2 pi].

    scikit-dimension has r and t in [0, 10 pi] and t / 2 as height: five turns of a wider sheet.
    """

    def embed(t: Coordinates) -> PointArray:
        radius, angle = t.T
        return np.stack([radius * np.sin(angle), radius * np.cos(angle), angle], axis=1)

    draw = uniform(2, [-np.pi, 0], [np.pi, _TURN])
    return _set("M5b_Helix2d", (2, 3, 3), f"helicoid ({_HEIN})", draw, embed)


def m7_roll() -> Manifold:
    """A Swiss roll: (t sin 2.5 t, s, t cos 2.5 t), t uniform in [0, 2 pi] and s in [-pi, pi].

    scikit-dimension has the other usual one, `dimscope.manifolds.swiss_roll`.
    """

    def embed(t: Coordinates) -> PointArray:
        radius, height = t.T
        return np.stack(
            [radius * np.sin(2.5 * radius), height, radius * np.cos(2.5 * radius)], axis=1
        )

    draw = uniform(2, [0, -np.pi], [_TURN, np.pi])
    return _set("M7_Roll", (2, 3, 3), f"Swiss roll ({_HEIN})", draw, embed)


def m9_affine() -> Manifold:
    """Uniform in the cube [-2.5, 2.5]^20."""
    return replace(
        affine_image(cube(20), 5 * np.eye(20), -2.5),
        name="M9_Affine",
        description=f"uniform in a cube ({_HEIN})",
    )


def m10_cubic(name: str, dimension: int) -> Manifold:
    """The solid unit cube, uniform, and one more feature that is 0.

    scikit-dimension has the 2 d + 2 faces of a cube of one dimension more, in order and an equal
    number of points of each, of which the last that exceed n are cut off: the last faces have
    fewer points, or none.
    """
    solid = affine_image(cube(dimension), np.eye(dimension + 1, dimension))
    return replace(solid, name=name, description=f"uniform in a cube ({_HEIN})")


def m11_moebius() -> Manifold:
    """A band with ten half twists, (R cos t, R sin t, (s / 2) sin 5 t), R = 1 + (s / 2) cos 5 t.

    s is uniform in [-1, 1] and t in [0, 2 pi].
    """

    def embed(t: Coordinates) -> PointArray:
        half, angle = t[:, 0] / 2, t[:, 1]
        radius = 1 + half * np.cos(5 * angle)
        return np.stack(
            [radius * np.cos(angle), radius * np.sin(angle), half * np.sin(5 * angle)], axis=1
        )

    return _set(
        "M11_Moebius", (2, 3, 3), f"twisted band ({_HEIN})", uniform(2, [-1, 0], [1, _TURN]), embed
    )


def m12_norm() -> Manifold:
    """The standard normal law in 20 features."""
    return replace(gaussian(20), name="M12_Norm", description=f"isotropic Gaussian ({_HEIN})")


def m13_curve() -> Manifold:
    """A curve in 13 features: x_j = (t / (2 pi) + sum_(k<j) sin k t) / j, t uniform in a turn."""
    orders = np.arange(13)

    def embed(t: Coordinates) -> PointArray:
        points: PointArray = (t / _TURN + np.sin(orders * t).cumsum(axis=1)) / (orders + 1)
        return points

    return _set("M13_Curve", (1, 13, 13), f"sums of sines ({_HEIN})", uniform(1, 0, _TURN), embed)


def m13a_scurve() -> Manifold:
    """An S-shaped sheet, (sin t, s, sign(t) (cos t - 1)), |t| < 3 pi / 2 and 0 < s < 2, uniform."""

    def embed(t: Coordinates) -> PointArray:
        angle, height = t.T
        return np.stack([np.sin(angle), height, np.sign(angle) * (np.cos(angle) - 1)], axis=1)

    draw = uniform(2, [-1.5 * np.pi, 0], [1.5 * np.pi, 2])
    return _set("M13a_Scurve", (2, 3, 3), f"S-shaped sheet ({_GOMTSYAN})", draw, embed)


def m13b_spiral() -> Manifold:
    """A helix, (100 cos t, 100 sin t, t) and ten zeros, t uniform in [0, 10 pi]."""

    def embed(t: Coordinates) -> PointArray:
        return np.hstack([100 * np.cos(t), 100 * np.sin(t), t, np.zeros((len(t), 10))])

    return _set("M13b_Spiral", (1, 13, 3), f"helix ({_GOMTSYAN})", uniform(1, 0, 10 * np.pi), embed)


def product_of_curves(name: str, dimension: int, draw: Draw, source: str) -> Manifold:
    """Mbeta, M14, M15: t_i sin(cos 2 pi t_i) and t_i cos(sin 2 pi t_i), repeated once.

    Mbeta draws t from Beta(10, 1/2), as scikit-dimension does. M14 and M15 of Rozza et al.,
    "Novel high intrinsic dimensionality estimators", Machine Learning 89 (2012), draw it
    uniformly, as the R package intrinsicDimension has them.
    """

    def embed(t: Coordinates) -> PointArray:
        turns = _TURN * t
        return np.tile(np.hstack([t * np.sin(np.cos(turns)), t * np.cos(np.sin(turns))]), 2)

    dimensions = (dimension, 4 * dimension, 2 * dimension)
    return _set(name, dimensions, f"product of plane curves ({source})", draw, embed)


def mn_nonlinear(name: str, dimension: int) -> Manifold:
    """Mn1 and Mn2: tan(t_i cos t_(d+1-i)) and arctan(t_(d+1-i) sin t_i), repeated once.

    t is uniform in [0, 1]^d. The formula is scikit-dimension's.
    """

    def embed(t: Coordinates) -> PointArray:
        other = t[:, ::-1]
        return np.tile(np.hstack([np.tan(t * np.cos(other)), np.arctan(other * np.sin(t))]), 2)

    dimensions = (dimension, 4 * dimension, 2 * dimension)
    return _set(name, dimensions, f"product of surfaces ({_CAMPADELLI})", uniform(dimension), embed)


def mp_paraboloid(name: str, dimension: int) -> Manifold:
    """Mp: y = (t_1, ..., t_d, sum t_i^2) of a multivariate Burr law, with sin y and y^2.

    t_i = 1 / (1 + e_i / e_0), e_0 ... e_d exponential: Brito, Quiroz and Yukich, "Intrinsic
    dimension identification via graph-theoretic methods", J. Multivariate Analysis 116 (2013).
    The feature sum t_i^2 is the sum of others, so that one linear dimension is lost.
    """

    def draw(rng: np.random.Generator, n: int) -> Coordinates:
        exponential = rng.exponential(size=(n, dimension + 1))
        return 1 / (1 + exponential[:, 1:] / exponential[:, :1])

    def embed(t: Coordinates) -> PointArray:
        y = np.hstack([t, (t**2).sum(axis=1, keepdims=True)])
        return np.hstack([y, np.sin(y), y**2])

    dimensions = (dimension, 3 * dimension + 3, 3 * dimension + 2)
    return _set(name, dimensions, "paraboloid (Brito, Quiroz and Yukich 2013)", draw, embed)


def _beta(rng: np.random.Generator, n: int) -> Coordinates:
    return rng.beta(10, 0.5, (n, 10))


SETS: Mapping[str, Callable[[], Manifold]] = {
    make().name: make
    for make in (
        m0_sinusoid,
        m1_sphere,
        m2_affine,
        m3_nonlinear,
        partial(nested_circles, "M4_Nonlinear", 4, 1),
        m5a_helix,
        m5b_helix,
        partial(nested_circles, "M6_Nonlinear", 6, 3),
        m7_roll,
        partial(nested_circles, "M8_Nonlinear", 12, 3),
        m9_affine,
        partial(m10_cubic, "M10a_Cubic", 10),
        partial(m10_cubic, "M10b_Cubic", 17),
        partial(m10_cubic, "M10c_Cubic", 24),
        partial(m10_cubic, "M10d_Cubic", 70),
        m11_moebius,
        m12_norm,
        m13_curve,
        m13a_scurve,
        m13b_spiral,
        partial(product_of_curves, "M14_Rozza", 18, uniform(18), _ROZZA),
        partial(product_of_curves, "M15_Rozza", 24, uniform(24), _ROZZA),
        partial(product_of_curves, "Mbeta", 10, _beta, _CAMPADELLI),
        partial(mn_nonlinear, "Mn1_Nonlinear", 18),
        partial(mn_nonlinear, "Mn2_Nonlinear", 24),
        partial(mp_paraboloid, "Mp1_Paraboloid", 3),
        partial(mp_paraboloid, "Mp2_Paraboloid", 6),
        partial(mp_paraboloid, "Mp3_Paraboloid", 9),
    )
}
