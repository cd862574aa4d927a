"""What I3D and BID share."""

from __future__ import annotations

import json

import numpy as np
import pytest
from known_points import BITS, LEVELS, l1_distances
from sklearn.base import clone

import dimscope as ds
from dimscope import BID, I3D, NeighborGraph
from dimscope.estimators._shared.discrete import pair_counts


@pytest.mark.parametrize(("estimator", "x"), [(I3D(), LEVELS), (BID(), BITS)], ids=["i3d", "bid"])
class TestBoth:
    def test_have_what_every_estimator_has(self, estimator, x):
        fitted = clone(estimator).fit(x)
        estimate = fitted.estimate_
        assert clone(fitted) == estimator
        assert fitted.dimension_ == ds.estimate(x, estimator).value == estimate.value > 0
        assert estimator.get_params().items() <= estimate.parameters.items()
        fields = estimate.to_dict()
        assert json.loads(json.dumps(fields, allow_nan=False)) == fields

    def test_do_not_depend_on_the_order_or_on_the_type(self, estimator, x):
        value = clone(estimator).fit(x).dimension_
        shuffled = np.random.default_rng(0).permutation(x)
        for same in (shuffled, x.astype(np.float32), x + 1000, x.astype(np.uint8)):
            assert clone(estimator).fit(same).dimension_ == pytest.approx(value, rel=1e-9)

    def test_need_the_points(self, estimator, x):
        graph = NeighborGraph.from_points(x, 3)
        given = NeighborGraph.from_neighbors(graph.distances, graph.indices)
        with pytest.raises(ds.InputError, match=f"{estimator.name} needs the points themselves"):
            estimator.estimate(given)

    def test_refuse_a_constant(self, estimator, x):
        with pytest.raises(ds.InputError, match="all 9 rows are equal"):
            clone(estimator).fit(np.ones((9, 3)))

    def test_count_all_pairs_once(self, estimator, x):
        counts = pair_counts(x.astype(np.float64))
        assert counts.tolist() == np.bincount(l1_distances(x), minlength=len(counts)).tolist()
