"""Named networks, ready to run on raw pixels."""

from __future__ import annotations

from dimscope.models.load import LoadedModel, check_model, load_model
from dimscope.models.nets import resnet_small, vgg_small
from dimscope.models.preprocess import scale_pixels

__all__ = [
    "LoadedModel",
    "check_model",
    "load_model",
    "resnet_small",
    "scale_pixels",
    "vgg_small",
]
