"""The kinds of network of `critique/known_dimension`, and the run of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dimscope.studies.intervals import significant
from dimscope.studies.jobs import Rows

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A kind of network that other recipes train, and how it is trained here.

    Attributes
    ----------
    network
        The name of `load_model`.
    data
        The name of `load_data`.
    layers
        Where it is read; the last one is what the readout receives or gives.
    n_train, epochs, learning_rate
        Its training; 0 images where the weights come with a package.
    is_shuffled
        Whether its labels are in random order.
    stands_for
        The recipes whose networks it stands for.
    """

    network: str
    data: str
    layers: tuple[str, ...]
    n_train: int
    epochs: int
    learning_rate: float = 0.02
    is_shuffled: bool = False
    stands_for: str


_MNIST = ("input", "conv1", "relu1", "conv2", "relu2", "relu3", "fc2")
_CIFAR = ("input", "relu1", "pool1", "pool2", "pool3", "fc_relu1", "fc_relu2", "fc3")
_DENSE = ("input", *(f"fc_relu{i}" for i in range(1, 7)), "fc7")
_LITE0 = (
    "input", "_swish", "_blocks.0", "_blocks.4", "_blocks.7", "_blocks.10", "_blocks.14",
    "_blocks.15", "_avg_pooling", "_fc",
)  # fmt: skip

SUBJECTS: Mapping[str, Subject] = {
    "mnist": Subject(
        network="mnist_net", data="mnist", layers=_MNIST, n_train=10_000, epochs=20,
        stands_for="ansuini/mnist, ansuini/labels",
    ),
    "mnist, shuffled labels": Subject(
        network="mnist_net", data="mnist", layers=_MNIST, n_train=10_000, epochs=40,
        is_shuffled=True, stands_for="ansuini/labels",
    ),
    "dense net, fashion": Subject(
        network="dense_net", data="fashion_mnist", layers=_DENSE, n_train=20_000, epochs=8,
        stands_for="recanatesi/expansion_compression, noise_fashion, generalization",
    ),
    "conv net, cifar10": Subject(
        network="cifar_cnn", data="cifar10", layers=_CIFAR, n_train=50_000, epochs=4,
        learning_rate=0.05, stands_for="ansuini/dynamics, ansuini/last_hidden",
    ),
    "efficientnet_lite0": Subject(
        network="efficientnet_lite0", data="cifar10", layers=_LITE0, n_train=0, epochs=0,
        stands_for="ansuini/hunchback, ansuini/curvature",
    ),
}  # fmt: skip
_PIXELS = 128
_METHODS = ("two_nn", "tangent_rank", "tangent_participation_ratio")
_VERDICT = ("rule", "statement", "holds")
RULES = ("rise_beyond_controls", "fall_beyond_controls")


def run(*, subject: str, is_trained: bool, seed: int, n_samples: int, n_train: int) -> Rows:
    """Train a network, and send the data and matched inputs of known dimension through it.

    Parameters
    ----------
    subject
        A name in `SUBJECTS`.
    is_trained
        Whether it is trained; its initial weights are the same.
    seed
        Of weights, training, probe and controls.
    n_samples
        Images that are measured, and points of each control.
    n_train
        The most images that it is trained on.

    Returns
    -------
    list of dict
        A row for each layer, input and method (``sample``, ``layer``, ``place``, ``method``,
        ``value``, ``stderr``), and one for each verdict (``rule``, ``statement``, ``holds``).
    """
    import dimscope as ds  # noqa: PLC0415 - loads torch

    of = SUBJECTS[subject]
    n_fitted = min(of.n_train, n_train) if is_trained else 0
    model, probe = _network(of, n_fitted, is_trained=is_trained, seed=seed, n_samples=n_samples)
    profile = ds.profile(
        model, probe, layers=list(of.layers), methods=["two_nn"], controls=True, label=subject,
        rng=seed, batch_size=100, progress=False,
    )  # fmt: skip
    places = {layer: place for place, layer in enumerate(of.layers)}
    table = profile.to_frame("estimate")
    table = table[table["method"].isin(_METHODS)]
    estimates: Any = table.itertuples()
    rows: Rows = [
        {
            "sample": row.sample,
            "layer": row.layer,
            "place": places[row.layer],
            "method": row.method,
            "value": significant(row.value),
            "stderr": significant(row.stderr),
        }
        for row in estimates
    ]
    verdicts = profile.verdicts
    rows += [
        {
            "rule": str(rule),
            "statement": str(statement),
            "holds": None if holds is None or pd.isna(holds) else bool(holds),
        }
        for rule, statement, holds in zip(*(verdicts[c] for c in _VERDICT), strict=True)
        if rule in RULES
    ]
    return rows


def _network(
    of: Subject, n_fitted: int, *, is_trained: bool, seed: int, n_samples: int
) -> tuple[nn.Module, Tensor]:
    """The network and what it is probed with."""
    import torch  # noqa: PLC0415 - loads torch

    import dimscope as ds  # noqa: PLC0415
    from dimscope.models.preprocess import efficientnet_lite_pixels  # noqa: PLC0415
    from dimscope.studies.training import (  # noqa: PLC0415
        Schedule,
        load_samples,
        shuffled,
        train,
    )

    if of.n_train == 0:
        model = ds.load_model(of.network, untrained=not is_trained, rng=seed).model
        images: Any = ds.load_data(of.data, n_samples=n_samples, rng=seed)
        pictures = [efficientnet_lite_pixels(images[i][0], size=_PIXELS) for i in range(n_samples)]
        return model, torch.stack(pictures)
    model = ds.load_model(of.network, rng=seed).model
    test = load_samples(of.data, "test").images
    chosen = np.random.default_rng(seed).permutation(len(test))[:n_samples]
    if n_fitted > 0:
        samples = load_samples(of.data, "train").first(n_fitted)
        if of.is_shuffled:
            samples = samples.with_labels(shuffled(samples.labels, seed))
        schedule = Schedule(
            epochs=of.epochs, learning_rate=of.learning_rate, batch_size=64, momentum=0.9,
            annealing="cosine", precision="bfloat16",
        )  # fmt: skip
        train(model, samples, schedule, seed=seed)
    return model, test[torch.from_numpy(chosen)]
