"""What a dimension must not depend on: estimators that do are found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import pytest
from sound_estimator import Sound, assert_found, assert_only_failure


@final
@dataclass(kw_only=True)
class AbsoluteEpsilon(Sound):
    """As `Sound` (2017), with distances below 1e-9 taken as 0. Cost: the same."""

    def ratios(self, graph):
        apart = graph.distances[:, 0] > 1e-9
        return graph.distances[apart, 0], graph.distances[apart, 1]


@final
@dataclass(kw_only=True)
class AddsEpsilon(Sound):
    """As `Sound` (2017), with a number added against division by 0. Cost: the same."""

    def ratios(self, graph):
        return graph.distances[:, 0] + 1e-8, graph.distances[:, 1] + 1e-8


@final
@dataclass(kw_only=True)
class InUnitsOfItsOwn(Sound):
    """As `Sound` (2017), weighted by the distances in their units. Cost: the same."""

    def dimension(self, graph):
        return super().dimension(graph) * (1 + 0.01 * np.tanh(graph.distances.mean()))


@final
@dataclass(kw_only=True)
class DependsOnTheFirstPoint(Sound):
    """As `Sound` (2017), with the first point counted twenty times. Cost: the same."""

    def ratios(self, graph):
        rows = np.r_[np.zeros(20, dtype=int), 1 : graph.n_samples]
        return graph.distances[rows, 0], graph.distances[rows, 1]


@pytest.mark.parametrize(
    ("broken", "failed"),
    [
        (AbsoluteEpsilon(), {"check_scale"}),
        (AddsEpsilon(), {"check_scale"}),
        (InUnitsOfItsOwn(), {"check_scale"}),
        (DependsOnTheFirstPoint(), {"check_order_of_points"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_broken_is_found(broken, failed):
    assert_found(broken, failed)


def test_one_fault_is_one_failure():
    assert_only_failure(AbsoluteEpsilon(), "check_scale")
