"""Named networks, ready to run on raw pixels."""

from __future__ import annotations

from dimscope.models.load import LoadedModel, check_model, load_model
from dimscope.models.preprocess import scale_pixels

__all__ = ["LoadedModel", "check_model", "load_model", "scale_pixels"]
