"""The layers at which Ansuini et al. (2019) measure a network, and their depths.

A depth counts the convolutions and linear maps up to a layer. What lies on a shortcut beside them
does not count, and the passage from maps to vectors (the average pool of a ResNet, the first linear
map of AlexNet or VGG) counts as one more. So count the authors' code and the published figures.

A hidden linear map is read after its ReLU: the authors' code keeps its output, which the ReLU of
torchvision's networks then overwrites in place; that of their MNIST network is written so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from dimscope.errors import InputError

_STAGE = re.compile(r"layer\d+")
_SHORTCUTS = {"downsample", "shortcut"}
_OTHERWISE = (
    "the paper's checkpoints are those of AlexNet, VGG and ResNet: name the layers to measure, or "
    "take layers='auto'"
)


@dataclass(frozen=True)
class Checkpoint:
    """A layer at which the paper measures.

    Parameters
    ----------
    layer
        Its name, as profiles take it.
    depth
        Convolutions and linear maps up to it, and the passage to vectors.
    relative_depth
        That, over the same of the whole network: 0 at the input, 1 at the end.
    """

    layer: str
    depth: int
    relative_depth: float


def checkpoints(model: nn.Module) -> tuple[Checkpoint, ...]:
    """The paper's checkpoints of a network built like AlexNet, VGG or ResNet.

    Of a plain network these are the input, every max-pool and every linear map, each with the ReLU
    right after it. Of a network with stages ``layer1``, ``layer2``, ... they are the input, the end
    of the stem (in torchvision the max-pool), every stage, the average pool and the linear map.

    Parameters
    ----------
    model
        The network. It is not run: its modules must be defined in the order in which they run.

    Raises
    ------
    InputError
        If the network is built in another way, so that the paper says nothing of it.

    Examples
    --------
    >>> from dimscope.models import vgg_small
    >>> for point in checkpoints(vgg_small()):
    ...     print(point.layer, point.depth, round(point.relative_depth, 2))
    input 0 0.0
    pool1 2 0.2
    pool2 4 0.4
    pool3 6 0.6
    fc_relu1 8 0.8
    fc_relu2 9 0.9
    fc3 10 1.0
    """
    stages = [name for name, _ in model.named_children() if _STAGE.fullmatch(name)]
    chosen = _of_stages(model, stages) if stages else _of_plain_network(model)
    depths = _depths(model)
    in_all = max(depths.values(), default=0)
    if not chosen or in_all == 0:
        raise InputError(
            f"{type(model).__name__} has neither max-pools nor linear maps; {_OTHERWISE}"
        )
    points = [("input", 0), *((name, depths[name]) for name in chosen)]
    return tuple(Checkpoint(name, depth, depth / in_all) for name, depth in points)


def last_hidden(model: nn.Module) -> str:
    """Name of the layer that the paper calls the last hidden one: the input of the last linear map.

    Parameters
    ----------
    model
        The network. Its modules must be defined in the order in which they run.

    Raises
    ------
    InputError
        If the network has no linear map.

    Examples
    --------
    >>> from dimscope.models import resnet_small
    >>> last_hidden(resnet_small())
    'fc:input'
    """
    linear = [name for name, module in _leaves(model) if isinstance(module, nn.Linear)]
    if not linear:
        raise InputError(
            f"{type(model).__name__} has no linear map, and so no last hidden layer; name a layer"
        )
    return f"{linear[-1]}:input"


def _of_stages(model: nn.Module, stages: list[str]) -> list[str]:
    children = dict(model.named_children())
    names = list(children)
    stem = names[: names.index(stages[0])]
    ends = [
        name
        for name in names[names.index(stages[-1]) :]
        if isinstance(children[name], nn.AdaptiveAvgPool2d | nn.Linear)
    ]
    return [*stem[-1:], *stages, *ends]


def _of_plain_network(model: nn.Module) -> list[str]:
    for name, module in model.named_modules():
        is_container = next(module.children(), None) is not None
        if name and is_container and type(module) is not nn.Sequential:
            raise InputError(
                f"{type(model).__name__} holds {name}, a {type(module).__name__}, so it is no "
                f"plain sequence, and it has no stages layer1, layer2, ...; {_OTHERWISE}"
            )
    leaves = list(_leaves(model))
    return [
        following if isinstance(next_module, nn.ReLU) else name
        for (name, module), (following, next_module) in pairwise([*leaves, ("", model)])
        if isinstance(module, nn.MaxPool2d | nn.Linear)
    ]


def _leaves(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Modules that hold no others, outside of shortcuts, by name."""
    for name, module in model.named_modules():
        if (
            name
            and next(module.children(), None) is None
            and _SHORTCUTS.isdisjoint(name.split("."))
        ):
            yield name, module


def _depths(model: nn.Module) -> dict[str, int]:
    """The depth at the end of every module, by name."""
    depths: dict[str, int] = {}
    depth, has_maps = 0, False
    for name, module in _leaves(model):
        if has_maps and isinstance(module, nn.AdaptiveAvgPool2d | nn.Linear):
            depth, has_maps = depth + 1, False
        if isinstance(module, nn.Conv2d):
            has_maps = True
        if isinstance(module, nn.Conv2d | nn.Linear):
            depth += 1
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            depths[".".join(parts[:length])] = depth
    return depths
