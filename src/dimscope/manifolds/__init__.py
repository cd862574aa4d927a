"""Point sets of known intrinsic dimension, to test estimators of it."""

from dimscope.manifolds.curved import (
    flat_torus,
    periodic_distances,
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
from dimscope.manifolds.manifold import Manifold, affine_image, embed_linearly
from dimscope.manifolds.matrices import rotations, segre, stiefel, veronese
from dimscope.manifolds.mixed import (
    gaussians,
    line_disk_ball,
    noisy_sphere,
    two_spheres,
    union,
)
from dimscope.manifolds.registry import BENCHMARK, HELD_OUT, MANIFOLDS, make_manifold

__all__ = [
    "BENCHMARK",
    "HELD_OUT",
    "MANIFOLDS",
    "Manifold",
    "affine_image",
    "ball",
    "bumps",
    "cantor_dust",
    "cube",
    "embed_linearly",
    "flat_torus",
    "gaussian",
    "gaussians",
    "koch",
    "lattice",
    "line_disk_ball",
    "log_normal",
    "make_manifold",
    "menger",
    "moving_pattern",
    "noisy_sphere",
    "peaked_ball",
    "periodic_distances",
    "random_waves",
    "rotations",
    "segre",
    "sierpinski",
    "sphere",
    "sphere_product",
    "stiefel",
    "student_t",
    "swiss_roll",
    "two_spheres",
    "union",
    "veronese",
]
