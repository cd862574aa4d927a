"""Losses and metrics made of geometry."""

from __future__ import annotations

from dimscope.losses.dimension_loss import DimensionLoss
from dimscope.losses.dimension_metric import DimensionMetric

__all__ = ["DimensionLoss", "DimensionMetric"]
