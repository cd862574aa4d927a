"""The dimension while a network learns, the noise that drives it, and losses made of geometry."""

from __future__ import annotations

from dimscope.training._objective import half_squared_error
from dimscope.training._regulariser_forms import RegulariserEstimate
from dimscope.training.callbacks import hugging_face_callback, lightning_callback
from dimscope.training.checkpoints import track_checkpoints
from dimscope.training.closed_forms import (
    ReadoutPenalty,
    linear_readout_penalty,
    sgd_readout_penalty,
    softmax_readout_penalty,
)
from dimscope.training.evaluation import evaluate
from dimscope.training.geometry import ReadoutGeometry, readout_geometry
from dimscope.training.losses import DimensionLoss
from dimscope.training.metric import DimensionMetric
from dimscope.training.noise import gradient_noise
from dimscope.training.noise_results import GradientNoise, NoiseEstimate
from dimscope.training.regulariser import EffectiveRegulariser, effective_regulariser
from dimscope.training.schedule import (
    AtSteps,
    EveryEpoch,
    EveryStep,
    LogThenEpochs,
    Schedule,
    make_schedule,
)
from dimscope.training.sigma_scan import SigmaScan, scan_sigma
from dimscope.training.stationary import stationary_noise
from dimscope.training.ticks import read_run
from dimscope.training.tracker import Tracker
from dimscope.training.two_batch import two_batch_noise
from dimscope.training.weight_noise import WeightNoise, checkpoint_noise, isotropic_noise

__all__ = [
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
]
