"""A run of `recanatesi/expansion_compression`: a network, or random ReLU features."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from dimscope.models.nets import resnet_small
from dimscope.studies.activations import activations, dimensions
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.recanatesi.dense import he_dense_net
from dimscope.studies.recipes.recanatesi.depth_profiles import BEFORE_RELU, LAYERS, METHODS
from dimscope.studies.recipes.recanatesi.relu_features import relu_features
from dimscope.studies.training import Schedule, fit_of, load_samples, train

_DATA = {"dense_net": "fashion_mnist", "resnet": "cifar10"}
_WIDTHS, _BLOCKS = (16, 32, 64), 2


def run(*, part: str, **how: Any) -> Rows:
    """Do a run: ``part`` is ``"network"`` or ``"relu"``, the rest are arguments of its function."""
    return measure_network(**how) if part == "network" else relu_features(**how)


def measure_network(*, network: str, seed: int, epochs: int, n_train: int, n_samples: int) -> Rows:
    """Measure all layers of a network before and after training, on test images.

    ``"dense_net"`` (six hidden layers of 256 ReLU units, He's initialisation) learns Fashion-MNIST,
    ``"resnet"`` (ResNet-14: three stages of two blocks, with 16, 32 and 64 channels) learns
    CIFAR-10, with shifts and flips. SGD with momentum 0.9, batches of 128, a learning rate that
    falls from 0.05 to 0 as a cosine, weight decay 5e-4, bfloat16 in training.

    Returns
    -------
    list of dict
        ``state`` (``"untrained"`` or ``"trained"``), ``layer``, each of `METHODS` and its error,
        and the network's ``test_accuracy`` and ``training_accuracy`` on ``n_samples`` images each.

    Raises
    ------
    TrainingError
        If training diverges.
    """
    data = _DATA[network]
    samples = load_samples(data, "train").first(n_train)
    test = load_samples(data, "test").first(n_samples)
    known = samples.first(n_samples)
    schedule = Schedule(
        epochs=epochs, learning_rate=0.05, momentum=0.9, weight_decay=5e-4, annealing="cosine",
        augmentation=data == "cifar10", precision="bfloat16",
    )  # fmt: skip
    model = _built(network, seed)
    rows: Rows = []
    for state in ("untrained", "trained"):
        if state == "trained":
            train(model, samples, schedule, seed=seed)
        facts = {
            "state": state,
            "test_accuracy": round(fit_of(model, test).accuracy, 5),
            "training_accuracy": round(fit_of(model, known).accuracy, 5),
        }
        points = activations(model, test.images, [*LAYERS[network], *BEFORE_RELU[network]])
        rows += [facts | {"layer": layer} | dimensions(of, METHODS) for layer, of in points.items()]
    return rows


def _built(network: str, seed: int) -> nn.Module:
    if network == "dense_net":
        return he_dense_net(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return resnet_small(_WIDTHS, _BLOCKS)
