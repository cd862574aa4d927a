"""The noise of SGD, and the penalty on a layer's geometry that this noise amounts to."""

from __future__ import annotations

from dimscope.noise.closed_forms import (
    ReadoutPenalty,
    linear_readout_penalty,
    sgd_readout_penalty,
    softmax_readout_penalty,
)
from dimscope.noise.effective_regulariser import EffectiveRegulariser, effective_regulariser
from dimscope.noise.gradient_noise import gradient_noise
from dimscope.noise.objective import half_squared_error
from dimscope.noise.readout_geometry import ReadoutGeometry, readout_geometry
from dimscope.noise.regulariser_forms import RegulariserEstimate
from dimscope.noise.results import GradientNoise, NoiseEstimate
from dimscope.noise.sigma_scan import SigmaScan, scan_sigma
from dimscope.noise.stationary_noise import stationary_noise
from dimscope.noise.two_batch_noise import two_batch_noise
from dimscope.noise.weight_noise import WeightNoise, checkpoint_noise, isotropic_noise

__all__ = [
    "EffectiveRegulariser",
    "GradientNoise",
    "NoiseEstimate",
    "ReadoutGeometry",
    "ReadoutPenalty",
    "RegulariserEstimate",
    "SigmaScan",
    "WeightNoise",
    "checkpoint_noise",
    "effective_regulariser",
    "gradient_noise",
    "half_squared_error",
    "isotropic_noise",
    "linear_readout_penalty",
    "readout_geometry",
    "scan_sigma",
    "sgd_readout_penalty",
    "softmax_readout_penalty",
    "stationary_noise",
    "two_batch_noise",
]
