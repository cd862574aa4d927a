"""Which engine searches: the one that is given, or this machine."""

from __future__ import annotations

import numpy as np
import pytest

from dimscope import InputError, NeighborGraph
from dimscope.neighbors import LocalEngine


def cloud(n=60):
    return np.random.default_rng(0).normal(size=(n, 4))


@pytest.mark.parametrize("options", [{"n_jobs": 2}, {"search_device": "cpu"}])
def test_an_engine_brings_its_own_resources(options):
    with pytest.raises(InputError, match="an engine is given: leave them out"):
        NeighborGraph.from_points(cloud(), 5, engine=LocalEngine(), **options)


def test_what_is_no_engine_is_bad_input():
    with pytest.raises(InputError, match="dict is not an Engine: it needs resources, nearest"):
        NeighborGraph.from_points(cloud(), 5, engine={})
