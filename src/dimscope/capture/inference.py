"""Running a network and leaving everything as it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from dimscope.capture.batches import Batch
from dimscope.capture.tensors import named_tensors, version_of
from dimscope.errors import CaptureError, DimscopeError, InputError

#: A function that calls a network: it gets the network and the whole batch, on its device.
Forward = Callable[[nn.Module, Any], Any]


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
def undisturbed(model: nn.Module, data: Any = None) -> Iterator[None]:
    """Switch to evaluation mode without gradients; restore everything at the end, also on errors.

    Restored are the training flag of every module, buffers, the random states of torch, NumPy,
    Python and the data's own generator, and torch's choice of attention kernels.
    """
    with (
        random_states(data),
        _evaluation(model),
        _buffers(model),
        _slow_attention(),
        torch.no_grad(),
    ):
        yield


@contextmanager
def random_states(data: Any = None) -> Iterator[None]:
    """Restore the random states of torch, NumPy, Python and the data's generator at the end.

    Sampling draws random numbers, and so do some libraries while they are imported.
    """
    generator = getattr(data, "generator", None)
    own_state = generator.get_state() if isinstance(generator, torch.Generator) else None
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 - users' transforms draw from it
    has_cuda = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    n_devices = torch.cuda.device_count() if has_cuda else 0
    try:
        with torch.random.fork_rng(devices=range(n_devices)):
            yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        if generator is not None and own_state is not None:
            generator.set_state(own_state)


@contextmanager
def _evaluation(model: nn.Module) -> Iterator[None]:
    # set the flags, not train() and eval(): some networks override these with side effects
    # (a frozen TorchScript module has no flag)
    flags = [(module, module.training) for module in model.modules() if hasattr(module, "training")]
    try:
        for module, _ in flags:
            module.training = False
        yield
    finally:
        for module, training in flags:
            module.training = training


@contextmanager
def _buffers(model: nn.Module) -> Iterator[None]:
    slots = [
        (module, dict(module._buffers))
        for module in model.modules()
        if not isinstance(module, torch.jit.ScriptModule)
    ]
    kept = [
        (buffer, buffer.clone(), version_of(buffer))
        for buffer in model.buffers()
        if not is_lazy(buffer) and not buffer.is_meta
    ]
    try:
        yield
    finally:
        for module, buffers in slots:
            module._buffers.clear()
            module._buffers.update(buffers)
        for buffer, content, version in kept:
            if version_of(buffer) != version:  # a needless write would break a backward pass
                buffer.copy_(content)


@contextmanager
def _slow_attention() -> Iterator[None]:
    # the fast path of nn.TransformerEncoder skips some modules and gives others nested tensors
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
