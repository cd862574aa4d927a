"""What makes one set from another: images, larger spaces, noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

import dimscope as ds
from dimscope.manifolds import affine_image, cube, embed_linearly, sphere

N = 4000


class TestOperations:
    def test_a_linear_embedding_keeps_distances(self):
        flat, large = cube(3), embed_linearly(cube(3), 12)
        assert (large.ambient_dimension, large.linear_dimension, large.dimension) == (12, 3, 3)
        np.testing.assert_allclose(pdist(large.sample(50, rng=0)), pdist(flat.sample(50, rng=0)))
        assert embed_linearly(flat, None) is embed_linearly(flat, 3) is flat

    def test_an_affine_image(self):
        image = affine_image(cube(2), [[1, 0], [0, 2], [1, 1]], [5, 0, 0])
        x, y = cube(2).sample(20, rng=0).T
        np.testing.assert_allclose(image.sample(20, rng=0), np.stack([x + 5, 2 * y, x + y], axis=1))

    @pytest.mark.parametrize(
        ("matrix", "message"),
        [
            (np.eye(3), r"needs a matrix of 2 columns, got shape \(3, 3\)"),
            ([1, 2], r"needs a matrix of 2 columns, got shape \(2,\)"),
            ([[1, 1], [2, 2]], "the 2 columns of the matrix are not independent"),
        ],
    )
    def test_an_image_that_would_lose_dimensions_is_refused(self, matrix, message):
        with pytest.raises(ds.InputError, match=message):
            affine_image(cube(2), matrix)

    @pytest.mark.statistical
    def test_noise_is_isotropic_and_added_last(self):
        noisy = sphere(2, 6).with_noise(0.3)
        assert (noisy.dimension, noisy.linear_dimension) == (2, 3)
        error = noisy.sample(N, rng=0) - sphere(2, 6).sample(N, rng=0)
        assert np.abs(np.cov(error.T) - 0.09 * np.eye(6)).max() < 0.01
        assert (noisy.with_noise(0).sample(9, rng=0) == sphere(2, 6).sample(9, rng=0)).all()

    @pytest.mark.parametrize("noise", [-0.1, np.nan, np.inf])
    def test_noise_must_be_a_length(self, noise):
        with pytest.raises(ds.InputError, match=f"standard_deviation={noise} must be 0 or more"):
            cube().with_noise(noise)
