"""Running a network and leaving everything as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast, get_args

import torch
from torch import nn

from dimscope.capture.batches import Batch
from dimscope.capture.restoring import (
    in_mode,
    random_states,
    seed_all,
    slow_attention,
    state_restored,
)
from dimscope.capture.tensors import named_tensors
from dimscope.capture.uncompiled import uncompiled
from dimscope.errors import CaptureError, DimscopeError, InputError

#: A function that calls a network: it gets the network and the whole batch, on its device.
Forward = Callable[[nn.Module, Any], Any]

#: How every module runs: ``"eval"``, or ``"train"``, with dropout and the statistics of the batch.
Mode = Literal["eval", "train"]


def require_module(model: Any) -> nn.Module:
    """Return ``model`` if it is a network.

    Raises
    ------
    InputError
        If it is not a `torch.nn.Module`.
    """
    if isinstance(model, nn.Module):
        return model
    raise InputError(f"the model is a {type(model).__name__}: it must be a torch.nn.Module")


def require_mode(mode: Any) -> Mode:
    """Return ``mode`` if it is one.

    Raises
    ------
    InputError
        If it is not.
    """
    if mode in get_args(Mode):
        return cast(Mode, mode)
    raise InputError(
        f"mode={mode!r}: it must be 'eval' or 'train' (dropout on, statistics of the batch)"
    )


def place_batch(batch: Batch, model: nn.Module) -> Batch:
    """A copy of the batch on the device, and in the floating-point type, of ``model``."""
    tensors = [*model.parameters(), *model.buffers()]
    device = next((tensor.device for tensor in tensors), None)
    dtype = next((tensor.dtype for tensor in tensors if tensor.is_floating_point()), None)
    return batch.copy_to(device, dtype)


def run_model(model: nn.Module, batch: Batch, forward: Forward | None) -> Any:
    """Return the output of the network for the batch.

    Raises
    ------
    CaptureError
        If the network fails; its own error is quoted, and kept as the cause.
    """
    try:
        if forward is not None:
            return forward(model, batch.content)
        args, kwargs = batch.arguments
        return model(*args, **kwargs)
    except DimscopeError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines() or ["no message"]
        raise CaptureError(
            f"the model failed on {described(batch)}: {type(error).__name__}: {lines[0]}"
        ) from error


def described(batch: Batch) -> str:
    """The shapes of the inputs, for messages."""
    parts = [
        f"{suffix.removeprefix(':')} {tuple(tensor.shape)} {tensor.dtype}".strip()
        for suffix, tensor in named_tensors(batch.inputs).items()
    ]
    return "inputs " + ", ".join(parts)


@contextmanager
def undisturbed(model: nn.Module, data: Any = None, mode: Mode = "eval") -> Iterator[None]:
    """Switch to a mode, without gradients; restore everything at the end, also on errors.

    Restored are the training flag of every module, buffers, gradients, the random states of torch,
    NumPy, Python and the data's own generators, and torch's choice of attention kernels. Meanwhile,
    compiled parts of the network run uncompiled.

    Raises
    ------
    CaptureError
        At the end, if the network has changed its parameters.
    """
    with (
        random_states(data),
        uncompiled(model),
        in_mode(model, training=mode == "train"),
        state_restored(model),
        slow_attention(),
        torch.no_grad(),
    ):
        yield


def seed_of_batch(mode: Mode, n_before: int) -> None:
    """In training mode, draw the same numbers for a batch in every pass.

    What a network draws in evaluation mode stays its own matter.
    """
    if mode == "train":
        seed_all(n_before)
