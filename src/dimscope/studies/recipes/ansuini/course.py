"""A network trained on CIFAR-10 and measured on the way: a run of `ansuini/dynamics`."""

from __future__ import annotations

from dimscope.models import load_model
from dimscope.studies.activations import activations, dimensions
from dimscope.studies.checkpoint import Checkpoint
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.ansuini.course_layers import (
    BATCH,
    FIRST_STEPS,
    LAST_STEP,
    NETWORKS,
    STRIDE,
)
from dimscope.studies.training import (
    Schedule,
    fit_of,
    load_samples,
    steps_per_epoch,
    train,
)


def train_and_measure(  # noqa: PLR0913 - the arguments of a job
    *,
    network: str,
    seed: int,
    epochs: int,
    n_train: int,
    n_samples: int,
    device: str,
    checkpoint: Checkpoint | None = None,
) -> Rows:
    """Train a network on CIFAR-10; measure its layers by TwoNN on test images.

    SGD with momentum 0.9, batches of 128, a learning rate that falls from 0.05 to 0 as a cosine,
    weight decay 5e-4, shifts and flips, bfloat16 in training.

    Parameters
    ----------
    network
        One of `NETWORKS`.
    seed
        Of the weights, the order of images and their shifts.
    epochs, n_train
        Passes over the first ``n_train`` training images.
    n_samples
        Test images that are measured, and training images for the accuracy on these.
    device
        Where the network is trained.
    checkpoint
        Where a long training keeps its state.

    Returns
    -------
    list of dict
        ``step``, ``layer``, ``two_nn``, ``two_nn_stderr``: of all layers before training and after
        each epoch, of the last hidden one also every 30 steps up to 2,940 and at 1, 2, 4, ..., 256,
        with ``test_accuracy`` and ``training_accuracy``.

    Raises
    ------
    TrainingError
        If training diverges.
    """
    chosen = NETWORKS[network]
    schedule = Schedule(
        epochs=epochs, learning_rate=0.05, batch_size=BATCH, momentum=0.9, weight_decay=5e-4,
        annealing="cosine", augmentation=True, precision="bfloat16",
    )  # fmt: skip
    samples = load_samples("cifar10", "train").first(n_train).to(device)
    test = load_samples("cifar10", "test").first(n_samples).to(device)
    known = samples.first(n_samples)
    model = load_model(network, rng=seed).model.to(device)
    n_steps = steps_per_epoch(schedule, n_train)

    def measure(step: int) -> Rows:
        layers = list(chosen.depths) if step % n_steps == 0 else [chosen.last_hidden]
        points = activations(model, test.images, list(dict.fromkeys([*layers, chosen.output])))
        is_right = points[chosen.output].argmax(axis=1) == test.labels.cpu().numpy()
        accuracies = {
            "test_accuracy": float(is_right.mean()),
            "training_accuracy": fit_of(model, known).accuracy,
        }
        return [
            {"step": step, "layer": layer}
            | dimensions(points[layer], ["two_nn"])
            | (accuracies if layer == chosen.last_hidden else {})
            for layer in layers
        ]

    ends = range(0, epochs * n_steps + 1, n_steps)
    at = {*ends, *range(0, LAST_STEP + 1, STRIDE), *FIRST_STEPS}
    return train(model, samples, schedule, seed=seed, measure=measure, at=at, checkpoint=checkpoint)
