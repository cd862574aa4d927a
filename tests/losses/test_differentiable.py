"""Neighbours in a batch: those of our exact search."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import dimscope as ds
from dimscope.losses.differentiable import nearest_in_batch


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_neighbours_are_exact_whatever_the_offset(offset):
    """Tight clusters far apart: products in float64 cannot tell the neighbours inside one."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 5, generator=generator, dtype=torch.float64)
    x[:30] *= 1e-6
    x[:30] += offset
    found = nearest_in_batch(x, 4)
    graph = ds.NeighborGraph.from_points(x.numpy(), 4)
    assert np.array_equal(found.indices.numpy(), graph.indices)
    assert found.squares.sqrt().numpy() == pytest.approx(graph.distances, rel=1e-12)
