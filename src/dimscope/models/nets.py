"""Small networks of our own, with layers named as in the literature.

All are untrained as built and take float32 pixels in [0, 1].
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import nn

from dimscope.errors import InputError

N_CLASSES = 10


def mnist_net() -> nn.Sequential:
    """Build the MNIST network of Ansuini et al. (2019), for images of 1 x 28 x 28."""
    layers: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(1, 32, 3),
        "pool1": nn.MaxPool2d(2),
        "relu1": nn.ReLU(),
        "conv2": nn.Conv2d(32, 64, 3),
        "pool2": nn.MaxPool2d(2),
        "relu2": nn.ReLU(),
        "flatten": nn.Flatten(),
        "fc1": nn.Linear(64 * 5 * 5, 128),
        "relu3": nn.ReLU(),
        "fc2": nn.Linear(128, N_CLASSES),
        "log_softmax": nn.LogSoftmax(dim=1),
    }
    return nn.Sequential(OrderedDict(layers))


def vgg_small(  # noqa: PLR0913 - the sizes of a family
    widths: Sequence[int] = (16, 32, 64),
    per_stage: int | Sequence[int] = 2,
    dense: Sequence[int] = (256, 128),
    *,
    n_channels: int = 3,
    size: int = 32,
    batch_norm: bool = True,
) -> nn.Sequential:
    """Build a network in the style of VGG: stages of 3 x 3 convolutions, then dense layers.

    Its layers are ``conv1``, ``bn1``, ``relu1``, ..., ``pool1`` after the first stage, ...,
    ``flatten``, ``fc1``, ``fc_relu1``, ..., and the last ``fc`` has 10 outputs.

    Parameters
    ----------
    widths
        Channels of each stage; a max-pool at its end halves the sides of the maps.
    per_stage
        Convolutions of each stage: one number for all, or one for each.
    dense
        Units of the hidden dense layers; none is allowed.
    n_channels, size
        Channels and sides of the images.
    batch_norm
        Whether batch normalisation stands between each convolution and its ReLU.

    Raises
    ------
    InputError
        If there is no stage, a stage or a layer would be empty, or the images are too small.

    Examples
    --------
    >>> [name for name, _ in vgg_small((8, 16), per_stage=1, dense=()).named_children()]
    ['conv1', 'bn1', 'relu1', 'pool1', 'conv2', 'bn2', 'relu2', 'pool2', 'flatten', 'fc1']
    """
    lengths = [per_stage] * len(widths) if isinstance(per_stage, int) else list(per_stage)
    _require_positive(
        "vgg_small", widths=widths, per_stage=lengths, dense=dense, n_channels=[n_channels]
    )
    if len(lengths) != len(widths):
        raise InputError(
            f"vgg_small: per_stage={per_stage!r} has {len(lengths)} numbers for {len(widths)} "
            "widths; give one for each stage, or a single number"
        )
    side = size // 2 ** len(widths)
    if side < 1:
        raise InputError(
            f"vgg_small: images of {size} x {size} pixels are halved {len(widths)} times; "
            f"give at least {2 ** len(widths)} pixels, or fewer widths"
        )
    stages = [(width,) * length for width, length in zip(widths, lengths, strict=True)]
    features = conv_stages(stages, n_channels=n_channels, batch_norm=batch_norm)
    features["flatten"] = nn.Flatten()
    return nn.Sequential(OrderedDict(features | _dense(widths[-1] * side**2, dense)))


def resnet_small(
    widths: Sequence[int] = (16, 32, 64), blocks: int = 3, n_channels: int = 3
) -> nn.Sequential:
    """Build a residual network for small images, by default the ResNet-20 of He et al. (2016).

    Its layers are ``conv1`` (3 x 3), ``bn1``, ``relu1``, ``layer1``, ..., ``avgpool``, ``flatten``
    and ``fc`` with 10 outputs. Unlike theirs, a shortcut between stages is a 1 x 1 convolution
    (their option B). Images may be of any size.

    Parameters
    ----------
    widths
        Channels of each stage; every stage but the first halves the sides of the maps.
    blocks
        Basic blocks of each stage, of two convolutions each.
    n_channels
        Channels of the images.

    Raises
    ------
    InputError
        If there is no stage, or a stage would be empty.

    Examples
    --------
    >>> [name for name, _ in resnet_small((8, 16), blocks=1).named_children()]
    ['conv1', 'bn1', 'relu1', 'layer1', 'layer2', 'avgpool', 'flatten', 'fc']
    """
    _require_positive("resnet_small", widths=widths, blocks=[blocks], n_channels=[n_channels])
    n_in = widths[0]
    layers: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(n_channels, n_in, 3, padding=1, bias=False),
        "bn1": nn.BatchNorm2d(n_in),
        "relu1": nn.ReLU(),
    }
    for stage, n_out in enumerate(widths, start=1):
        first = ResidualBlock(n_in, n_out, stride=1 if stage == 1 else 2)
        others = [ResidualBlock(n_out, n_out) for _ in range(blocks - 1)]
        layers[f"layer{stage}"] = nn.Sequential(first, *others)
        n_in = n_out
    layers["avgpool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(n_in, N_CLASSES)
    return nn.Sequential(OrderedDict(layers))


def fashion_cnn() -> nn.Sequential:
    """Build three conv-ReLU-pool blocks (16, 32, 64) and fc 256, 128, 10, for 1 x 28 x 28."""
    return vgg_small(per_stage=1, n_channels=1, size=28, batch_norm=False)


def cifar_cnn() -> nn.Sequential:
    """Build six conv-BN-ReLU (16, 16, 32, 32, 64, 64) and fc 256, 128, 10, for 3 x 32 x 32.

    A max-pool follows each second convolution.
    """
    return vgg_small()


def vgg16_cifar() -> nn.Sequential:
    """Build VGG-16 with batch normalisation and fc 512, 512, 10, for 3 x 32 x 32."""
    return vgg_small((64, 128, 256, 512, 512), per_stage=(2, 2, 3, 3, 3), dense=(512, 512))


def dense_net() -> nn.Sequential:
    """Build seven fully connected layers (six of 256 units, and 10), for 1 x 28 x 28."""
    layers: dict[str, nn.Module] = {"flatten": nn.Flatten()}
    return nn.Sequential(OrderedDict(layers | _dense(28 * 28, (256,) * 6)))


def resnet18_cifar() -> nn.Sequential:
    """Build ResNet-18 with a 3 x 3 stem and no first pool, for 3 x 32 x 32."""
    return resnet_small((64, 128, 256, 512), blocks=2)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, the basic block of ResNet-18.

    Parameters
    ----------
    n_in, n_out
        Channels before and after.
    stride
        Of the first convolution and of the shortcut.
    """

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            projection = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(n_out))
        self.relu2 = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (n, n_in, height, width) to (n, n_out, height / stride, width / stride)."""
        inner = self.relu1(self.bn1(self.conv1(x)))
        outer = self.bn2(self.conv2(inner)) + self.shortcut(x)
        return cast(torch.Tensor, self.relu2(outer))


def conv_stages(
    stages: Sequence[Sequence[int]], *, n_channels: int = 3, batch_norm: bool = True
) -> dict[str, nn.Module]:
    """Name units of conv, BN and ReLU 1, 2, ..., with a max-pool after each stage.

    Parameters
    ----------
    stages
        Channels of the convolutions of each stage.
    n_channels
        Channels of the images.
    batch_norm
        Whether the units have batch normalisation.
    """
    layers: dict[str, nn.Module] = {}
    n_in, unit = n_channels, 0
    for stage, widths in enumerate(stages, start=1):
        for n_out in widths:
            unit += 1
            layers[f"conv{unit}"] = nn.Conv2d(n_in, n_out, 3, padding=1)
            if batch_norm:
                layers[f"bn{unit}"] = nn.BatchNorm2d(n_out)
            layers[f"relu{unit}"] = nn.ReLU()
            n_in = n_out
        layers[f"pool{stage}"] = nn.MaxPool2d(2)
    return layers


def _dense(n_in: int, hidden: Sequence[int]) -> dict[str, nn.Module]:
    """Name fully connected layers fc1, fc2, ..., each hidden one followed by its ReLU."""
    layers: dict[str, nn.Module] = {}
    for number, n_out in enumerate(hidden, start=1):
        layers[f"fc{number}"] = nn.Linear(n_in, n_out)
        layers[f"fc_relu{number}"] = nn.ReLU()
        n_in = n_out
    layers[f"fc{len(hidden) + 1}"] = nn.Linear(n_in, N_CLASSES)
    return layers


def _require_positive(builder: str, **sizes: Sequence[int]) -> None:
    for name, values in sizes.items():
        if (name == "widths" and not values) or any(value < 1 for value in values):
            raise InputError(f"{builder}: {name} is {list(values)}; give numbers of at least 1")


NETS: dict[str, Callable[[], nn.Module]] = {
    build.__name__: build
    for build in (mnist_net, fashion_cnn, cifar_cnn, vgg16_cifar, resnet18_cifar, dense_net)
}
