"""AlexNet, VGG and ResNet with the module names and the structure of torchvision's.

torchvision itself cannot be imported beside the CPU build of torch that tests run with.
"""

from __future__ import annotations

import torch
from torch import nn

_VGG = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2,) * 5,
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
_RESNET = {
    "resnet18": (False, (2, 2, 2, 2)),
    "resnet34": (False, (3, 4, 6, 3)),
    "resnet50": (True, (3, 4, 6, 3)),
    "resnet101": (True, (3, 4, 23, 3)),
    "resnet152": (True, (3, 8, 36, 3)),
}
NAMES = ("alexnet", *_VGG, *(f"{name}_bn" for name in _VGG), *_RESNET)


def build(name, shrink=1):
    """The network, with every width but the classes divided by ``shrink``."""
    if name == "alexnet":
        return _AlexNet(shrink)
    if name in _RESNET:
        return _ResNet(*_RESNET[name], shrink)
    return _VggNet(_VGG[name.removesuffix("_bn")], name.endswith("_bn"), shrink)


class _Classified(nn.Module):
    def forward(self, x):
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class _AlexNet(_Classified):
    def __init__(self, shrink):
        super().__init__()
        a, b, c, d, units = (n // shrink for n in (64, 192, 384, 256, 4096))
        self.features = nn.Sequential(
            nn.Conv2d(3, a, 11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(c, d, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(d, d, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(d * 36, units), nn.ReLU(inplace=True),
            nn.Dropout(), nn.Linear(units, units), nn.ReLU(inplace=True),
            nn.Linear(units, 1000),
        )  # fmt: skip


class _VggNet(_Classified):
    def __init__(self, per_stage, batch_norm, shrink):
        super().__init__()
        layers, n_in, units = [], 3, 4096 // shrink
        for width, n_convolutions in zip((64, 128, 256, 512, 512), per_stage, strict=True):
            for _ in range(n_convolutions):
                layers.append(nn.Conv2d(n_in, width // shrink, 3, padding=1))
                layers += [nn.BatchNorm2d(width // shrink)] if batch_norm else []
                layers.append(nn.ReLU(inplace=True))
                n_in = width // shrink
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(n_in * 49, units), nn.ReLU(inplace=True), nn.Dropout(),
            nn.Linear(units, units), nn.ReLU(inplace=True), nn.Dropout(),
            nn.Linear(units, 1000),
        )  # fmt: skip


class _Block(nn.Module):
    """The basic block, or the bottleneck; one ReLU module runs two or three times."""

    def __init__(self, n_in, n_out, stride, is_bottleneck):
        super().__init__()
        shapes = [(n_in, n_out, 3, stride), (n_out, n_out, 3, 1)]
        if is_bottleneck:
            shapes = [(n_in, n_out // 4, 1, 1), (n_out // 4, n_out // 4, 3, stride)]
            shapes.append((n_out // 4, n_out, 1, 1))
        self.n_convolutions = len(shapes)
        for number, (before, after, kernel, step) in enumerate(shapes, start=1):
            convolution = nn.Conv2d(before, after, kernel, step, kernel // 2, bias=False)
            self.add_module(f"conv{number}", convolution)
            self.add_module(f"bn{number}", nn.BatchNorm2d(after))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or n_in != n_out:
            projection = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(n_out))

    def forward(self, x):
        y = x
        for number in range(1, self.n_convolutions + 1):
            y = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(y))
            if number < self.n_convolutions:
                y = self.relu(y)
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class _ResNet(nn.Module):
    def __init__(self, is_bottleneck, n_blocks, shrink):
        super().__init__()
        n_in = 64 // shrink
        self.conv1 = nn.Conv2d(3, n_in, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(n_in)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        for stage, n in enumerate(n_blocks, start=1):
            n_out = 64 * 2 ** (stage - 1) * (4 if is_bottleneck else 1) // shrink
            blocks = []
            for block in range(n):
                stride = 2 if block == 0 and stage > 1 else 1
                blocks.append(_Block(n_in, n_out, stride, is_bottleneck))
                n_in = n_out
            self.add_module(f"layer{stage}", nn.Sequential(*blocks))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(n_in, 1000)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))
