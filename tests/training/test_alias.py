"""`dimscope.training` has every name that it had in version 0.1."""

from __future__ import annotations

import pytest

import dimscope as ds
import dimscope.training

NAMES = (
    "AtSteps",
    "DimensionLoss",
    "DimensionMetric",
    "EffectiveRegulariser",
    "EveryEpoch",
    "EveryStep",
    "GradientNoise",
    "LogThenEpochs",
    "NoiseEstimate",
    "ReadoutGeometry",
    "ReadoutPenalty",
    "RegulariserEstimate",
    "Schedule",
    "SigmaScan",
    "Tracker",
    "WeightNoise",
    "checkpoint_noise",
    "effective_regulariser",
    "evaluate",
    "gradient_noise",
    "half_squared_error",
    "hugging_face_callback",
    "isotropic_noise",
    "lightning_callback",
    "linear_readout_penalty",
    "make_schedule",
    "read_run",
    "readout_geometry",
    "scan_sigma",
    "sgd_readout_penalty",
    "softmax_readout_penalty",
    "stationary_noise",
    "track_checkpoints",
    "two_batch_noise",
)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_version_0_1_is_there(name):
    assert name in dimscope.training.__all__
    assert getattr(dimscope.training, name).__module__.startswith("dimscope.")


def test_names_at_the_top_are_the_same_objects():
    for name in ("Tracker", "DimensionLoss", "DimensionMetric"):
        assert getattr(ds, name) is getattr(dimscope.training, name)
