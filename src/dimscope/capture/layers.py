"""The layers of a network that can be measured, and their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Literal

from torch import nn

from dimscope.capture.auto import choose_layers
from dimscope.capture.batches import read_batches
from dimscope.capture.inference import Forward, require_module, undisturbed
from dimscope.capture.tensors import Seen
from dimscope.capture.trace import Call, Trace, can_be_hooked, trace_batch
from dimscope.errors import InputError


@dataclass(frozen=True)
class LayerInfo:
    """A layer: a tensor, one row per sample, that appears while the network runs.

    Attributes
    ----------
    name
        Qualified name of the module, ``"input"`` or ``"output"``; ``name#2`` is the second call of
        a module, ``name:key`` one of several tensors of an output, ``name:input`` what a module
        received.
    type
        Name of the module's class; ``"Tensor"`` for what no module made.
    shape
        Shape of the activation of one sample; None until the network has run.
    n_features
        Values in the activation of one sample; None until the network has run.
    relative_depth
        Convolutions and linear maps done by when the layer is reached, over all in the network;
        None until the network has run, or if it has none.
    index
        Position in the order of execution.
    auto
        Whether ``layers="auto"`` chooses it; None until the network has run.
    module_class
        Class of the module.
    """

    name: str
    type: str
    shape: tuple[int, ...] | None
    n_features: int | None
    relative_depth: float | None
    index: int
    auto: bool | None
    module_class: type[nn.Module] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Source:
    """Where the tensor of a layer appears.

    Attributes
    ----------
    path
        Name of the module; None for what the network itself receives and returns.
    number
        Which call of the module.
    side
        Whether it is received or returned.
    suffix
        Which tensor of several.
    """

    path: str | None
    number: int
    side: Literal["input", "output"]
    suffix: str


class LayerTable(dict[str, LayerInfo]):
    """The layers that can be measured, by name, in order of execution.

    Indexing also knows names that are not listed: ``fc:input``, and other names of shared modules.

    Attributes
    ----------
    sources
        Where each layer, listed or not, is to be found; empty until the network has run.
    n_calls
        How often each module was called.
    excluded
        Why other names cannot be measured.
    """

    def __init__(self, layers: Iterable[LayerInfo] = ()) -> None:
        super().__init__((layer.name, layer) for layer in layers)
        self.unlisted: dict[str, LayerInfo] = {}
        self.sources: dict[str, Source] = {}
        self.n_calls: dict[str, int] = {}
        self.excluded: dict[str, str] = {}
        self._aliases: dict[str, str] = {}

    def __missing__(self, name: str) -> LayerInfo:
        name = self.resolve(name)
        if name in self:
            return self[name]
        return self.unlisted[name]

    def resolve(self, name: str) -> str:
        """``name`` with a module's other names replaced by its first."""
        ...


def layer_names(model: nn.Module, data: Any = None, *, forward: Forward | None = None) -> LayerTable:
    ...
