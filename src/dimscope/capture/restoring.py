"""What a measurement must leave as it was: a network's modes and state, random states, kernels."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from dimscope.capture.tensors import version_of
from dimscope.errors import CaptureError

# Modes, random states and the choice of kernels belong to the process: of two threads that save
# and restore them at the same time, the later one would keep what the first had changed.
_ONE_AT_A_TIME = threading.RLock()
_INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


@contextmanager
def random_states(data: Any = None) -> Iterator[None]:
    """Restore the random states of torch, NumPy, Python and the data's generators at the end.

    Sampling draws random numbers, and so do some libraries while they are imported. A second thread
    waits until the first has restored its states.
    """
    with _ONE_AT_A_TIME:
        own = [(generator, generator.get_state()) for generator in _generators_of(data)]
        python_state = random.getstate()
        numpy_state = np.random.get_state()  # noqa: NPY002 - users' transforms draw from it
        mps_state = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
        has_cuda = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        n_devices = torch.cuda.device_count() if has_cuda else 0
        try:
            with torch.random.fork_rng(devices=range(n_devices)):
                yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002
            if mps_state is not None:
                torch.mps.set_rng_state(mps_state)
            for generator, state in own:
                generator.set_state(state)


def seed_all(seed: int) -> None:
    """Seed torch's generators, inside `random_states`."""
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)


def _generators_of(data: Any) -> list[torch.Generator]:
    """The generators of a DataLoader and of its samplers."""
    batch_sampler = getattr(data, "batch_sampler", None)
    parts = (data, getattr(data, "sampler", None), getattr(batch_sampler, "sampler", None))
    found = [getattr(part, "generator", None) for part in parts]
    return [generator for generator in found if isinstance(generator, torch.Generator)]


@contextmanager
def in_mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Switch every module to training or evaluation mode; restore the mode of each at the end."""
    # set the flags, not train() and eval(): some networks override these with side effects
    # (a frozen TorchScript module has no flag)
    flags = [(module, module.training) for module in model.modules() if hasattr(module, "training")]
    try:
        for module, _ in flags:
            module.training = training
        yield
    finally:
        for module, before in flags:
            module.training = before


@contextmanager
def slow_attention() -> Iterator[None]:
    """Switch the fast path of nn.TransformerEncoder off.

    It skips some modules and gives others nested tensors.
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@contextmanager
def state_restored(model: nn.Module) -> Iterator[None]:
    """Restore buffers by value, and gradients; refuse a run that has changed parameters.

    Restored as well are the weights that an ``nn.Embedding`` with ``max_norm`` rescales.

    Raises
    ------
    CaptureError
        At the end, if the value of a parameter has changed: keeping a copy of all would double the
        memory of the network.
    """
    embeddings = [m for m in model.modules() if isinstance(m, nn.Embedding | nn.EmbeddingBag)]
    renormed = [module.weight for module in embeddings if module.max_norm is not None]
    rescaled = {id(weight) for weight in renormed}
    fixed = {
        name: (parameter, before)
        for name, parameter in model.named_parameters()
        if id(parameter) not in rescaled and (before := _checksum(parameter)) is not None
    }
    with _registrations(model), _values([*model.buffers(), *renormed]), _gradients(model):
        yield
    changed = [name for name, (parameter, sum_) in fixed.items() if _checksum(parameter) != sum_]
    if changed:
        raise CaptureError(
            f"running the network changed its parameter {changed[0]!r} ({len(changed)} of "
            f"{len(fixed)} have changed), and they keep the new values: take what writes to them "
            "out of forward=, or measure a copy, copy.deepcopy(model)"
        )


@contextmanager
def _registrations(model: nn.Module) -> Iterator[None]:
    """Restore which tensor each module calls by which name."""
    slots: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (registered, dict(registered))
        for module in model.modules()
        if not isinstance(module, torch.jit.ScriptModule)
        for registered in (module._parameters, module._buffers)
    ]
    try:
        yield
    finally:
        for registered, before in slots:
            registered.clear()
            registered.update(before)


@contextmanager
def _values(tensors: list[Tensor]) -> Iterator[None]:
    kept = [
        (tensor, tensor.detach().clone(), version_of(tensor))
        for tensor in tensors
        if not is_lazy(tensor) and not tensor.is_meta
    ]
    try:
        yield
    finally:
        for tensor, before, version in kept:
            # A needless write fails where rows share their memory. One to `data` does not count as
            # a version: it does not break a backward pass that began before.
            if not _is_unchanged(tensor, before, version):
                tensor.data.copy_(before)


def _is_unchanged(tensor: Tensor, before: Tensor, version: int) -> bool:
    """Compare values: batch normalisation writes to its buffers without counting a version."""
    if tensor.layout != torch.strided:
        return version_of(tensor) == version
    if tensor.shape != before.shape:
        return False
    if torch.equal(tensor, before):
        return True
    return bool(((tensor == before) | (tensor.isnan() & before.isnan())).all())


@contextmanager
def _gradients(model: nn.Module) -> Iterator[None]:
    """Set gradients aside, and restore them and what requires one."""
    kept = [(p, p.grad, p.requires_grad) for p in model.parameters() if not is_lazy(p)]
    try:
        for parameter, gradient, _ in kept:
            if gradient is not None:
                parameter.grad = None
        yield
    finally:
        for parameter, gradient, required in kept:
            if parameter.grad is not gradient:
                parameter.grad = gradient
            if parameter.requires_grad != required:
                parameter.requires_grad_(required)


def _checksum(parameter: Tensor) -> int | None:
    """The sum of the bits of a parameter; None where it has none, or is of a class of its own."""
    is_plain = type(parameter) is nn.Parameter and parameter.layout == torch.strided
    if not is_plain or parameter.is_meta or parameter.is_quantized:
        return None
    value = parameter.detach()
    bits = (torch.view_as_real(value) if value.is_complex() else value).contiguous()
    kind = _INTEGERS[bits.element_size()]
    return int(bits.view(kind).sum(dtype=kind))
