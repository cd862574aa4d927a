"""Gradients of samples and of minibatches, their norms, and their Gram matrices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.func import grad, vmap

from dimscope._progress import Advance
from dimscope.noise.objective import Objective, Samples, Weights

#: The names of the parameters of each layer.
Groups = Mapping[str, tuple[str, ...]]

_COLUMNS = 1 << 14


class NoPerSampleError(Exception):
    """torch.func cannot batch this network; the message is that of torch."""


def per_sample_gradients(
    loss: Objective, groups: Groups, advance: Advance
) -> dict[str, Float[Tensor, "n p"]]:
    """The gradient of every sample, by layer.

    Raises
    ------
    NoPerSampleError
        If torch.func cannot compute them.
    """

    def alone(weights: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return loss.loss(weights, Samples(x[None], y[None])).reshape(())

    each = vmap(grad(alone), in_dims=(None, 0, 0), randomness="different")
    n = len(loss.samples)
    first = next(iter(loss.chosen.values()))
    rows = {
        layer: torch.empty(n, _size(loss, names), dtype=first.dtype, device=first.device)
        for layer, names in groups.items()
    }
    done = 0
    for samples in loss.samples.parts(loss.part):
        try:
            found = each(loss.chosen, samples.inputs, samples.targets)
        except (RuntimeError, NotImplementedError, ValueError) as error:
            lines = str(error).strip().splitlines() or ["no message"]
            raise NoPerSampleError(lines[0].rstrip(".")) from error
        for layer, names in groups.items():
            part = torch.cat([found[name].flatten(1) for name in names], dim=1)
            rows[layer][done : done + len(samples)] = part
        done += len(samples)
        advance(done, n)
    return rows


def drawn_gradients(
    loss: Objective, batch_size: int, n_draws: int, rng: np.random.Generator, advance: Advance
) -> Iterator[Weights]:
    """Yield the gradients of independent batches one after the other, by parameter."""
    for draw in range(n_draws):
        yield _drawn_gradient(loss, batch_size, rng)
        advance(draw + 1, n_draws)


def by_layer(gradients: Iterable[Weights], groups: Groups) -> dict[str, Float[Tensor, "k p"]]:
    """Gradients as the rows of a matrix, by layer."""
    found: dict[str, list[Tensor]] = {layer: [] for layer in groups}
    for gradient in gradients:
        for layer, names in groups.items():
            found[layer].append(torch.cat([gradient[name].flatten() for name in names]))
    return {layer: torch.stack(rows) for layer, rows in found.items()}


def squared_norms(
    gradients: Iterable[Weights], groups: Groups
) -> dict[str, Float64[np.ndarray, " k"]]:
    """|G|^2 of gradients, by layer, holding one gradient at a time."""
    found: dict[str, list[float]] = {layer: [] for layer in groups}
    for gradient in gradients:
        for layer, names in groups.items():
            squares = [float(gradient[name].double().square().sum()) for name in names]
            found[layer].append(sum(squares))
    return {layer: np.array(squares) for layer, squares in found.items()}


def _drawn_gradient(
    loss: Objective, batch_size: int, rng: np.random.Generator
) -> dict[str, Tensor]:
    """The gradient of a batch drawn without replacement, added up over parts of the batch."""
    drawn = torch.from_numpy(rng.choice(len(loss.samples), batch_size, replace=False))
    weights = loss.differentiable()
    with torch.enable_grad():
        for samples in loss.samples.take(drawn).parts(loss.part):
            share = len(samples) / batch_size
            (share * loss.loss(weights, samples)).backward()  # type: ignore[no-untyped-call]
    return {
        name: torch.zeros_like(weight) if weight.grad is None else weight.grad
        for name, weight in weights.items()
    }


def grams(
    rows: Mapping[str, Float[Tensor, "n p"]],
) -> dict[str, Float64[np.ndarray, "n n"]]:
    """The Gram matrix of the gradients of each layer, added up in float64."""
    found = {}
    for layer, gradients in rows.items():
        n, width = gradients.shape
        gram = torch.zeros(n, n, dtype=torch.float64, device=gradients.device)
        for start in range(0, width, _COLUMNS):
            columns = gradients[:, start : start + _COLUMNS].double()
            gram.addmm_(columns, columns.T)
        found[layer] = gram.cpu().numpy()
    return found


def _size(loss: Objective, names: tuple[str, ...]) -> int:
    return sum(loss.chosen[name].numel() for name in names)
