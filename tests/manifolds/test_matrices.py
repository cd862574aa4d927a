"""Sets of matrices against what is known of their laws and distances."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from laws import p_value
from scipy.spatial.distance import pdist, squareform

from dimscope.manifolds import rotations, segre, stiefel, veronese

N = 4000


def test_projective_distances_are_those_of_matrices():
    manifold = veronese(3)
    t = manifold.draw(np.random.default_rng(0), 50)
    v = t / np.linalg.norm(t, axis=1, keepdims=True)
    expected = np.sqrt(np.maximum(0, 2 - 2 * (v @ v.T) ** 2))
    np.testing.assert_allclose(squareform(pdist(manifold.embed(t))), expected, atol=1e-7)
    np.testing.assert_allclose(manifold.embed(t), manifold.embed(-t))


def test_segre_matrices_have_rank_one():
    values = np.linalg.svd(segre(2, 3).sample(50, rng=0).reshape(50, 3, 4), compute_uv=False)
    np.testing.assert_allclose(values[:, 0], 1)
    assert values[:, 1].max() < 1e-12


@pytest.mark.statistical
def test_stiefel_frames_are_orthonormal_and_uniform():
    q = stiefel(4, 2).sample(N, rng=0).reshape(N, 4, 2)
    gram = q.swapaxes(1, 2) @ q
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(2), gram.shape), atol=1e-12)
    for i, j in np.ndindex(4, 2):
        assert p_value((q[:, i, j] + 1) / 2, scipy.stats.beta(1.5, 1.5)) > 1e-3


@pytest.mark.statistical
@pytest.mark.parametrize("size", [2, 3, 4])
def test_rotations_are_rotations_and_uniform(size):
    manifold = rotations(size)
    r = manifold.sample(N, rng=0).reshape(N, size, size)
    np.testing.assert_allclose(np.linalg.det(r), 1)
    gram = r.swapaxes(1, 2) @ r
    np.testing.assert_allclose(gram, np.broadcast_to(np.eye(size), gram.shape), atol=1e-12)
    traces = np.trace(r, axis1=1, axis2=2)
    # of SO(n): the mean of the trace is 0, of its square 1, and 2 for n = 2
    assert abs(traces.mean()) < 4 * traces.std() / np.sqrt(N)
    assert (traces**2).mean() == pytest.approx(2 if size == 2 else 1, rel=0.1)
    assert np.linalg.matrix_rank(r.reshape(N, -1)) == manifold.linear_dimension
