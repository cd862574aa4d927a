"""Unsuitable data: estimators that say nothing, or wrong numbers, are found."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import final

import numpy as np
import pytest
from sound_estimator import Sound, assert_found, assert_only_failure

import dimscope as ds


@final
@dataclass(kw_only=True)
class MeanOfLocal(Sound):
    """Levina and Bickel (2004): the mean of local dimensions of k = 20. Cost: N k."""

    @property
    def n_neighbors_needed(self):
        """Neighbours used: 20."""
        return 20

    def dimension(self, graph):
        shares = graph.distances[:, :19] / graph.distances[:, 19:20]
        with np.errstate(divide="ignore"):
            values = 18 / -np.log(shares).sum(axis=1)
        if not np.isfinite(values).all():
            raise ds.InputError("all 20 neighbours of a point are at one distance")
        return float(values.mean())


@final
@dataclass(kw_only=True)
class ZeroForUnknown(Sound):
    """As `Sound` (2017), with 0 where nothing can be seen. Cost: the same."""

    def dimension(self, graph):
        try:
            return super().dimension(graph)
        except ds.InputError:
            return 0.0


@final
@dataclass(kw_only=True)
class SaysNothing(Sound):
    """As `Sound` (2017), without any notes. Cost: the same."""

    def estimate(self, graph):
        return dataclasses.replace(Sound.estimate(self, graph), notes=())


@pytest.mark.parametrize(
    ("broken", "failed"),
    [
        (MeanOfLocal(), {"check_one_outlier"}),
        (ZeroForUnknown(), {"check_equal_distances", "check_few_points"}),
        (SaysNothing(), {"check_discrete_data_are_noted", "check_duplicates_are_set_aside"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_broken_is_found(broken, failed):
    assert_found(broken, failed)


def test_one_fault_is_one_failure():
    assert_only_failure(MeanOfLocal(), "check_one_outlier")
