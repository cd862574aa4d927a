"""Layers of trained networks on CIFAR-10, captured once and kept in benchmarks-output/layers.

Run as a script, in a process of its own, it trains, captures and keeps those that it is given.
"""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.shared.messages import say
from benchmarks.shared.paths import OUTPUT, ROOT

FOLDER = OUTPUT / "layers"
DENSE, CONV, EFFICIENTNET = "dense-relu", "conv", "efficientnet"
_OF_CIFAR_NET = {CONV: "relu6", DENSE: "fc_relu"}
_WIDTH = 4096  # of the dense layer; the convolutional one has as many: 64 x 8 x 8
_BLOCK = "_blocks.12"
_SIDE = 128  # pixels, at which the block has 192 x 4 x 4 features
_N_TRAINED, _N_IMAGENET = 20_000, 10_000


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.npy"


def layer(name: str, n: int) -> np.ndarray:
    """The first rows of a layer, captured now if they have not been kept."""
    if not path_of(name).exists():
        call = [sys.executable, "-m", "benchmarks.search.trained_layers", name]
        subprocess.run(call, check=True, cwd=ROOT)
    return np.ascontiguousarray(np.load(path_of(name), mmap_mode="r")[:n])


def keep(name: str, values: np.ndarray) -> None:
    """Written under another name and renamed, so that no reader meets half a file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    part = FOLDER / f"{name}.part.npy"
    np.save(part, values)
    part.rename(path_of(name))


def capture_cifar_net() -> None:
    """Two layers of a network after one epoch on 20,000 images, on these images."""
    import torch
    from torch import nn

    import dimscope as ds

    model = ds.load_model("cifar_cnn", rng=0)
    data: Any = ds.load_data("cifar10", n_samples=_N_TRAINED, split="train", notify=say)
    data = data.transformed(model.preprocess)
    images = torch.stack([image for image, _ in data])
    labels = torch.tensor([label for _, label in data])
    images -= images.mean((0, 2, 3), keepdim=True)
    images /= images.std((0, 2, 3), keepdim=True)
    torch.manual_seed(0)
    children = dict(model.model.named_children())
    features = {name: part for name, part in children.items() if not name.startswith("fc")}
    dense = {"fc": nn.LazyLinear(_WIDTH), "fc_relu": nn.ReLU(), "out": nn.Linear(_WIDTH, 10)}
    net = nn.Sequential(OrderedDict(features | dense)).train()
    net(images[:2])
    optimizer = torch.optim.Adam(net.parameters())
    say("training a network on CIFAR-10 for one epoch")
    for batch in torch.randperm(len(images)).split(128):
        loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    capture_layers(net, images, _OF_CIFAR_NET)


def capture_efficientnet() -> None:
    """Late in EfficientNet-Lite0 with ImageNet weights, on the 10,000 test images."""
    import dimscope as ds
    from dimscope.models.preprocess import efficientnet_lite_pixels

    data: Any = ds.load_data("cifar10", n_samples=_N_IMAGENET, notify=say)
    images = data.transformed(lambda x: efficientnet_lite_pixels(x, size=_SIDE))
    say(f"running EfficientNet-Lite0 on {_N_IMAGENET:,} images")
    capture_layers(ds.load_model("efficientnet_lite0").model, images, {EFFICIENTNET: _BLOCK})


def capture_layers(model: Any, data: Any, layers: dict[str, str]) -> None:
    from dimscope.capture import capture
    from dimscope.store import ActivationStore

    with ActivationStore(memory_budget=2**32) as store:
        capture(model, data, list(layers.values()), store=store)
        for name, source in layers.items():
            keep(name, np.asarray(store[source][:]))


def main(names: Iterable[str]) -> None:
    for makes, capture_them in (
        (_OF_CIFAR_NET, capture_cifar_net),
        ((EFFICIENTNET,), capture_efficientnet),
    ):
        if set(makes) & set(names):
            capture_them()


if __name__ == "__main__":
    main(sys.argv[1:])
