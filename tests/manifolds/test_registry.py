"""Sets by name."""

from __future__ import annotations

import numpy as np
import pytest

import dimscope as ds
from dimscope.manifolds import BENCHMARK, HELD_OUT, MANIFOLDS, make_manifold


class TestRegistry:
    def test_holds_the_published_sets(self):
        assert len(BENCHMARK) == len(set(BENCHMARK)) == 28
        assert set(BENCHMARK) < set(MANIFOLDS)
        assert all(name.startswith("M") for name in BENCHMARK)

    def test_every_family_is_exported_by_its_name(self):
        families = set(MANIFOLDS) - set(BENCHMARK)
        assert families < set(ds.manifolds.__all__)
        assert all(getattr(ds.manifolds, name) is MANIFOLDS[name] for name in families)

    def test_passes_parameters_on(self):
        manifold = make_manifold("sphere", dimension=10, ambient_dimension=40)
        assert (manifold.dimension, manifold.ambient_dimension) == (10, 40)
        assert manifold.linear_dimension == 11

    @pytest.mark.parametrize(
        ("name", "parameters", "message"),
        [
            ("spere", {}, "unknown manifold 'spere': choose from M0.*; did you mean sphere"),
            ("?", {}, "unknown manifold '\\?': choose from M0.*noisy_sphere$"),
            ("sphere", {"d": 3}, "sphere has no parameter 'd': it has dimension, ambient_dim"),
            ("M1_Sphere", {"dimension": 3}, "M1_Sphere has no parameter 'dimension': it has none"),
            ("M4_Nonlinear", {"name": "x"}, "M4_Nonlinear has no parameter 'name': it has none"),
            ("sphere", {"dimension": 0}, "dimension=0 must be at least 1"),
            ("sphere", {"dimension": 5, "ambient_dimension": 5}, "ambient_dimension=5 must be at"),
            ("cube", {"dimension": 5, "ambient_dimension": 4}, "ambient_dimension=4 must be at"),
            ("ball", {"concentration": 0.0}, "concentration=0.0 must be positive and finite"),
            ("student_t", {"degrees_of_freedom": np.inf}, "degrees_of_freedom=inf must be pos"),
            ("log_normal", {"spread": -1.0}, "spread=-1.0 must be positive"),
            ("lattice", {"size": 1}, "size=1 must be at least 2"),
            ("sphere_product", {"dimensions": ()}, "dimensions is empty"),
            ("sphere_product", {"dimensions": (2, 0)}, "the smallest of dimensions=0 must be"),
            ("random_waves", {"ambient_dimension": 6}, "ambient_dimension=6 must be at least 7"),
            ("stiefel", {"n_rows": 3, "n_columns": 3}, "n_rows=3 must be at least 4"),
            ("rotations", {"size": 1}, "size=1 must be at least 2"),
            ("menger", {"ambient_dimension": 1}, "ambient_dimension=1 must be at least 2"),
            ("bumps", {"image_size": 11}, "image_size=11 must be at least 12"),
            ("moving_pattern", {"dimension": 5}, "dimension=5 must be 1 to 4"),
            ("gaussians", {"dimensions": []}, "dimensions is empty"),
            ("gaussians", {"distance": 0.0}, "distance=0.0 must be positive"),
            ("two_spheres", {"distance": 2.0}, "distance=2.0 must be more than 2"),
            ("noisy_sphere", {"standard_deviation": -0.1}, "standard_deviation=-0.1 must be 0"),
        ],
    )
    def test_says_what_is_wrong(self, name, parameters, message):
        with pytest.raises(ds.InputError, match=message):
            make_manifold(name, **parameters)


@pytest.mark.parametrize("name", HELD_OUT)
def test_held_out_sets_are_made_by_their_name_and_are_no_benchmark_sets(name):
    generator, parameters = HELD_OUT[name]
    manifold = make_manifold(generator, **parameters)
    assert generator not in BENCHMARK
    assert 1 < manifold.dimension < manifold.ambient_dimension or generator in {
        "student_t",
        "log_normal",
    }
