"""The dimension of features as a loss, and as a metric of a stream of batches."""

from __future__ import annotations

from dimscope.losses.dimension_loss import DimensionLoss
from dimscope.losses.dimension_metric import DimensionMetric

__all__ = ["DimensionLoss", "DimensionMetric"]
