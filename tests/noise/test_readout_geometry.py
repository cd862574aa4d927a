"""The geometry of a readout's features."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import dimscope as ds
from dimscope.noise import readout_geometry


def test_what_the_readout_does_not_see_shrinks():
    torch.manual_seed(0)
    h, readout = torch.randn(300, 8, dtype=torch.float64), torch.randn(2, 8).double()
    q = torch.linalg.qr(readout.T).Q
    inside = h @ q @ q.T
    now = readout_geometry(
        inside + 0.3 * (h - inside), readout, initial_features=h, initial_readout=readout
    )
    assert now.orthogonal_ratio == pytest.approx(0.3)
    assert now.readout_rank == 2
    spread = np.cov((inside + 0.3 * (h - inside)).numpy(), rowvar=False)
    assert now.feature_variance == pytest.approx(np.trace(spread))
    assert now.readout_variance == pytest.approx(np.trace(q.T.numpy() @ spread @ q.numpy()))
    want = ds.estimate((inside + 0.3 * (h - inside)).numpy(), "participation_ratio").value
    assert now.participation_ratio == pytest.approx(want)


def test_a_readout_of_full_rank_leaves_nothing_orthogonal():
    h = torch.randn(20, 3)
    now = readout_geometry(h, torch.eye(3), initial_features=h, initial_readout=torch.eye(3))
    assert now.orthogonal_ratio is None


def test_features_that_do_not_fit_the_readout_are_refused():
    with pytest.raises(ds.InputError, match="features of shape"):
        readout_geometry(torch.randn(60, 5), torch.eye(4))
