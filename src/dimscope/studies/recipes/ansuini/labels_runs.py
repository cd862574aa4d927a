"""Training runs of `ansuini/labels`: one network on true or on shuffled labels."""

from __future__ import annotations

from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.ansuini.small_net import (
    MODULES,
    dimension_rows,
    fit_row,
    small_net,
)
from dimscope.studies.training import Schedule, load_samples, shuffled, train

BATCH_SIZE, MOMENTUM = 64, 0.9
_DENSE = {name: module for name, module in MODULES.items() if name in ("d1", "output")}


def train_on_labels(  # noqa: PLR0913 - the options of the recipe
    *,
    data: str,
    labels: str,
    seed: int,
    n_images: int,
    epochs: int,
    learning_rate: float,
    annealing: str,
    precision: str,
    n_sample: int,
) -> Rows:
    """Train the paper's small network, and measure its layers at the end.

    Parameters
    ----------
    data
        ``mnist``, ``fashion_mnist`` or ``cifar10``.
    labels
        ``"true"`` or ``"shuffled"``.
    seed
        Of weights, order of images and, if they are shuffled, labels.
    n_images
        Training images, the first ones.
    epochs, learning_rate, annealing, precision
        As in `Schedule`; batches of 64 and a momentum of 0.9, as in the paper.
    n_sample
        Images of which the dimension is taken.

    Returns
    -------
    list of dict
        A row with ``training_loss``, ``training_accuracy`` and ``test_accuracy``; then what
        `dimension_rows` gives with ``sample``: ``"test"``, the first test images, and for the
        dense layers ``"training"``, the first training images.
    """
    training, test = load_samples(data, "train").first(n_images), load_samples(data, "test")
    if labels == "shuffled":
        training = training.with_labels(shuffled(training.labels, seed))
    model = small_net(seed, shape=(training.images.shape[1], training.images.shape[2]))
    schedule = Schedule(
        epochs=epochs, learning_rate=learning_rate, batch_size=BATCH_SIZE, momentum=MOMENTUM,
        annealing=annealing, precision=precision,
    )  # fmt: skip
    train(model, training, schedule, seed=seed)
    of_test = dimension_rows(model, test.images[:n_sample])
    of_training = dimension_rows(model, training.images[:n_sample], _DENSE, with_input=False)
    return [
        fit_row(model, training, test),
        *({"sample": "test"} | row for row in of_test),
        *({"sample": "training"} | row for row in of_training),
    ]
