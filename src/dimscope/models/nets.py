"""Small networks of our own, with layers named as in the literature.

All are untrained as built and take float32 pixels in [0, 1].
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import nn

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


def fashion_cnn() -> nn.Sequential:
    """Build three conv-ReLU-pool blocks (16, 32, 64) and fc 256, 128, 10, for 1 x 28 x 28."""
    layers: dict[str, nn.Module] = {}
    n_in = 1
    for block, n_out in enumerate((16, 32, 64), start=1):
        layers[f"conv{block}"] = nn.Conv2d(n_in, n_out, 3, padding=1)
        layers[f"relu{block}"] = nn.ReLU()
        layers[f"pool{block}"] = nn.MaxPool2d(2)
        n_in = n_out
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(OrderedDict(layers | _dense(64 * 3 * 3, (256, 128))))


def cifar_cnn() -> nn.Sequential:
    """Build six conv-BN-ReLU (16, 16, 32, 32, 64, 64) and fc 256, 128, 10, for 3 x 32 x 32.

    A max-pool follows each second convolution.
    """
    features = _conv_stages([(16, 16), (32, 32), (64, 64)])
    return nn.Sequential(OrderedDict(features | _dense(64 * 4 * 4, (256, 128))))


def vgg16_cifar() -> nn.Sequential:
    """Build VGG-16 with batch normalisation and fc 512, 512, 10, for 3 x 32 x 32."""
    features = _conv_stages([(64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3])
    return nn.Sequential(OrderedDict(features | _dense(512, (512, 512))))


def dense_net() -> nn.Sequential:
    """Build seven fully connected layers (six of 256 units, and 10), for 1 x 28 x 28."""
    layers: dict[str, nn.Module] = {"flatten": nn.Flatten()}
    return nn.Sequential(OrderedDict(layers | _dense(28 * 28, (256,) * 6)))


def resnet18_cifar() -> nn.Sequential:
    """Build ResNet-18 with a 3 x 3 stem and no first pool, for 3 x 32 x 32."""
    layers: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(3, 64, 3, padding=1, bias=False),
        "bn1": nn.BatchNorm2d(64),
        "relu1": nn.ReLU(),
    }
    n_in = 64
    for stage, n_out in enumerate((64, 128, 256, 512), start=1):
        first = ResidualBlock(n_in, n_out, stride=1 if stage == 1 else 2)
        layers[f"layer{stage}"] = nn.Sequential(first, ResidualBlock(n_out, n_out))
        n_in = n_out
    layers["avgpool"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = nn.Linear(n_in, N_CLASSES)
    return nn.Sequential(OrderedDict(layers))


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


def _conv_stages(stages: Sequence[Sequence[int]]) -> dict[str, nn.Module]:
    """Name conv-BN-ReLU units 1, 2, ..., with a max-pool after each stage, and flatten."""
    layers: dict[str, nn.Module] = {}
    n_in, unit = 3, 0
    for stage, widths in enumerate(stages, start=1):
        for n_out in widths:
            unit += 1
            layers[f"conv{unit}"] = nn.Conv2d(n_in, n_out, 3, padding=1)
            layers[f"bn{unit}"] = nn.BatchNorm2d(n_out)
            layers[f"relu{unit}"] = nn.ReLU()
            n_in = n_out
        layers[f"pool{stage}"] = nn.MaxPool2d(2)
    layers["flatten"] = nn.Flatten()
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


NETS: dict[str, Callable[[], nn.Module]] = {
    build.__name__: build
    for build in (mnist_net, fashion_cnn, cifar_cnn, vgg16_cifar, resnet18_cifar, dense_net)
}
