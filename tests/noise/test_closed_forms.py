"""The penalty of a readout as a loss; its values stand in test_effective_regulariser."""

from __future__ import annotations

import pytest
import torch

import dimscope as ds
from dimscope.noise import ReadoutPenalty


@pytest.mark.parametrize("form", ["softmax", "linear"])
def test_gradient_is_that_of_finite_differences(form):
    torch.manual_seed(0)
    h = torch.randn(7, 4, dtype=torch.float64, requires_grad=True)
    z = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ReadoutPenalty(0.3, form), (h, z))


def test_autocast_changes_nothing_inside():
    h, z = torch.randn(7, 4), torch.randn(7, 3)
    penalty = ReadoutPenalty(0.3)
    want = float(penalty(h, z))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert float(penalty(h, z)) == want


def test_a_penalty_without_noise_is_refused():
    with pytest.raises(ds.InputError, match=r"sigma=0\.0 must be positive"):
        ReadoutPenalty(0.0)
