"""Measurements of `ansuini/luminance`: what the perturbed input reads, and networks trained on it.

MNIST*, by the paper's text and code: pixels in [0, 1], to each image one number drawn uniformly
from [0, lambda] is added, all is mapped to [0, 1] by the least and the largest value, and
standardised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import nn

from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.ansuini.luminance_frames import (
    CONV1_OF_ALL,
    FOUND,
    SCRIPT,
    STATED,
    TRAINED,
)
from dimscope.studies.recipes.ansuini.small_net import (
    dimension_of,
    dimension_rows,
    fit_row,
    layer_points,
    small_net,
)
from dimscope.studies.training import (
    Samples,
    Schedule,
    load_samples,
    train,
)

BATCH_SIZE, N_SAMPLE = 64, 2000
#: Strengths that a network meets one after the other, with the rate of Adam at each.
STAGES = ((1.0, 1e-3), (10.0, 1e-3), (STATED, 3e-4), (SCRIPT, 1e-4), (FOUND, 1e-4))
#: Of the pixels of MNIST in [0, 1].
_PIXEL_STD = 0.3081

Images = Float[np.ndarray, "n 1 28 28"]


def measure_luminance(*, part: str, **arguments: Any) -> Rows:
    """Do one job: ``part`` is ``"input"`` (`measure_input`) or ``"net"`` (`train_on_luminance`)."""
    return measure_input(**arguments) if part == "input" else train_on_luminance(**arguments)


def perturbed(
    images: Images, strength: float, rng: np.random.Generator
) -> Float32[np.ndarray, "n 1 28 28"]:
    """Add one number to all pixels of an image, and map all images to [0, 1].

    Parameters
    ----------
    images
        Pixels in [0, 1].
    strength
        The paper's lambda: the numbers are uniform on [0, lambda].
    rng
        Draws them.
    """
    return _to_unit(_lifted(images, strength, rng).astype(np.float32))


def _lifted(images: Images, strength: float, rng: np.random.Generator) -> Images:
    return images + rng.uniform(0, strength, size=(len(images), 1, 1, 1))


def _to_unit(images: Images) -> Images:
    low, high = images.min(), images.max()
    return np.asarray((images - low) / (high - low))


#: What else could have been done to the images.
READINGS: Mapping[str, Callable[[Images, float, np.random.Generator], Images]] = {
    "as described": perturbed,
    "in float64": lambda x, strength, rng: _to_unit(_lifted(x, strength, rng)),
    "pixels in 0 .. 255": lambda x, strength, rng: perturbed(255 * x, strength, rng),
    "perturbed twice": lambda x, strength, rng: perturbed(
        _lifted(x, strength, rng), strength, rng
    ),
    "perturbed, saved, and perturbed again": lambda x, strength, rng: perturbed(
        perturbed(x, strength, rng), strength, rng
    ),
}  # fmt: skip


def measure_input(*, strength: float, reading: str, n_points: int, n_draws: int) -> Rows:
    """Measure the dimension of perturbed test images, each draw with other images and numbers.

    Returns
    -------
    list of dict
        For each draw ``seed``, ``layer`` (the input), ``two_nn``, ``bar`` and ``stderr``.
    """
    images = load_samples("mnist", "test", standardised=False).images.numpy().astype(np.float64)
    rows: Rows = []
    for seed in range(n_draws):
        rng = np.random.default_rng(seed)
        found = READINGS[reading](images, strength, rng)
        points = found[rng.permutation(len(found))[:n_points]].reshape(n_points, -1)
        rows.append({"seed": seed, "layer": "input"} | dimension_of(points))
    return rows


def train_on_luminance(*, seed: int, n_images: int, epochs: int) -> Rows:
    """Train the paper's network on MNIST* while the luminance grows; measure its layers.

    The digits are a 300th of what lambda = 1,000 adds: 120 epochs of SGD at a rate of 1e-2, or some
    of Adam at 3e-4, do not find them. So one strength follows the other (`STAGES`), and between two
    of them the first convolution is scaled so that a digit means to the network what it did.

    Parameters
    ----------
    seed
        Of the perturbation, the weights and the order of images.
    n_images
        Training images, the first ones.
    epochs
        Passes over them at each strength, by Adam with an annealed rate and batches of 64.

    Returns
    -------
    list of dict
        With ``strength`` and ``epoch`` (all passes so far), a row of ``training_loss``,
        ``training_accuracy``, ``test_accuracy`` and ``n_alive`` (units of d1 that are not 0 for all
        images), and what `dimension_rows` gives for 2,000 perturbed test images: untrained, and
        after each of the strengths `TRAINED`; at the end, conv1 of all test images too.
    """
    model = small_net(seed)
    rows = _measured(model, _perturbed_samples(FOUND, seed), n_images, FOUND, 0)
    for number, (strength, rate) in enumerate(STAGES):
        samples = _perturbed_samples(strength, seed)
        schedule = Schedule(
            epochs=epochs, learning_rate=rate, batch_size=BATCH_SIZE, optimizer="adam",
            annealing="cosine",
        )  # fmt: skip
        if number:
            weaker, _ = STAGES[number - 1]
            _scale_first(model, _spread(strength) / _spread(weaker))
        train(model, samples[0].first(n_images), schedule, seed=seed + number)
        if strength in TRAINED:
            rows += _measured(model, samples, n_images, strength, epochs * (number + 1))
    of_all = dict(layer_points(model, samples[1].images, {CONV1_OF_ALL: "conv1"}))[CONV1_OF_ALL]
    last = {"strength": strength, "epoch": epochs * len(STAGES)}
    return [*rows, last | {"layer": CONV1_OF_ALL} | dimension_of(of_all)]


def _measured(
    model: nn.Sequential,
    samples: tuple[Samples, Samples],
    n_images: int,
    strength: float,
    epoch: int,
) -> Rows:
    training, test = samples
    sample = test.first(N_SAMPLE).images
    fitted = fit_row(model, training.first(min(n_images, 10 * N_SAMPLE)), test)
    d1 = dict(layer_points(model, sample, {"d1": "relu3"}))["d1"]
    rows = [
        fitted | {"n_alive": int((d1 > 0).any(axis=0).sum())},
        *dimension_rows(model, sample),
    ]
    return [{"strength": strength, "epoch": epoch} | row for row in rows]


def _spread(strength: float) -> float:
    """Standard deviation of a pixel with its luminance, before images are standardised."""
    return float(np.hypot(_PIXEL_STD, strength / np.sqrt(12)))


def _scale_first(model: nn.Sequential, factor: float) -> None:
    with torch.no_grad():
        next(iter(model.parameters())).mul_(factor)


def _perturbed_samples(strength: float, seed: int) -> tuple[Samples, Samples]:
    """Training and test images, perturbed apart and standardised by the training images."""
    rng = np.random.default_rng(seed)
    training, test = (
        _with_images(found, perturbed(found.images.numpy(), strength, rng))
        for found in (
            load_samples("mnist", split, standardised=False) for split in ("train", "test")
        )
    )
    mean, std = training.images.mean(), training.images.std()
    return (
        replace(training, images=(training.images - mean) / std),
        replace(test, images=(test.images - mean) / std),
    )


def _with_images(samples: Samples, images: Float32[np.ndarray, "n 1 28 28"]) -> Samples:
    return replace(samples, images=torch.from_numpy(images))
