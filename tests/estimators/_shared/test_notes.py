"""Notes on points that hold for any estimate."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import dimscope as ds


@pytest.mark.parametrize("method", ["two_nn", "two_nn_bayes", "levina_bickel"])
def test_rounding_of_a_quarter_of_the_points_is_noted(method):
    # on the line points are near each other; the mean distance is that of the disk and the ball
    x = torch.from_numpy(ds.make_manifold("line_disk_ball").sample(240, rng=0))
    codes = [note.code for note in ds.estimate(x.bfloat16(), method).notes]
    assert "rounding" in codes
    assert "rounding" not in [note.code for note in ds.estimate(x.float(), method).notes]


def test_copies_that_are_kept_are_no_rounding():
    x = np.random.default_rng(0).normal(size=(200, 3))
    kept = ds.estimate(np.concatenate([x, x[:50]]), "two_nn", duplicates="keep")
    assert "rounding" not in [note.code for note in kept.notes]
