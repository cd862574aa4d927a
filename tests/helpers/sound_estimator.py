"""A small estimator that passes the conformance suite, for tests that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import dimscope as ds
from dimscope.errors import ConformanceError
from dimscope.estimators import NeighborEstimator, graph_notes
from dimscope.testing import check_estimator


@dataclass(kw_only=True)
class Sound(NeighborEstimator):
    """TwoNN by maximum likelihood (Facco et al. 2017), to be broken below.

    Cost: N logarithms.
    """

    name: ClassVar[str] = "sound"

    @property
    def n_neighbors_needed(self):
        """Neighbours used: 2."""
        return 2

    def ratios(self, graph):
        return graph.distances[:, 0], graph.distances[:, 1]

    def dimension(self, graph):
        r1, r2 = self.ratios(graph)
        total = float(np.log(r2 / r1).sum())
        if len(r1) < 5 or total == 0:
            raise ds.InputError(f"{len(r1)} points with a sum of ratios {total} show no dimension")
        return (len(r1) - 1) / total

    def estimate(self, graph):
        self._check(graph)
        return self._answer(
            graph,
            value=self.dimension(graph),
            stderr=None,
            scale=float(graph.distances[:, 1].mean()),
            n_samples=graph.n_samples,
            notes=graph_notes(graph),
            ranks=(1, 2),
        )


def assert_found(broken, failed):
    """The suite lists at least these failures, each with its fault."""
    with pytest.raises(ConformanceError) as caught:
        check_estimator(broken)
    assert failed <= caught.value.failures.keys()
    for check, fault in caught.value.failures.items():
        assert f"{check}: {fault}" in str(caught.value)


def assert_only_failure(broken, check):
    """The suite lists this failure alone, and passes where it is expected."""
    with pytest.raises(ConformanceError, match=f"sound failed 1 checks:\n  {check}: ") as caught:
        check_estimator(broken)
    assert list(caught.value.failures) == [check]
    check_estimator(broken, expected_failures={check: "it was made so"})
