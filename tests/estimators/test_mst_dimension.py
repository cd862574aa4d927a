"""The growth of spanning trees, and persistent homology."""

from __future__ import annotations

import numpy as np
import pytest
import skdim

import dimscope as ds


def test_scikit_dimension_agrees_on_persistent_homology():
    # version 0.5.0: overlapping random subsamples of the same sizes, which scatter
    x = np.random.default_rng(0).random((400, 3))
    peer = skdim.id.PH(n_range_min=0.25, nsteps=4, subsamples=30, random_state=0).fit(x)
    found = ds.MSTDimension(discard_fraction=0.0, n_halvings=2).fit(x).dimension_
    assert found == pytest.approx(peer.dimension_, rel=0.1)


@pytest.mark.statistical
@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_the_power_of_the_lengths_does_not_matter(alpha):
    """The slope of the sum is (d - alpha) / d: read as (d - 1) / d it gives d / alpha."""
    x = ds.manifolds.flat_torus(3).sample(2000, rng=0)
    assert ds.MSTDimension(alpha=alpha).fit(x).dimension_ == pytest.approx(3, rel=0.08)


@pytest.mark.statistical
def test_a_fractal_has_its_own():
    dust = ds.manifolds.cantor_dust()
    found = ds.MSTDimension().fit(dust.sample(2000, rng=0)).dimension_
    assert found == pytest.approx(dust.dimension, rel=0.1)
