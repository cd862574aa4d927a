"""Dense networks trained on Fashion-MNIST; those of all seeds are trained together as a stack."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from dimscope.data import NamedData, load_data
from dimscope.errors import InputError, TrainingError, or_reason
from dimscope.estimators import estimate
from dimscope.noise import readout_geometry
from dimscope.studies.jobs import Rows
from dimscope.studies.recipes.recanatesi.dense import he_dense_net
from dimscope.studies.recipes.recanatesi.noise.conditions import Condition

READOUT = "fc7"
N_PROBE = 2000
_N_TICKS = 8
_LEAST_STEPS = 10  # between two moments
_GEOMETRY = ("participation_ratio", "feature_variance", "readout_variance", "readout_rank")


def train_dense_networks(
    *,
    condition: dict[str, Any],
    n_seeds: int,
    training_time: float,
    device: str = "cpu",
) -> Rows:
    """Train the networks of all seeds; measure their last hidden layer before and through training.

    `dense_net` (six hidden layers of 256 ReLU units, He's initialisation) on the 60,000 training
    images, cross-entropy, plain SGD on batches drawn independently of each other. ``label_noise``
    is the share of labels that are replaced by random ones, each time that they are used.

    Parameters
    ----------
    condition
        Arguments of `Condition`.
    n_seeds
        Number of networks. Their weights have seeds 0, 1, ...; the batches of all are one draw.
    training_time
        Learning rate times the number of steps.
    device
        Where the networks are trained.

    Returns
    -------
    list of dict
        A row for each seed and moment: before training and up to 8 times later, ten steps or more
        apart. It has ``time``, ``test_accuracy``, ``training_loss``, and for the last hidden layer
        on 2,000 test images fields of `ReadoutGeometry`, ``two_nn`` and ``two_nn_stderr``. A
        dimension is None if the features do not determine it.

    Raises
    ------
    TrainingError
        If training diverges.
    """
    how = Condition(**condition)
    images, labels = _images("train", device)
    test, test_labels = _images("test", device)
    nets = [he_dense_net(seed).to(device) for seed in range(n_seeds)]
    template = nets[0]
    weights: dict[str, Tensor] = {k: v.detach() for k, v in stack_module_state(nets)[0].items()}
    generator = torch.Generator(device).manual_seed(0)
    known = None  # the labels of a population, whose noise is drawn once
    if how.population is not None:
        of_population = labels[: how.population].expand(n_seeds, -1)
        known = _noisy(of_population, how.label_noise, generator)
    n_steps = max(1, round(training_time / how.learning_rate))
    n_ticks = min(_N_TICKS, max(1, n_steps // _LEAST_STEPS))

    def loss(of: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(functional_call(template, of, (x,)), y)

    gradients = vmap(grad(loss))
    rows: Rows = []
    for tick, n in enumerate(_steps_between_ticks(n_steps, n_ticks)):
        for _ in range(n):
            chosen = _draw(how, n_seeds, len(images), generator)
            y = labels[chosen] if known is None else known.gather(1, chosen)
            if known is None:
                y = _noisy(y, how.label_noise, generator)
            seen = _with_readout_noise(weights, how.readout_noise, generator)
            slopes = gradients(seen, images[chosen], y)
            for name, slope in slopes.items():
                if not (how.frozen_readout and name.startswith(READOUT)):
                    weights[name] = weights[name] - how.learning_rate * slope
        time = how.learning_rate * (n_steps * tick // n_ticks)
        for seed in range(n_seeds):
            of = {name: stack[seed] for name, stack in weights.items()}
            if not all(bool(w.isfinite().all()) for w in of.values()):
                raise TrainingError(f"training diverged ({how.name}): lower the learning rate")
            facts = _measure(template, of, (test, test_labels), (images, labels))
            rows.append({"seed": seed, "time": time, **facts})
    return rows


@cache
def _images(split: str, device: str) -> tuple[Float[Tensor, "n 1 28 28"], Int64[Tensor, " n"]]:
    return _tensors(load_data("fashion_mnist", split=split), device)


def _tensors(data: Any, device: str) -> tuple[Float[Tensor, "n 1 28 28"], Int64[Tensor, " n"]]:
    if not isinstance(data, NamedData):
        raise InputError("fashion_mnist must be a data set, not a loader")
    images, labels = zip(*(data[i] for i in range(len(data))), strict=True)
    pixels = torch.stack(images).to(device).float() / 255
    return pixels, torch.tensor(labels, device=device)


def _steps_between_ticks(n_steps: int, n_ticks: int) -> Iterator[int]:
    yield 0
    for tick in range(n_ticks):
        yield n_steps * (tick + 1) // n_ticks - n_steps * tick // n_ticks


def _draw(
    how: Condition, n_seeds: int, n_images: int, generator: torch.Generator
) -> Int64[Tensor, "s b"]:
    """Draw a batch for each network; a small batch repeats about B^2 / 2N of its images."""
    n = how.population or n_images
    device = generator.device
    if how.is_full_batch:
        return torch.arange(n, device=device).expand(n_seeds, -1)
    if 4 * how.batch_size > n:
        keys = torch.rand((n_seeds, n), generator=generator, device=device)
        return keys.argsort(dim=1)[:, : how.batch_size]
    return torch.randint(n, (n_seeds, how.batch_size), generator=generator, device=device)


def _noisy(
    labels: Int64[Tensor, "s b"], share: float, generator: torch.Generator
) -> Int64[Tensor, "s b"]:
    if share == 0:
        return labels
    shape, device = labels.shape, labels.device
    redrawn = torch.rand(shape, generator=generator, device=device) < share
    others = torch.randint(10, shape, generator=generator, device=device)
    return torch.where(redrawn, others, labels)


def _with_readout_noise(
    weights: dict[str, Tensor], sigma: float, generator: torch.Generator
) -> dict[str, Tensor]:
    if sigma == 0:
        return weights
    noisy = {
        name: w + sigma * torch.randn(w.shape, generator=generator, device=w.device)
        for name, w in weights.items()
        if name.startswith(READOUT)
    }
    return weights | noisy


@torch.no_grad()
def _measure(
    template: nn.Module, weights: dict[str, Tensor], test: Any, training: Any
) -> dict[str, Any]:
    hidden: list[Tensor] = []
    hook = template.get_submodule(READOUT).register_forward_pre_hook(
        lambda _, inputs: hidden.append(inputs[0])
    )
    try:
        logits = functional_call(template, weights, (test[0],))
    finally:
        hook.remove()
    known = slice(0, N_PROBE)
    fitted = functional_call(template, weights, (training[0][known],))
    features = hidden[0][:N_PROBE].double().cpu()
    dimension = or_reason(lambda: estimate(features.numpy(), "two_nn"))
    geometry = or_reason(lambda: readout_geometry(features, weights[f"{READOUT}.weight"]))
    return {
        "test_accuracy": float((logits.argmax(1) == test[1]).float().mean()),
        "training_loss": float(nn.functional.cross_entropy(fitted, training[1][known])),
        "two_nn": None if isinstance(dimension, str) else dimension.value,
        "two_nn_stderr": None if isinstance(dimension, str) else dimension.stderr,
        **{name: getattr(geometry, name, None) for name in _GEOMETRY},
    }
