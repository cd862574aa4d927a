"""The loss of a network on some samples as a function of some of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from dimscope.capture.batches import read_batches
from dimscope.capture.binding import Network
from dimscope.capture.globs import matches
from dimscope.capture.inference import require_module, undisturbed
from dimscope.capture.readings import settled
from dimscope.errors import CaptureError, InputError

#: ``loss_fn(outputs, targets)``: one number, the *mean* over the samples of a batch.
LossFunction = Callable[[Any, Any], Tensor]

#: Parameters by name.
Weights = Mapping[str, Tensor]

_READ = 256
_SAME = 1e-3


def half_squared_error(
    outputs: Float[Tensor, "n c"], targets: Float[Tensor, "n c"]
) -> Float[Tensor, ""]:
    """1/2 E |z - y|^2, the squared loss whose Hessian with respect to the outputs is the identity.

    `torch.nn.functional.mse_loss` also takes a mean over the C outputs: it is 2/C of this.
    """
    return 0.5 * (outputs - targets).square().flatten(1).sum(dim=1).mean()


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs and their targets, held in memory.

    Attributes
    ----------
    inputs, targets
        Shape (n_samples, ...), on the device of the network.
    """

    inputs: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Tensor) -> Samples:
        """The samples at these positions."""
        rows = rows.to(self.inputs.device)
        return Samples(self.inputs[rows], self.targets[rows])

    def parts(self, size: int) -> Iterator[Samples]:
        """Yield all samples in order, ``size`` at a time."""
        for start in range(0, len(self), size):
            yield Samples(self.inputs[start : start + size], self.targets[start : start + size])


@dataclass(frozen=True, eq=False, kw_only=True)
class Objective:
    """The mean loss of a network over samples, as a function of chosen parameters.

    Attributes
    ----------
    model, loss_fn, samples
        The network, ``loss_fn(outputs, targets)`` and the data.
    chosen
        The parameters that the loss is a function of, with their values in the network.
    fixed
        All other parameters and buffers.
    part
        Samples that go through the network together.
    """

    model: nn.Module
    loss_fn: LossFunction
    samples: Samples
    chosen: dict[str, Tensor]
    fixed: dict[str, Tensor]
    part: int

    @property
    def n_parameters(self) -> int:
        """The number of chosen parameters."""
        return sum(weight.numel() for weight in self.chosen.values())

    def outputs(self, weights: Weights, inputs: Tensor) -> Tensor:
        """The network's outputs for ``inputs`` at these weights."""
        found: Tensor = functional_call(self.model, {**self.fixed, **weights}, (inputs,))
        return found

    def loss(self, weights: Weights, samples: Samples) -> Tensor:
        """The mean loss of ``samples`` at these weights."""
        return self.loss_fn(self.outputs(weights, samples.inputs), samples.targets)

    def mean_loss(self, weights: Weights) -> float:
        """The mean loss of all samples at these weights."""
        total = torch.zeros((), dtype=torch.float64)
        for samples in self.samples.parts(self.part):
            total += len(samples) * self.loss(weights, samples).detach().double().cpu()
        return float(total) / len(self.samples)

    def flat(self, weights: Weights) -> Tensor:
        """These values of the chosen parameters as one vector."""
        return torch.cat([weights[name].flatten() for name in self.chosen])

    def unflat(self, vector: Tensor) -> dict[str, Tensor]:
        """A vector as values of the chosen parameters."""
        sizes = [weight.numel() for weight in self.chosen.values()]
        pieces = zip(self.chosen.items(), vector.split_with_sizes(sizes), strict=True)
        return {name: piece.view_as(weight) for (name, weight), piece in pieces}

    def moved(self, step: Weights, by: float = 1.0) -> dict[str, Tensor]:
        """The chosen parameters plus ``by`` times a step."""
        return {name: weight + by * step[name] for name, weight in self.chosen.items()}

    def differentiable(self) -> dict[str, Tensor]:
        """A copy of the chosen parameters that requires gradients."""
        return {name: weight.clone().requires_grad_() for name, weight in self.chosen.items()}


@contextmanager
def objective(  # noqa: PLR0913 - what the loss is a function of
    model: Any,
    loss_fn: LossFunction,
    data: Any,
    *,
    layers: str | Sequence[str] | None,
    dtype: torch.dtype | None,
    part: int,
) -> Iterator[Objective]:
    """Make the loss a function of the parameters of ``layers``; the network is left as it was.

    The network runs in evaluation mode: no dropout, batch normalisation by its running statistics.

    Parameters
    ----------
    model, loss_fn, data
        As in `gradient_noise`.
    layers
        Names or globs of modules whose parameters vary; None for all that are trainable.
    dtype
        Floating-point type to compute in; None for that of the network.
    part
        Samples that go through the network together.

    Raises
    ------
    InputError
        If the model is no network, the data are not samples with targets, no layer fits, or the
        loss is not one number that is a mean over samples.
    CaptureError
        If the network fails.
    """
    model = require_module(model)
    if part < 1:
        raise InputError(f"chunk_size={part} must be at least 1")
    weights = dict(model.named_parameters())
    names = [name for group in parameters_of(model, layers).values() for name in group]
    kind = dtype or weights[names[0]].dtype

    def copy(tensor: Tensor) -> Tensor:
        return tensor.detach().to(kind) if tensor.is_floating_point() else tensor.detach()

    everything = {**weights, **dict(model.named_buffers())}
    held = {name: copy(tensor) for name, tensor in everything.items()}
    with ExitStack() as stack:
        stack.enter_context(undisturbed(model, data))
        samples = read_samples(settled(data, Network(model)), weights[names[0]].device, kind)
        chosen = {name: held.pop(name) for name in names}
        found = Objective(
            model=model, loss_fn=loss_fn, samples=samples, chosen=chosen, fixed=held, part=part
        )
        _check_loss(found)
        yield found


def parameters_of(
    model: nn.Module, layers: str | Sequence[str] | None
) -> dict[str, tuple[str, ...]]:
    """The names of the trainable parameters by layer, for each layer that owns some, in order.

    Parameters
    ----------
    model
        The network.
    layers
        Names or globs of modules; None for all.

    Raises
    ------
    InputError
        If nothing is trainable, or a name or glob fits no layer with trainable parameters.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.is_floating_point():
            layer = name.rpartition(".")[0] or name
            found[layer] = (*found.get(layer, ()), name)
    if not found:
        raise InputError(
            "the model has no trainable parameters, so its weights have no noise: give a model "
            "with parameters that require gradients"
        )
    if layers is None:
        return found
    globs = [layers] if isinstance(layers, str) else list(layers)
    for glob in globs:
        if not any(matches(layer, glob) for layer in found):
            raise InputError(
                f"no layer with trainable parameters is called {glob!r}: choose from "
                f"{', '.join(found)}"
            )
    return {k: v for k, v in found.items() if any(matches(k, glob) for glob in globs)}


def read_samples(data: Any, device: torch.device, dtype: torch.dtype) -> Samples:
    """Read all samples of the data, which must be pairs of an input and a target tensor.

    Raises
    ------
    InputError
        If the samples are anything else, or there are none.
    """
    inputs: list[Tensor] = []
    targets: list[Tensor] = []
    for batch in read_batches(data, _READ):
        content = batch.content
        is_pair = isinstance(content, list | tuple) and len(content) == 2
        if not is_pair or not all(isinstance(part, Tensor) for part in content):
            raise InputError(
                "the loss needs samples with targets: give (inputs, targets) as two tensors or "
                "arrays, or a DataLoader or Dataset of such pairs"
            )
        inputs.append(content[0])
        targets.append(content[1])
    if not inputs:
        raise InputError("the data is empty: give at least one sample")

    def place(parts: list[Tensor]) -> Tensor:
        whole = torch.cat(parts)
        return whole.to(device=device, dtype=dtype if whole.is_floating_point() else whole.dtype)

    found = Samples(place(inputs), place(targets))
    if len(found.targets) != len(found):
        raise InputError(f"{len(found)} inputs have {len(found.targets)} targets: give one each")
    return found


def _check_loss(found: Objective) -> None:
    """Raise unless the loss of the first samples is the mean of the losses of each."""
    first = found.samples.take(torch.arange(min(3, len(found.samples))))
    try:
        whole = found.loss(found.chosen, first)
        alone = [found.loss(found.chosen, one) for one in first.parts(1)]
    except Exception as error:
        lines = str(error).strip().splitlines() or ["no message"]
        raise CaptureError(
            f"the model or its loss failed on inputs {tuple(first.inputs.shape)} of "
            f"{first.inputs.dtype}: {type(error).__name__}: {lines[0]}"
        ) from error
    if not isinstance(whole, Tensor) or whole.numel() != 1:
        raise InputError("loss_fn must return one number, the mean over the samples of a batch")
    mean = torch.stack([loss.reshape(()) for loss in alone]).mean()
    if not torch.isfinite(whole):
        raise InputError(f"the loss is {float(whole)} on the first samples: it must be finite")
    if float((whole - mean).abs()) > _SAME * float(whole.abs() + mean.abs()):
        raise InputError(
            f"the loss of {len(first)} samples together is {float(whole):.6g}, the mean of their "
            f"losses {float(mean):.6g}: loss_fn must be a mean over samples (reduction='mean', no "
            "class weights), and samples must not see each other"
        )
