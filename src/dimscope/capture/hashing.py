"""Fingerprints of data and of networks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from dimscope.capture.batches import Batch, read_first
from dimscope.capture.binding import Network
from dimscope.capture.inference import undisturbed
from dimscope.capture.readings import open_batches
from dimscope.capture.tensors import named_tensors
from dimscope.capture.uncompiled import uncompiled


class InputHash:
    """SHA-256 of the inputs seen; it does not depend on how they are cut into batches."""

    def __init__(self) -> None:
        self._hashes: dict[str, hashlib._Hash] = {}

    def update(self, inputs: Any) -> None:
        """Add the tensors of a batch."""
        for suffix, tensor in named_tensors(inputs).items():
            self._hashes.setdefault(suffix, hashlib.sha256(f"{tensor.dtype}".encode()))
            self._hashes[suffix].update(_bytes(tensor))

    def add(self, batch: Batch) -> None:
        """Add the inputs of a batch, sample by sample where they are the items of a list."""
        for sample in batch.samples:
            self.update(sample)

    def hexdigest(self) -> str:
        """The hash of all inputs so far."""
        parts = [f"{suffix} {part.hexdigest()}" for suffix, part in self._hashes.items()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def hash_model(model: nn.Module) -> str:
    """SHA-256 of the names, shapes and values in the state of a network."""
    found = hashlib.sha256()
    for name, value in _state(model).items():
        if isinstance(value, Tensor):
            found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            found.update(_bytes(value))
        else:
            found.update(f"{name} {value!r}\n".encode())
    return found.hexdigest()


def hash_architecture(model: nn.Module) -> str:
    """SHA-256 of the class of a network and of the names, types and shapes in its state.

    Training changes none of these.
    """
    found = hashlib.sha256(f"{type(model).__qualname__}\n".encode())
    for name, value in _state(model).items():
        what = f"{value.dtype} {tuple(value.shape)}" if isinstance(value, Tensor) else type(value)
        found.update(f"{name} {what}\n".encode())
    return found.hexdigest()


def hash_data(
    model: nn.Module,
    data: Any,
    *,
    batch_size: int,
    n_samples: int | None = None,
    forward: Callable[[nn.Module, Any], Any] | None = None,
) -> str:
    """Return the `data_hash` of capturing ``data``, without a pass of the network.

    Raises
    ------
    InputError
        If the data is empty or cannot be read.
    """
    found = InputHash()
    with undisturbed(model, data):
        batches = open_batches(data, Network(model, forward), batch_size, n_samples)
        for batch in chain([read_first(batches)], batches):
            found.add(batch)
    return found.hexdigest()


def _state(model: nn.Module) -> dict[str, Any]:
    """The state of a network under the names that it has uncompiled."""
    with uncompiled(model):
        return model.state_dict()


def _bytes(tensor: Tensor) -> memoryview:
    plain = tensor.detach().dequantize() if tensor.is_quantized else tensor.detach()
    return plain.to_dense().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().data
