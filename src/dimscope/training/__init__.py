"""What training does to the dimension: the noise of SGD, its regulariser, losses of geometry."""

from dimscope.training.losses import DimensionLoss
from dimscope.training.metric import DimensionMetric

__all__ = ["DimensionLoss", "DimensionMetric"]
