"""Pooling: from the activation of a layer to one vector for each sample."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Literal

import torch
from jaxtyping import Shaped
from torch import Tensor

from dimscope.capture.axes import Axes
from dimscope.capture.globs import matches
from dimscope.errors import InputError, InputTypeError

Activation = Shaped[Tensor, "n_samples *shape"]
#: 1 for a real token, 0 for padding.
Mask = Shaped[Tensor, "n_samples n_tokens"]
#: 1 for a real position of a map, 0 for padding.
PositionMask = Shaped[Tensor, "n_samples *positions"]
Pooling = Callable[[Tensor, Tensor | None], Tensor]


def flatten(activation: Activation, _mask: Mask | None = None) -> Activation:
    """Every value of the activation, one after the other."""
    return activation.flatten(1) if activation.ndim > 1 else activation[:, None]


def spatial_mean(activation: Activation, mask: PositionMask | None = None) -> Activation:
    """Mean over the real positions of maps (n_samples, channels, ...); others are flattened."""
    if activation.ndim <= 2:
        return flatten(activation)
    if mask is None or mask.shape != (activation.shape[0], *activation.shape[2:]):
        return activation.flatten(2).mean(2)
    real = mask.to(activation.device).flatten(1)[:, None] != 0
    kept = activation.flatten(2).masked_fill(~real, 0)  # padding may hold nan
    return kept.sum(2) / real.sum(2).clamp(min=1)


def first_token(activation: Activation, mask: Mask | None = None) -> Activation:
    """The first real token of (n_samples, n_tokens, features), BERT's [CLS]; others flattened."""
    if activation.ndim != 3:
        return flatten(activation)
    return _pick(activation, _real(activation, mask).to(torch.int).argmax(1))


def last_token(activation: Activation, mask: Mask | None = None) -> Activation:
    """The last real token of (n_samples, n_tokens, features); others are flattened."""
    if activation.ndim != 3:
        return flatten(activation)
    real = _real(activation, mask)
    return _pick(activation, (real * torch.arange(real.shape[1], device=real.device)).argmax(1))


def token_mean(activation: Activation, mask: Mask | None = None) -> Activation:
    """Mean over the real tokens of (n_samples, n_tokens, features); others are flattened."""
    if activation.ndim != 3:
        return flatten(activation)
    real = _real(activation, mask)
    kept = activation.masked_fill(~real[:, :, None], 0)  # padding may hold nan
    return kept.sum(1) / real.sum(1, keepdim=True).clamp(min=1)


#: The poolings by name. Those of tokens leave out the padding of a mask of as many tokens as the
#: layer, and the mean over positions that of a mask of as many positions.
POOLINGS: Mapping[str, Pooling] = {
    "flatten": flatten,
    "spatial_mean": spatial_mean,
    "first_token": first_token,
    "last_token": last_token,
    "token_mean": token_mean,
}

#: Where a pooling expects the channels; the others take them wherever they are.
_CHANNELS: Mapping[str, Literal["first", "last"]] = {
    "spatial_mean": "first",
    "first_token": "last",
    "last_token": "last",
    "token_mean": "last",
}

#: How a caller may ask for pooling: by name, by function, or for each layer by a glob of names.
#: A function takes the activation, and the mask too if it has a second parameter for it.
PoolingFunction = Callable[..., Tensor]
PoolingChoice = str | PoolingFunction | Mapping[str, str | PoolingFunction]

_OF_TOKENS = ("first_token", "last_token", "token_mean")


def resolve_pooling(choice: PoolingChoice, layer: str, axes: Axes | None = None) -> Pooling:
    """The pooling of ``layer``: of a mapping, that of the first matching glob, or ``flatten``.

    A function gets the activation as the network made it. For a pooling by name, the samples come
    first, and the channels are where it expects them.

    Parameters
    ----------
    choice
        As the caller asked.
    layer
        Name of the layer.
    axes
        What the axes of its activation are; None if the samples come first and nothing is known of
        the channels.

    Raises
    ------
    InputError
        If the name of a pooling is unknown, or it needs channels and they are unknown.
    """
    choice = pooling_of(choice, layer)
    if callable(choice):
        return as_pooling(choice)
    require_pooling(choice)
    pooling, channels = POOLINGS[choice], _CHANNELS.get(choice)
    if axes is None:
        return pooling
    if choice == "spatial_mean" and axes.channels is None and axes.n_axes > 2:
        raise InputError(_unknown_channels(layer, axes))
    return lambda activation, mask: pooling(axes.arranged(activation, channels), mask)


def require_pooling(choice: object) -> None:
    """Refuse a pooling, or one in a mapping, that is neither a name nor a function.

    Raises
    ------
    InputError
        If a name is unknown, or it is something else.
    """
    if isinstance(choice, Mapping):
        for glob, own in choice.items():
            if not isinstance(glob, str) or isinstance(own, Mapping):
                raise InputTypeError(
                    f"pooling {{{glob!r}: {own!r}}} is not understood: give a mapping from globs "
                    "of layer names to the names of poolings, or to functions"
                )
            require_pooling(own)
    elif not callable(choice) and choice not in POOLINGS:
        raise InputError(
            f"unknown pooling {choice!r}: choose one of {', '.join(POOLINGS)}, or give a function"
        )


def _unknown_channels(layer: str, axes: Axes) -> str:
    usual = {3: "'BTC' or 'BCT'", 4: "'BCHW' or 'BHWC'", 5: "'BCDHW' or 'BDHWC'"}
    return (
        f"spatial_mean cannot tell which axis of layer {layer!r} holds the channels: its "
        f"{axes.n_axes} axes are {axes}, and no module says more. Say it, as in "
        f"axes={{{layer!r}: {usual.get(axes.n_axes, 'a letter for each axis')}}} (B the samples, C "
        "the channels), give another pooling for this layer, or choose other layers"
    )


def leaves_out(
    choice: PoolingChoice, layer: str, activation: Tensor, mask: PositionMask, axes: Axes | None
) -> bool:
    """Whether the pooling of ``layer`` leaves out the padding of ``mask`` in an activation."""
    choice = pooling_of(choice, layer)
    if callable(choice):
        return _mask_parameter(choice) is not None
    arranged = activation if axes is None else axes.arranged(activation, _CHANNELS.get(choice))
    shape = tuple(arranged.shape)
    if choice == "spatial_mean":
        return len(shape) > 2 and tuple(mask.shape) == (shape[0], *shape[2:])
    return choice in _OF_TOKENS and len(shape) == 3 and tuple(mask.shape) == shape[:2]


def as_pooling(function: PoolingFunction) -> Pooling:
    """A user's function as a pooling: it gets the mask if it has a parameter for it."""
    parameter = _mask_parameter(function)
    if parameter is None:
        return lambda activation, _mask: function(activation)
    if parameter.kind is parameter.POSITIONAL_ONLY:
        return function
    return lambda activation, mask: function(activation, **{parameter.name: mask})


def _mask_parameter(function: PoolingFunction) -> inspect.Parameter | None:
    """The parameter of a pooling that takes a mask: by its name, or as the second required one."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # functions of torch that are written in C
        return None
    named = [one for one in parameters if one.name in ("mask", "attention_mask")]
    usual = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = [one for one in parameters if one.default is one.empty and one.kind in usual]
    return next(iter(named + required[1:2]), None)


def pooling_name(choice: PoolingChoice, layer: str) -> str:
    """The name of the pooling of ``layer``, the same in every process."""
    return name_of(pooling_of(choice, layer))


def name_of(pooling: str | PoolingFunction) -> str:
    """The name of a pooling, the same in every process: no address in memory is part of it."""
    name = getattr(pooling, "__qualname__", str(pooling))
    return re.sub(r" at 0x[0-9a-fA-F]+", "", name)


def pooling_of(choice: PoolingChoice, layer: str) -> str | PoolingFunction:
    """The name or the function that was asked for ``layer``."""
    if not isinstance(choice, Mapping):
        return choice
    return next((own for glob, own in choice.items() if matches(layer, glob)), "flatten")


def pool(
    activation: Tensor,
    mask: Mask | None,
    pooling: Pooling,
    layer: str,
    n_samples: int | None = None,
) -> Tensor:
    """The representation (n_samples, n_features) of ``layer``; half precisions become float32.

    The samples are the first axis of the activation, unless ``n_samples`` says how many there are.

    Raises
    ------
    InputError
        If the pooling fails, or does not give one row for each sample.
    """
    try:
        pooled = flatten(_at_least_single(pooling(_at_least_single(activation), mask)))
    except Exception as error:
        raise InputError(
            f"the pooling of layer {layer!r} failed on an activation of shape "
            f"{tuple(activation.shape)}: {type(error).__name__}: {error}"
        ) from error
    if pooled.is_complex():
        raise InputError(
            f"layer {layer!r} is complex: choose others, or use pooling=torch.view_as_real"
        )
    n_samples = len(activation) if n_samples is None else n_samples
    if len(pooled) != n_samples:
        raise InputError(
            f"the pooling of layer {layer!r} made {len(pooled)} rows of {n_samples} samples, from "
            f"the shape {tuple(activation.shape)}: it must make a row for each sample"
        )
    return pooled


def _at_least_single(tensor: Tensor) -> Tensor:
    is_short = tensor.is_floating_point() and tensor.itemsize < 4
    return tensor.float() if is_short else tensor


def _real(activation: Tensor, mask: Tensor | None) -> Tensor:
    """Which tokens are real: those of the mask, or all if no mask has this many tokens."""
    if mask is None or mask.shape != activation.shape[:2]:
        return torch.ones(activation.shape[:2], dtype=torch.bool, device=activation.device)
    return mask.to(activation.device) != 0


def _pick(activation: Tensor, tokens: Tensor) -> Tensor:
    return activation[torch.arange(len(tokens), device=tokens.device), tokens]
