"""What training does to the dimension: the noise of SGD, its regulariser, losses of geometry."""

from dimscope.training._objective import half_squared_error
from dimscope.training.closed_forms import (
    ReadoutPenalty,
    linear_readout_penalty,
    sgd_readout_penalty,
    softmax_readout_penalty,
)
from dimscope.training.geometry import ReadoutGeometry, readout_geometry
from dimscope.training.losses import DimensionLoss
from dimscope.training.metric import DimensionMetric
from dimscope.training.noise import (
    GradientNoise,
    NoiseEstimate,
    gradient_noise,
    two_batch_noise,
)
from dimscope.training.regulariser import (
    EffectiveRegulariser,
    RegulariserEstimate,
    SigmaScan,
    effective_regulariser,
    scan_sigma,
)
from dimscope.training.weight_noise import (
    WeightNoise,
    checkpoint_noise,
    isotropic_noise,
    stationary_noise,
)

__all__ = [
    "DimensionLoss",
    "DimensionMetric",
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
