"""Tensors inside nested batches and outputs: how they are named, changed and recognised."""

from __future__ import annotations

import copy
import dataclasses
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


def named_tensors(value: Any) -> dict[str, Tensor]:
    """The tensors in a nested value by the suffix of their names, in order.

    A tensor that is alone has the empty suffix; of several, each has its path in the nesting.

    Examples
    --------
    >>> list(named_tensors((torch.zeros(2), {"hidden": torch.zeros(3), "loss": None})))
    [':0', ':1:hidden']
    >>> list(named_tensors([torch.zeros(2)]))
    ['']
    """
    found = {
        suffix: leaf
        for suffix, leaf in leaves(value)
        if isinstance(leaf, Tensor) and leaf.layout == torch.strided and not leaf.is_nested
    }
    return {"": next(iter(found.values()))} if len(found) == 1 else found


def leaves(value: Any, suffix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield what the mappings, lists, tuples and dataclasses of ``value`` hold, with its path.

    Examples
    --------
    >>> list(leaves({"a": (1, 2), "b": None}))
    [(':a:0', 1), (':a:1', 2), (':b', None)]
    """
    if isinstance(value, Mapping):
        items: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        items = [(entry.name, getattr(value, entry.name)) for entry in dataclasses.fields(value)]
    else:
        yield suffix, value
        return
    for key, item in items:
        yield from leaves(item, f"{suffix}:{key}")


def map_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """Copy ``value`` with `change` applied to what its containers and dataclasses hold."""
    if isinstance(value, Mapping):
        return {key: map_leaves(item, change) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(map_leaves(item, change) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(map_leaves(item, change) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = copy.copy(value)
        for entry in dataclasses.fields(value):
            # not replace(): it makes the fields anew that __post_init__ makes; some are frozen
            item = map_leaves(getattr(value, entry.name), change)
            object.__setattr__(changed, entry.name, item)
        return changed
    return change(value)


@dataclass(frozen=True)
class Seen:
    """What is remembered of a tensor: its shape, its kind, and which tensor it was.

    Attributes
    ----------
    shape
        Its shape, the batch included.
    is_floating
        Whether it holds floating-point numbers.
    identity
        Equal for two sightings of one tensor with the same content: an in-place operation in
        between makes it another.
    """

    shape: tuple[int, ...]
    is_floating: bool
    identity: tuple[int, int]
    # Python reuses the id of an object that is gone, so keep the object whose id is compared. It is
    # a weak reference: Python makes only one for each tensor, and it keeps no activations alive.
    reference: weakref.ref[Tensor] = field(repr=False, compare=False)

    @classmethod
    def of(cls, tensor: Tensor) -> Seen:
        """Remember ``tensor`` as it is now."""
        reference = weakref.ref(tensor)
        identity = (id(reference), version_of(tensor))
        return cls(tuple(tensor.shape), tensor.is_floating_point(), identity, reference)


def version_of(tensor: Tensor) -> int:
    """How often ``tensor`` was changed in place; 0 for inference tensors, which do not count it."""
    return 0 if tensor.is_inference() else tensor._version
