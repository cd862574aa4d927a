"""What the tests of the search share."""

from __future__ import annotations

import pytest

from dimscope.neighbors.search import projection as _projection, sample as _sample


@pytest.fixture(autouse=True)
def the_same_machine_everywhere(monkeypatch):
    """Which bounds are worth their cost depends on how fast a processor multiplies."""
    for module in (_sample, _projection):
        monkeypatch.setattr(module, "seconds_per_product", lambda: 1.5e-11)
