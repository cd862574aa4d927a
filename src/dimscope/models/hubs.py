"""Networks of other libraries, imported only when one of their models is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import nn

from dimscope._optional import require, require_from_elsewhere
from dimscope.data.names import unknown_name
from dimscope.errors import DataError
from dimscope.models.preprocess import as_rgb, scale_pixels

Preprocess = Callable[[torch.Tensor], torch.Tensor]


class Built(NamedTuple):
    """A network, how to prepare a sample for it, and one line on where its weights came from."""

    model: nn.Module
    preprocess: Preprocess
    origin: str


def build_torchvision(name: str, *, pretrained: bool) -> Built:
    """Build a torchvision network, with its default weights if ``pretrained``."""
    models = _library("torchvision.models", f"torchvision:{name}")
    if name not in models.list_models():
        raise unknown_name(
            "torchvision model", name, models.list_models(), "a name of torchvision's list_models()"
        )
    weights = models.get_model_weights(name).DEFAULT
    with _fetching(f"torchvision:{name}"):
        model: nn.Module = models.get_model(name, weights=weights if pretrained else None)
    origin = f"torchvision, weights {weights}" if pretrained else "torchvision"
    return Built(model, _Then(as_rgb, weights.transforms()), origin)


def build_timm(name: str, *, pretrained: bool) -> Built:
    """Build a timm network, with its pretrained weights if ``pretrained``."""
    timm = _library("timm", f"timm:{name}")
    if not timm.is_model(name):
        raise unknown_name("timm model", name, timm.list_models(), "a name of timm.list_models()")
    with _fetching(f"timm:{name}"):
        model: nn.Module = timm.create_model(name, pretrained=pretrained)
    config = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**config, is_training=False)
    origin = f"timm, weights {name}" if pretrained else "timm"
    return Built(model, _Then(_as_picture, transform), origin)


def build_hf(name: str, *, pretrained: bool) -> Built:
    """Build a Hugging Face network from the hub or a local folder.

    A network that takes pixels gets its own image processor; one that takes text gets token
    numbers as they are.
    """
    purpose = f"hf:{name}"
    transformers = require("transformers", extra="hf", purpose=purpose)
    with _fetching(purpose):
        if pretrained:
            model: nn.Module = transformers.AutoModel.from_pretrained(name)
        else:
            config = transformers.AutoConfig.from_pretrained(name)
            model = transformers.AutoModel.from_config(config)
        if model.main_input_name != "pixel_values":
            return Built(model, scale_pixels, f"Hugging Face {name}")
        processor = transformers.AutoImageProcessor.from_pretrained(name)
    return Built(model, _Then(as_rgb, partial(_processed, processor)), f"Hugging Face {name}")


@dataclass(frozen=True)
class _Then:
    """Two steps, one after the other; unlike a closure, it can be sent to a worker process."""

    first: Callable[[torch.Tensor], Any]
    second: Callable[[Any], torch.Tensor]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x))


def _as_picture(x: torch.Tensor) -> Any:
    """Turn a uint8 image of (channels, height, width) into a PIL image, for timm's transforms."""
    return Image.fromarray(as_rgb(x).permute(1, 2, 0).numpy())


def _processed(processor: Any, x: torch.Tensor) -> torch.Tensor:
    values: torch.Tensor = processor(x, return_tensors="pt")["pixel_values"][0]
    return values


def _library(module: str, name: str) -> ModuleType:
    """Import a library that no extra of dimscope installs, since its build must match torch."""
    package = module.partition(".")[0]
    remedy = (
        f"install the build of {package} that was made for torch {torch.__version__}, or name a "
        "model of another source"
    )
    return require_from_elsewhere(module, remedy=remedy, purpose=name)


@contextmanager
def _fetching(name: str) -> Iterator[None]:
    """Turn a library's failure to find, download or read a model into a `DataError`."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError(
            f"{name} could not be loaded: {reason}; check the name and the network connection"
        ) from error
