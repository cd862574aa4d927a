"""What the bases of estimators add to what they find."""

from __future__ import annotations

import numpy as np
import pytest
from known_points import matrix

from dimscope import (
    AlphaReQ,
    EffectiveRank,
    InputError,
    ParticipationRatio,
    PCADimension,
    RankMe,
    StableRank,
)


@pytest.mark.parametrize(
    "estimator",
    [
        ParticipationRatio(),
        ParticipationRatio(correction="none"),
        PCADimension(),
        EffectiveRank(),
        StableRank(),
        RankMe(),
        AlphaReQ(),
    ],
    ids=repr,
)
class TestSpectrumEstimators:
    @pytest.mark.parametrize("shape", [(10, 3), (10, 30)])
    def test_a_constant_is_refused(self, estimator, shape):
        with pytest.raises(InputError, match="all 10 rows are equal: a constant representation"):
            estimator.fit(np.full(shape, 0.1))

    def test_claims_no_scale_and_no_error_that_was_not_shown(self, estimator):
        estimate = estimator.fit(matrix(20)).estimate_
        assert estimate.scale is None
        shown = estimator == ParticipationRatio()
        assert (estimate.stderr is not None) == (estimate.interval is not None) == shown
        assert (estimate.n_samples, estimate.n_duplicates) == (20, 0)
