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

from dimscope.studies.checkpoint import Checkpoint
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.ansuini.luminance_frames import CONV1_OF_ALL
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
    steps_per_epoch,
    train,
)

BATCH_SIZE, MOMENTUM, N_SAMPLE = 64, 0.9, 2000
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)

Images = Float[np.ndarray, "n 1 28 28"]


def measure_luminance(*, part: str, checkpoint: Checkpoint, **arguments: Any) -> Rows:
    """Do one job: ``part`` is ``"input"`` (`measure_input`) or ``"net"`` (`train_on_luminance`)."""
    if part == "input":
        return measure_input(**arguments)
    return train_on_luminance(**arguments, checkpoint=checkpoint)


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


def train_on_luminance(  # noqa: PLR0913 - the options of the recipe
    *,
    strength: float,
    seed: int,
    n_images: int,
    epochs: int,
    learning_rate: float,
    annealing: str,
    checkpoint: Checkpoint | None = None,
) -> Rows:
    """Train the paper's network on MNIST*; measure its layers on the way and at the end.

    Parameters
    ----------
    strength
        The paper's lambda.
    seed
        Of the perturbation, the weights and the order of images.
    n_images
        Training images, the first ones.
    epochs, learning_rate, annealing
        As in `Schedule`; batches of 64 and a momentum of 0.9, as in the paper.
    checkpoint
        Where the state is kept.

    Returns
    -------
    list of dict
        With ``epoch``, a row of ``training_loss``, ``training_accuracy``, ``test_accuracy`` and
        ``n_alive`` (units of d1 that are not 0 for all images), and what `dimension_rows` gives for
        2,000 perturbed test images; at the end, conv1 of all test images too.
    """
    training, test = _perturbed_samples(strength, seed)
    training = training.first(n_images)
    probe, sample = training.first(min(n_images, 10 * N_SAMPLE)), test.first(N_SAMPLE).images
    model = small_net(seed)
    schedule = Schedule(
        epochs=epochs, learning_rate=learning_rate, batch_size=BATCH_SIZE, momentum=MOMENTUM,
        annealing=annealing,
    )  # fmt: skip
    n_steps = epochs * steps_per_epoch(schedule, n_images)
    epoch_at = {round(share * n_steps): share * epochs for share in reversed(_SHARES)}

    def measure(step: int) -> Rows:
        d1 = dict(layer_points(model, sample, {"d1": "relu3"}))["d1"]
        n_alive = {"n_alive": int((d1 > 0).any(axis=0).sum())}
        rows = [fit_row(model, probe, test) | n_alive, *dimension_rows(model, sample)]
        if step == n_steps:
            of_all = dict(layer_points(model, test.images, {CONV1_OF_ALL: "conv1"}))
            rows.append({"layer": CONV1_OF_ALL} | dimension_of(of_all[CONV1_OF_ALL]))
        return [{"epoch": epoch_at[step]} | row for row in rows]

    return train(
        model, training, schedule,
        seed=seed, measure=measure, at=tuple(epoch_at), checkpoint=checkpoint,
    )  # fmt: skip


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
