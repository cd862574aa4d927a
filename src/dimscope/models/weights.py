"""Loading a state dictionary into a network, with an error that says what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dimscope.errors import InputError
from dimscope.io import read_tensors

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_PARALLEL_PREFIX = "module."
_COMPILED_PART = "_orig_mod."  # torch.compile puts it into names


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Load the weights of a file into a network.

    Parameters
    ----------
    model
        Changed in place.
    path
        A ``.pt``, ``.pth`` or ``.safetensors`` file with a state dictionary, by itself or as the
        ``state_dict``, ``model_state_dict`` or ``model`` of a checkpoint, with or without the
        ``module.`` prefix of parallel training and the ``_orig_mod.`` of `torch.compile`.

    Raises
    ------
    InputError
        If the file cannot be read or does not fit the network.
    """
    load_state(model, _unwrapped(read_tensors(path), path), path)


def load_state(model: nn.Module, weights: Mapping[str, torch.Tensor], path: str | Path) -> None:
    """Load weights that were read from a file into a network.

    Parameters
    ----------
    model
        Changed in place.
    weights
        A tensor for each name in the state dictionary of the network.
    path
        The file, for messages.

    Raises
    ------
    InputError
        If the weights do not fit the network.
    """
    state = model.state_dict()
    own = {key.replace(_COMPILED_PART, ""): value for key, value in state.items()}
    missing = [key for key in own if key not in weights]
    unexpected = [key for key in weights if key not in own]
    reshaped = [
        f"{key} is {tuple(weights[key].shape)} in the file and {tuple(value.shape)} in the network"
        for key, value in own.items()
        if key in weights and weights[key].shape != value.shape
    ]
    retyped = [
        f"{key} is {weights[key].dtype} in the file and {value.dtype} in the network"
        for key, value in own.items()
        if key in weights and _kind(weights[key]) != _kind(value)
    ]
    problems = {
        "missing": missing,
        "unexpected": unexpected,
        "of another shape": reshaped,
        "of another type": retyped,
    }
    if any(problems.values()):
        counts = "; ".join(
            f"{len(keys)} {problem} (first: {keys[0]})"
            for problem, keys in problems.items()
            if keys
        )
        raise InputError(
            f"the weights in {str(path)!r} do not fit the network: {counts}; "
            "give weights saved from this same architecture"
        )
    model.load_state_dict({key: weights[key.replace(_COMPILED_PART, "")] for key in state})


def _kind(values: torch.Tensor) -> tuple[bool, bool]:
    """What a conversion must keep: quantised weights in integers are no weights by themselves."""
    return values.is_floating_point(), values.is_complex()


def _unwrapped(content: Any, path: str | Path) -> dict[str, torch.Tensor]:
    """Find the state dictionary in what a file held."""
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    is_state = isinstance(content, Mapping) and all(
        isinstance(value, torch.Tensor) for value in content.values()
    )
    if not is_state or not content:
        raise InputError(
            f"{str(path)!r} holds no state dictionary; save torch.save(model.state_dict(), path)"
        )
    found = {key.replace(_COMPILED_PART, ""): value for key, value in content.items()}
    if all(key.startswith(_PARALLEL_PREFIX) for key in found):
        return {key.removeprefix(_PARALLEL_PREFIX): value for key, value in found.items()}
    return found
