"""Training runs of `ansuini/mnist`: the paper's schedule, and faster ones of the same length."""

from __future__ import annotations

import torch

from dimscope.studies.checkpoint import Checkpoint
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.ansuini.mnist_layers import ALL_IMAGES
from dimscope.studies.recipes.ansuini.small_net import (
    VARIANTS,
    dimension_rows,
    fit_row,
    small_net,
)
from dimscope.studies.training import (
    Samples,
    Schedule,
    load_samples,
    steps_per_epoch,
    train,
)

#: The paper's schedule is plain SGD at this rate.
LEARNING_RATE, BATCH_SIZE = 4e-5, 64
MEAN, STD = 0.1307, 0.3081
MOMENTS = (0, 1, 10, 50, 100, 200, 400, 800)
N_SAMPLE = 2000


def train_on_mnist(  # noqa: PLR0913 - the options of the recipe
    *,
    seed: int,
    speed: int,
    epochs: int,
    n_images: int,
    n_blocks: int,
    checkpoint: Checkpoint | None = None,
) -> Rows:
    """Train the paper's network; measure all layers before training and after 1, 10, ... epochs.

    Parameters
    ----------
    seed
        Of weights and order of images.
    speed
        Factor of the paper's learning rate. The epochs are divided by it, so that learning rate
        times number of steps is the same.
    epochs
        How long to train, in epochs of the paper's schedule.
    n_images
        Training images, the first ones.
    n_blocks
        Blocks of 2,000 test images that are measured at the end, and with them all test images
        and the first 2,000 training images; before the end it is the first block.
    checkpoint
        Where the state is kept.

    Returns
    -------
    list of dict
        Rows have ``epoch`` (of the paper's schedule) and either ``training_loss``,
        ``training_accuracy`` and ``test_accuracy``, or ``sample`` and what `dimension_rows`
        gives: the paper's sample is ``"test 1"``, the first 2,000 test images.
    """
    training, test = (_standardised(split) for split in ("train", "test"))
    training = training.first(n_images)
    model = small_net(seed)
    schedule = Schedule(
        epochs=epochs // speed, learning_rate=speed * LEARNING_RATE, batch_size=BATCH_SIZE
    )
    per_epoch = steps_per_epoch(schedule, n_images) / speed
    epoch_at = {round(e * per_epoch): e for e in (*MOMENTS, epochs) if e <= epochs}
    epoch_at[0] = 0

    def measure(step: int) -> Rows:
        epoch = epoch_at[step]
        rows: Rows = [fit_row(model, training, test)]
        blocks = torch.split(test.images, N_SAMPLE)
        samples = {f"test {k + 1}": blocks[k] for k in range(n_blocks if epoch == epochs else 1)}
        if epoch == epochs:
            samples["training 1"] = training.images[:N_SAMPLE]
            found = dimension_rows(model, blocks[0], VARIANTS, with_input=False)
            rows += [{"sample": "test 1"} | row for row in found]
            samples[ALL_IMAGES] = test.images
        for name, images in samples.items():
            rows += [{"sample": name} | row for row in dimension_rows(model, images)]
        return [{"epoch": epoch} | row for row in rows]

    return train(
        model, training, schedule,
        seed=seed, measure=measure, at=tuple(epoch_at), checkpoint=checkpoint,
    )  # fmt: skip


def _standardised(split: str) -> Samples:
    found = load_samples("mnist", split, standardised=False)
    return Samples(images=(found.images - MEAN) / STD, labels=found.labels)
