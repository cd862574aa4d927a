"""Architectures for photographs, with layers named as in the literature.

Fresh weights are those of He et al. (2015), as in torchvision's VGG: without normalisation, torch's
own lose the input under the biases within a dozen layers.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from dimscope.models.nets import conv_stages

_N_CLASSES = 1000


def squeezenet1_1() -> nn.Sequential:
    """Build SqueezeNet 1.1 (Iandola et al. 2016), for 3 x 227 x 227, with 1,000 outputs."""
    layers: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(3, 64, 3, stride=2),
        "relu1": nn.ReLU(),
        "pool1": _ceiled_pool(),
        "fire2": Fire(64, 16, 64),
        "fire3": Fire(128, 16, 64),
        "pool3": _ceiled_pool(),
        "fire4": Fire(128, 32, 128),
        "fire5": Fire(256, 32, 128),
        "pool5": _ceiled_pool(),
        "fire6": Fire(256, 48, 192),
        "fire7": Fire(384, 48, 192),
        "fire8": Fire(384, 64, 256),
        "fire9": Fire(512, 64, 256),
        "drop9": nn.Dropout(),
        "conv10": nn.Conv2d(512, _N_CLASSES, 1),
        "relu10": nn.ReLU(),
        "avgpool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
    }
    return _with_fresh_weights(nn.Sequential(OrderedDict(layers)))


def vgg16_trunk() -> nn.Sequential:
    """Build the 13 convolutions and 5 max-pools of VGG-16 (Simonyan and Zisserman 2015)."""
    stages = [(64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3]
    return _with_fresh_weights(nn.Sequential(OrderedDict(conv_stages(stages, batch_norm=False))))


class Fire(nn.Module):
    """The module of SqueezeNet: a 1 x 1 convolution to few channels, then 1 x 1 beside 3 x 3.

    Parameters
    ----------
    n_in
        Channels before.
    n_squeezed
        Channels after the first convolution.
    n_expanded
        Channels after each of the other two; their maps are joined.
    """

    def __init__(self, n_in: int, n_squeezed: int, n_expanded: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(n_in, n_squeezed, 1)
        self.squeeze_relu = nn.ReLU()
        self.expand1x1 = nn.Conv2d(n_squeezed, n_expanded, 1)
        self.expand1x1_relu = nn.ReLU()
        self.expand3x3 = nn.Conv2d(n_squeezed, n_expanded, 3, padding=1)
        self.expand3x3_relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (n, n_in, height, width) to (n, 2 n_expanded, height, width)."""
        squeezed = self.squeeze_relu(self.squeeze1x1(x))
        expanded = (
            self.expand1x1_relu(self.expand1x1(squeezed)),
            self.expand3x3_relu(self.expand3x3(squeezed)),
        )
        return torch.cat(expanded, dim=1)


def _ceiled_pool() -> nn.MaxPool2d:
    """Caffe's max-pool, which keeps the positions at the edge of the map."""
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def _with_fresh_weights(model: nn.Sequential) -> nn.Sequential:
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model
