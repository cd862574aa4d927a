"""Training the networks of recipes: samples as tensors, a schedule, a loop that survives kills.

A run depends on its arguments only: the order of samples has a generator of its own, and a loop
that goes on from its checkpoint gives the bits of one that was never stopped.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32, Int64
from torch import Tensor, nn
from torch.nn import functional

from dimscope.data import NamedData, load_data
from dimscope.errors import InputError, TrainingError
from dimscope.results import plain
from dimscope.studies.checkpoint import Checkpoint
from dimscope.studies.jobs import Rows

_SAVE_EVERY = 30.0
_PADDING = 4
_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Images with their labels.

    Attributes
    ----------
    images
        As the network gets them.
    labels
        Numbers of the classes.
    """

    images: Float32[Tensor, "n channels height width"]
    labels: Int64[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, n: int) -> Samples:
        """The first ``n`` samples.

        Raises
        ------
        InputError
            If there are fewer.
        """
        if n > len(self):
            raise InputError(f"n={n} samples were asked for, and there are {len(self)}")
        return Samples(images=self.images[:n], labels=self.labels[:n])

    def to(self, device: str) -> Samples:
        """The same samples on a device."""
        return Samples(images=self.images.to(device), labels=self.labels.to(device))

    def with_labels(self, labels: Int64[Tensor, " n"]) -> Samples:
        """The same images with other labels."""
        return replace(self, labels=labels)


def load_samples(name: str, split: str, *, standardised: bool = True) -> Samples:
    """Load a data set as tensors, in its own order.

    Parameters
    ----------
    name
        ``mnist``, ``fashion_mnist`` or ``cifar10``.
    split
        ``"train"`` or ``"test"``.
    standardised
        Subtract the mean of each channel over the training images and divide by its standard
        deviation; pixels in [0, 1] otherwise.

    Raises
    ------
    InputError
        If there is no such data set or split.
    DataError
        If it can be neither found nor fetched.
    """
    images, labels = _tensors(name, split)
    if standardised:
        training = images if split == "train" else _tensors(name, "train")[0]
        mean = training.mean((0, 2, 3), keepdim=True)
        images = (images - mean) / training.std((0, 2, 3), keepdim=True)
    return Samples(images=images, labels=labels)


def _tensors(name: str, split: str) -> tuple[Tensor, Tensor]:
    data = load_data(name, split=split)
    if not isinstance(data, NamedData):
        raise InputError(f"{name} must be a data set, not a loader")
    images, labels = zip(*(data[i] for i in range(len(data))), strict=True)
    return torch.stack(images).float() / 255, torch.tensor(labels)


def shuffled(labels: Int64[Tensor, " n"], seed: int) -> Int64[Tensor, " n"]:
    """The same labels in random order, as Ansuini et al. (2019) shuffle them."""
    return labels[torch.from_numpy(np.random.default_rng(seed).permutation(len(labels)))]


def with_random_labels(labels: Int64[Tensor, " n"], share: float, seed: int) -> Int64[Tensor, " n"]:
    """Labels of which a share is drawn anew, uniformly over the classes that occur.

    Raises
    ------
    InputError
        If ``share`` is not within [0, 1].
    """
    if not 0 <= share <= 1:
        raise InputError(f"share={share} must be within [0, 1]")
    rng = np.random.default_rng(seed)
    is_random = torch.from_numpy(rng.random(len(labels)) < share)
    classes = torch.unique(labels)
    drawn = classes[torch.from_numpy(rng.integers(len(classes), size=len(labels)))]
    return torch.where(is_random, drawn, labels)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a network is trained.

    Attributes
    ----------
    epochs, batch_size
        Passes over the samples; the rest of an epoch that fills no batch is left out.
    learning_rate, momentum, weight_decay
        Of SGD; Adam and RMSprop take the learning rate and the weight decay.
    optimizer
        ``"sgd"``, ``"adam"`` or ``"rmsprop"``.
    annealing
        ``"none"``, or ``"cosine"`` to bring the learning rate to 0 over all steps.
    augmentation
        Shift images by up to 4 pixels, filled with the lowest value, and flip every other one.
    precision
        ``"float32"``, or ``"bfloat16"`` for products and activations in training; weights and
        everything that is measured stay float32.
    until_accuracy
        End after the first epoch with this share of right answers, counted while it learns; above
        1 to train all epochs.
    """

    epochs: int
    learning_rate: float
    batch_size: int = 128
    momentum: float = 0.0
    weight_decay: float = 0.0
    optimizer: str = "sgd"
    annealing: str = "none"
    augmentation: bool = False
    precision: str = "float32"
    until_accuracy: float = 2.0

    def __post_init__(self) -> None:
        choices = {
            "optimizer": ("sgd", "adam", "rmsprop"),
            "annealing": ("none", "cosine"),
            "precision": ("float32", "bfloat16"),
        }
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise InputError(f"{name}={getattr(self, name)!r}: choose {' or '.join(known)}")
        if self.epochs < 1 or self.batch_size < 1:
            raise InputError(
                f"epochs={self.epochs} and batch_size={self.batch_size} must be at least 1"
            )
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning_rate={self.learning_rate} must be positive and finite")


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well a network fits samples.

    Attributes
    ----------
    loss
        Mean cross-entropy, in nats.
    accuracy
        Share of samples whose most likely class is their label.
    """

    loss: float
    accuracy: float


@torch.no_grad()
def fit_of(model: nn.Module, samples: Samples) -> Fit:
    """Measure how well a network fits samples, in evaluation mode and float32."""
    was_training = model.training
    model.eval()
    loss, right = 0.0, 0
    for x, y in zip(
        torch.split(samples.images, _BATCH), torch.split(samples.labels, _BATCH), strict=True
    ):
        logits = model(x)
        loss += float(functional.cross_entropy(logits, y, reduction="sum"))
        right += int((logits.argmax(1) == y).sum())
    model.train(was_training)
    return Fit(loss=loss / len(samples), accuracy=right / len(samples))


def train(  # noqa: PLR0913 - what, how, and what is measured on the way
    model: nn.Module,
    samples: Samples,
    schedule: Schedule,
    *,
    seed: int,
    measure: Callable[[int], Rows] | None = None,
    at: Collection[int] = (),
    checkpoint: Checkpoint | None = None,
) -> Rows:
    """Train a classifier by cross-entropy, in place; it is in evaluation mode afterwards.

    Parameters
    ----------
    model
        Gives logits, or logarithms of probabilities.
    samples
        What it learns, on the device of the model.
    schedule
        How it learns.
    seed
        Of the order of the samples, and of the augmentation.
    measure
        Called with the number of steps taken, when it is in ``at``; the model is in evaluation
        mode. It returns rows.
    at
        Numbers of steps; 0 is before training, and `steps_per_epoch` leads to ends of epochs.
    checkpoint
        Where the state, and the rows so far, are kept at ends of epochs, every half a minute or
        so: a killed training goes on and gives the same rows.

    Returns
    -------
    list of dict
        All rows that ``measure`` returned.

    Raises
    ------
    InputError
        If a batch is larger than the samples.
    TrainingError
        If the loss is not finite.
    """
    optimizer = _optimizer(model, schedule)
    generator = torch.Generator().manual_seed(seed)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    n_steps = steps_per_epoch(schedule, len(samples))
    epoch, rows = _restored(checkpoint, model, optimizer, generator)
    saved = time.monotonic()
    if epoch == 0:
        rows = _measured(model, measure, 0, at)
    while epoch < schedule.epochs:
        model.train()
        losses, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for number, (x, y) in enumerate(_batches(samples, schedule, generator)):
            step = epoch * n_steps + number
            _set_rate(optimizer, schedule, step / (schedule.epochs * n_steps))
            with torch.autocast(
                x.device.type, torch.bfloat16, enabled=schedule.precision == "bfloat16"
            ):
                logits = model(x)
            loss = functional.cross_entropy(logits.float(), y)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            losses = losses + loss.detach().cpu()
            right += (logits.argmax(1) == y).sum().cpu()
            rows += _measured(model, measure, step + 1, at)
        epoch += 1
        if not math.isfinite(float(losses)):
            raise TrainingError(f"training diverged in epoch {epoch}: lower the learning rate")
        if float(right) >= schedule.until_accuracy * n_steps * schedule.batch_size:
            break
        if checkpoint is not None and time.monotonic() - saved > _SAVE_EVERY:
            _save(checkpoint, model, optimizer, generator, (epoch, rows))
            saved = time.monotonic()
    model.eval()
    return rows


def steps_per_epoch(schedule: Schedule, n_samples: int) -> int:
    """How many whole batches an epoch has.

    Raises
    ------
    InputError
        If a batch is larger than the samples.
    """
    if schedule.batch_size > n_samples:
        raise InputError(f"batch_size={schedule.batch_size} is more than the {n_samples} samples")
    return n_samples // schedule.batch_size


def _measured(
    model: nn.Module, measure: Callable[[int], Rows] | None, step: int, at: Collection[int]
) -> Rows:
    if measure is None or step not in at:
        return []
    model.eval()
    rows = measure(step)
    model.train()
    return rows


def _optimizer(model: nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    rate, decay = schedule.learning_rate, schedule.weight_decay
    if schedule.optimizer == "adam":
        return torch.optim.Adam(model.parameters(), lr=rate, weight_decay=decay)
    if schedule.optimizer == "rmsprop":
        return torch.optim.RMSprop(model.parameters(), lr=rate, weight_decay=decay)
    return torch.optim.SGD(
        model.parameters(), lr=rate, momentum=schedule.momentum, weight_decay=decay
    )


def _set_rate(optimizer: torch.optim.Optimizer, schedule: Schedule, done: float) -> None:
    if schedule.annealing == "cosine":
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def _batches(
    samples: Samples, schedule: Schedule, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """An epoch of whole batches in random order."""
    n, size = len(samples), schedule.batch_size
    device = samples.labels.device
    order = torch.randperm(n, generator=generator).to(device)
    corners = torch.randint(2 * _PADDING + 1, (2, n), generator=generator).to(device)
    flips = (torch.rand(n, generator=generator) < 0.5).to(device)
    for i in range(0, n - size + 1, size):
        chosen = order[i : i + size]
        x = samples.images[chosen]
        if schedule.augmentation:
            x = _moved(x, corners[:, chosen], flips[chosen])
        yield x.contiguous(memory_format=torch.channels_last), samples.labels[chosen]


def _moved(x: Tensor, corners: Tensor, flips: Tensor) -> Tensor:
    height, width = x.shape[-2:]
    lowest = float(x.min())
    padded = functional.pad(x, (_PADDING,) * 4, value=lowest)
    rows = corners[0][:, None] + torch.arange(height, device=x.device)
    columns = torch.arange(width, device=x.device).expand(len(x), -1)
    columns = corners[1][:, None] + torch.where(flips[:, None], width - 1 - columns, columns)
    which = torch.arange(len(x), device=x.device)[:, None, None, None]
    channels = torch.arange(x.shape[1], device=x.device)[:, None, None]
    return padded[which, channels, rows[:, None, :, None], columns[:, None, None, :]]


def _save(
    checkpoint: Checkpoint,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
    so_far: tuple[int, Rows],
) -> None:
    """Write the state, epochs and rows."""
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "generator": generator.get_state(),
        "global": torch.get_rng_state(),
        "epoch": so_far[0],
        "rows": plain(so_far[1]),
    }
    written = io.BytesIO()
    torch.save(state, written)
    checkpoint.write(written.getvalue())


def _restored(
    checkpoint: Checkpoint | None,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> tuple[int, Rows]:
    """Bring back what `_save` wrote, if it did: how many epochs had ended, and the rows."""
    if checkpoint is None or checkpoint.state is None:
        return 0, []
    state = torch.load(io.BytesIO(checkpoint.state), map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    generator.set_state(state["generator"])
    torch.set_rng_state(state["global"])
    return int(state["epoch"]), list(state["rows"])
