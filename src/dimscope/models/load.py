"""Loading a network by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from dimscope._deprecated import renamed_parameters
from dimscope._parameters import checked_parameters
from dimscope._rng import Rng, seed_of
from dimscope.data.names import call_user_function, is_user_code, unknown_name, user_file
from dimscope.errors import InputError
from dimscope.io import check_tensor_file
from dimscope.models.hubs import (
    Built,
    Preprocess,
    build_hf,
    build_timm,
    build_torchvision,
)
from dimscope.models.nets import NETS
from dimscope.models.packaged import PACKAGED
from dimscope.models.preprocess import scale_pixels
from dimscope.models.weights import load_weights

_SOURCES: dict[str, Callable[..., Built]] = {
    "torchvision": build_torchvision,
    "timm": build_timm,
    "hf": build_hf,
}
GRAMMAR = " | ".join([*PACKAGED, *NETS, *(f"{s}:NAME" for s in _SOURCES), "file.py:function"])


@dataclass(frozen=True)
class LoadedModel:
    """A network, its name, and how to prepare its input.

    Parameters
    ----------
    model
        The network, on the CPU and in evaluation mode.
    label
        Its name in tables and plots.
    origin
        One line: where its architecture and weights came from.
    preprocess
        Turns one raw sample, such as a uint8 image of (channels, height, width), into the tensor
        that the network expects, without the batch axis.
    """

    model: nn.Module
    label: str
    origin: str
    preprocess: Preprocess


@renamed_parameters(seed="rng")
@checked_parameters
def load_model(
    name: str, *, weights: str | Path | None = None, untrained: bool = False, rng: Rng = 0
) -> LoadedModel:
    """Load a network by its name.

    Parameters
    ----------
    name
        A network whose trained weights a package ships: ``efficientnet_lite0``,
        ``efficientnet_lite1``, ``efficientnet_lite2`` and ``squeezenet1_1`` (ImageNet),
        ``vgg16_trunk`` (13 convolutions trained for edges); one of our own small networks,
        untrained unless ``weights`` are given (``mnist_net``, ``fashion_cnn``, ``cifar_cnn``,
        ``vgg16_cifar``, ``resnet18_cifar``, ``dense_net``); ``torchvision:NAME``, ``timm:NAME``,
        ``hf:NAME`` (of the hub, or a folder); or ``file.py:function``, a function that returns the
        network, or the network and its preprocessing. The file is executed.
    weights
        A state dictionary (``.pt``, ``.pth``, ``.safetensors``) to load into the architecture.
    untrained
        Build the architecture with fresh weights.
    rng
        Seed or generator of the fresh weights. Torch's global random state does not change.

    Raises
    ------
    InputError
        If the name is unknown, the weights do not fit, or ``untrained`` is combined with
        ``weights`` or user code.
    DataError
        If a library cannot find or fetch its weights.
    MissingDependencyError
        If the library of a model is not installed or is broken.
    CaptureError
        If the user's code fails.

    Examples
    --------
    >>> loaded = load_model("mnist_net")
    >>> loaded.label
    'mnist_net (untrained)'
    >>> import torch
    >>> image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    >>> tuple(loaded.model(loaded.preprocess(image)[None]).shape)
    (1, 10)
    """
    check_model(name, weights=weights, untrained=untrained)
    seed = seed_of(rng)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        built = _build(name, pretrained=weights is None and not untrained)
    origin = built.origin
    if weights is not None:
        load_weights(built.model, weights)
        origin = f"{origin}, weights of {weights}"
    is_untrained = untrained or (weights is None and name in NETS)
    label = Path(name).name if is_user_code(name) else name
    return LoadedModel(
        model=built.model.eval(),
        label=f"{label} (untrained)" if is_untrained else label,
        origin=f"{origin}, untrained, seed {seed}" if is_untrained else origin,
        preprocess=built.preprocess,
    )


def check_model(name: str, *, weights: str | Path | None = None, untrained: bool = False) -> None:
    """Refuse what `load_model` cannot load, as far as it can be told without loading anything.

    Raises
    ------
    InputError
        If the name is unknown, a file is not there, or ``untrained`` is combined with ``weights``
        or user code.
    """
    if untrained and weights is not None:
        raise InputError(
            f"{name} was asked for untrained and with the weights {str(weights)!r}; choose one"
        )
    if is_user_code(name):
        user_file(name)
        if untrained:
            raise InputError(
                f"{name} decides on its own weights, so it cannot be asked for untrained; name a "
                "function that returns the untrained network"
            )
    else:
        source, _, rest = name.partition(":")
        if not (name in NETS or name in PACKAGED or (source in _SOURCES and rest)):
            raise unknown_name("model", name, [*PACKAGED, *NETS, *_SOURCES], GRAMMAR)
    if weights is not None:
        check_tensor_file(weights)


def _build(name: str, *, pretrained: bool) -> Built:
    source, _, rest = name.partition(":")
    if name in NETS:
        return Built(NETS[name](), scale_pixels, "architecture of dimscope")
    if name in PACKAGED:
        return PACKAGED[name](pretrained=pretrained)
    if source in _SOURCES:
        return _SOURCES[source](rest, pretrained=pretrained)
    return _build_user_code(name)


def _build_user_code(name: str) -> Built:
    result = call_user_function(name)
    model, preprocess = (
        result if isinstance(result, tuple) and len(result) == 2 else (result, scale_pixels)
    )
    if not isinstance(model, nn.Module) or not callable(preprocess):
        raise InputError(
            f"{name} returned {type(result).__name__}; return a torch.nn.Module, or the module and "
            "a function that prepares one sample for it"
        )
    return Built(model, preprocess, f"built by {name}")
