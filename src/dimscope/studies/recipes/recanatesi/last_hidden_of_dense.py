"""A dense network under one training condition: a run of `recanatesi/generalization`."""

from __future__ import annotations

import math
from functools import cache

import torch
from torch import nn

from dimscope.studies.activations import activations, dimensions
from dimscope.studies.intervals import significant
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.recanatesi.dense import he_dense_net
from dimscope.studies.training import (
    Samples,
    Schedule,
    fit_of,
    load_samples,
    train,
    with_random_labels,
)

_LAST_HIDDEN = "fc_relu6"
_METHODS = ("two_nn", "participation_ratio")


def train_condition(  # noqa: PLR0913 - the arguments of a job
    *,
    batch_size: int,
    learning_rate: float,
    weight_decay: float,
    label_noise: float,
    seed: int,
    epochs: int,
    n_train: int,
    n_samples: int,
) -> Rows:
    """Train `dense_net` on Fashion-MNIST under a condition, and measure it once.

    Six hidden layers of 256 ReLU units, He's initialisation; SGD with momentum 0.9 and a learning
    rate that falls to 0 as a cosine, bfloat16 in training. A share ``label_noise`` of the first
    ``n_train`` training labels is drawn anew, once, uniformly over the classes.

    Returns
    -------
    list of dict
        One row: ``training_accuracy`` and ``training_loss`` on what it learned, ``test_accuracy``
        on true labels; ``two_nn`` and ``participation_ratio`` of the last hidden layer on
        ``n_samples`` test images, with errors; ``weight_norm``, of all weights, and
        ``feature_norm``, the root mean square of that layer's norm on these images.

    Raises
    ------
    TrainingError
        If training diverges.
    """
    samples, test = _images("train").first(n_train), _images("test")
    samples = samples.with_labels(with_random_labels(samples.labels, label_noise, seed))
    schedule = Schedule(
        epochs=epochs, learning_rate=learning_rate, batch_size=batch_size, momentum=0.9,
        weight_decay=weight_decay, annealing="cosine", precision="bfloat16",
    )  # fmt: skip
    model = he_dense_net(seed)
    train(model, samples, schedule, seed=seed)
    learned = fit_of(model, samples)
    features = activations(model, test.first(n_samples).images, [_LAST_HIDDEN])[_LAST_HIDDEN]
    norms = {
        "weight_norm": _weight_norm(model),
        "feature_norm": math.sqrt(float((features.astype("float64") ** 2).sum(axis=1).mean())),
        "training_loss": learned.loss,
    }
    accuracies = {
        "training_accuracy": learned.accuracy,
        "test_accuracy": fit_of(model, test).accuracy,
    }
    short = {name: significant(value) for name, value in (accuracies | norms).items()}
    return [short | dimensions(features, _METHODS)]


@cache  # a run takes hardly longer than reading the images
def _images(split: str) -> Samples:
    return load_samples("fashion_mnist", split)


@torch.no_grad()
def _weight_norm(model: nn.Module) -> float:
    weights = [m.weight for m in model.modules() if isinstance(m, nn.Linear)]
    return math.sqrt(sum(float((w.double() ** 2).sum()) for w in weights))
