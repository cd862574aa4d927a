"""Binding a batch to the signature of a network: which entries it receives, which are labels."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

from dimscope.capture.parallel import unwrapped
from dimscope.errors import InputError

LABEL_NAMES = ("label", "labels", "target", "targets", "y")

#: How to say what the entries of a tuple are, for messages.
HOW_TO_SAY = (
    "say what it is: give dict batches with the network's keywords ({'input_ids': ids, "
    "'attention_mask': mask, 'labels': labels}), or forward=lambda model, batch: ..."
)


class Network(NamedTuple):
    """A network, and the function that calls it, if not the network itself."""

    model: nn.Module
    forward: Callable[[nn.Module, Any], Any] | None = None


@dataclass(frozen=True)
class Place:
    """A positional parameter of a network's ``forward``."""

    name: str
    is_required: bool
    takes_tensor: bool


@dataclass(frozen=True)
class Places:
    """The positional parameters of a network's ``forward``.

    Attributes
    ----------
    listed
        The parameters, in order.
    takes_more
        Whether any number of further entries may follow (``*inputs``).
    """

    listed: tuple[Place, ...]
    takes_more: bool = False

    @classmethod
    def of(cls, model: nn.Module) -> Places:
        """The places of ``model``; one, if its signature cannot be read."""
        try:
            return cls(*_places(model))
        except (AttributeError, RuntimeError, TypeError, ValueError):
            return cls((Place("input", is_required=True, takes_tensor=True),))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        return tuple(place.name for place in self.listed)

    def at(self, number: int) -> Place | None:
        """The parameter that the entry of this number would go to, if there is one."""
        if number < len(self.listed):
            return self.listed[number]
        return Place("*", is_required=False, takes_tensor=True) if self.takes_more else None


def n_inputs(entries: Sequence[Any], n_samples: int, places: Places) -> int:
    """How many of the first entries of a tuple the network receives; the others are labels.

    An entry after the first is a label if it holds one value for each sample, unless the network
    requires it; else it goes to the network if ``forward`` has a place for it.
    """
    count = 1
    for number, entry in enumerate(entries[1:], 1):
        place = places.at(number)
        if place is None or not (place.is_required or _belongs(entry, n_samples, place)):
            break
        count += 1
    return count


def require_bound(entries: Sequence[Any], count: int, n_samples: int, places: Places) -> None:
    """Refuse entries that may be something else than what `n_inputs` takes them for.

    Raises
    ------
    InputError
        If one stands for a mask and is none, or is taken for a label and may be an input.
    """
    for number, entry in enumerate(entries[1:count], 1):
        place = places.at(number)
        if place and "mask" in place.name and not _may_mask(entry, entries[0]):
            raise InputError(
                f"entry {number} of the batch, {shown(entry)}, stands where the network takes "
                f"{place.name!r}, but its values or its shape are not those of a mask: {HOW_TO_SAY}"
            )
    for number, entry in enumerate(entries[count:], count):
        _require_label(number, entry, entries, n_samples)


def looks_like_label(entry: Any, n_samples: int) -> bool:
    """Whether an entry is one value for each sample: (n,) or (n, 1), or a list of n."""
    if is_array(entry):
        return tuple(entry.shape) in ((n_samples,), (n_samples, 1))
    return isinstance(entry, list | tuple) and len(entry) == n_samples


def is_array(value: Any) -> TypeGuard[Any]:
    """Whether ``value`` is a tensor or an array."""
    return isinstance(value, Tensor | np.ndarray)


def is_binary(values: Tensor) -> bool:
    """Whether all values are True or False, or 0 or 1."""
    return values.dtype == torch.bool or bool(((values == 0) | (values == 1)).all())


def shown(entry: Any) -> str:
    """Type and shape of an entry, for messages."""
    if not is_array(entry):
        return f"a {type(entry).__name__}"
    return f"{str(entry.dtype).removeprefix('torch.')} of shape {tuple(entry.shape)}"


def _places(model: nn.Module) -> tuple[tuple[Place, ...], bool]:
    """The places of ``forward``, or of the module inside a wrapper; whether it takes any more."""
    inner = unwrapped(model)
    if isinstance(inner, torch.jit.ScriptModule):
        forward: Any = inner.forward
        arguments = forward.schema.arguments[1:]
        return tuple(
            _place(one.name, is_required=not one.has_default_value(), default=one.default_value)
            for one in arguments
        ), False
    listed = inspect.signature(inner.forward).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    places = (
        _place(one.name, is_required=one.default is one.empty, default=one.default)
        for one in listed
        if one.kind in positional
    )
    return tuple(places), any(one.kind is one.VAR_POSITIONAL for one in listed)


def _place(name: str, *, is_required: bool, default: Any) -> Place:
    """A flag such as ``return_hidden=False`` is no place for a tensor."""
    return Place(name, is_required, is_required or default is None)


def _belongs(entry: Any, n_samples: int, place: Place) -> bool:
    is_label = place.name in LABEL_NAMES or looks_like_label(entry, n_samples)
    return place.takes_tensor and is_array(entry) and not is_label


def _may_mask(entry: Any, first: Any) -> bool:
    """Whether an entry can be a mask: zeros and ones, or booleans, or an additive mask."""
    if not is_array(entry):
        return True
    values = torch.as_tensor(entry)
    if values.is_floating_point() and bool((values <= 0).all()):
        return True
    return is_binary(values) and (
        not is_array(first) or values.ndim > 2 or values.shape == first.shape[: values.ndim]
    )


def _require_label(number: int, entry: Any, entries: Sequence[Any], n_samples: int) -> None:
    """Refuse an entry that the network does not receive, if it cannot be a label."""
    if not is_array(entry) or entry.ndim == 0:
        return
    first = entries[0]
    if len(entry) != n_samples:
        raise InputError(
            f"entry {number} of the batch is {shown(entry)}, beside {n_samples} samples: a label "
            f"has as many entries as the inputs; {HOW_TO_SAY}"
        )
    if not is_array(first) or entry.ndim < 2 or entry.shape[1] == 1:
        return
    has_tokens = first.ndim > 2 or not torch.as_tensor(first[:1]).is_floating_point()
    fits = has_tokens and entry.shape == first.shape[:2]
    is_mask = fits and is_binary(torch.as_tensor(entry))
    if is_mask or (len(entries) > 2 and entry.shape == first.shape):
        raise InputError(
            f"entry {number} of the batch, {shown(entry)}, has the shape of the inputs, "
            f"{tuple(first.shape)}, and the network's forward has no place for it: is it a mask, a "
            f"batch of its own or a label? {HOW_TO_SAY}; mask= gives the poolings a mask, and "
            "DataLoader(batches, batch_size=None) says that a sequence holds batches"
        )
