"""Layers: what is known of each, and the names they go by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import nn

from dimscope.capture.axes import Axes


@dataclass(frozen=True)
class LayerInfo:
    """A layer: a tensor with a row for each sample that appears while a network runs.

    Attributes
    ----------
    name
        Qualified name of the module, ``"input"`` or ``"output"``. ``name#2`` is the second call of
        a module, ``name:key`` one of several tensors that it returns, ``name:input`` the first
        tensor that it receives.
    type
        Name of the module's class; ``"Tensor"`` for the input.
    shape
        Shape of the activation of one sample; None until the network has run.
    n_features
        Values in the representation of one sample; None until the network has run.
    relative_depth
        Share of the network's convolutions and linear maps that have run when the layer appears:
        0.0 at the input, 1.0 at the last of them. None until the network has run, or if it has
        none of these.
    index
        Rank in the order of execution; of definition until the network has run.
    auto
        Whether ``layers="auto"`` chooses it; None until the network has run.
    axes
        A letter for each axis of the activation, in the order in which the network has them: B for
        the samples, C for the channels, others for positions, as in ``"BCHW"`` and ``"TBC"``;
        ``?`` where it is unknown which axis holds the channels. None until the network has run.
    """

    name: str
    type: str
    shape: tuple[int, ...] | None
    n_features: int | None
    relative_depth: float | None
    index: int
    auto: bool | None
    axes: str | None = None


@dataclass(frozen=True)
class Source:
    """Where the tensor of a layer appears.

    Attributes
    ----------
    path
        Name of the module; None for what the network itself receives and returns.
    side
        Whether the tensor is received or returned.
    suffix
        Which tensor of several, as in the name of the layer.
    number, n_calls
        In which call of the module, of how many.
    module_class
        Class of the module.
    axes
        What the axes of the tensor are; None if no axis holds the samples, or nothing has run.
    """

    path: str | None
    side: Literal["input", "output"]
    suffix: str = ""
    number: int = 1
    n_calls: int = 1
    module_class: type[nn.Module] | None = None
    axes: Axes | None = None

    @property
    def is_listed(self) -> bool:
        """Whether lists show the layer: what a module receives is mostly another layer's output."""
        return self.path is None or self.side == "output"

    @property
    def type_name(self) -> str:
        """Name of the class that made the tensor."""
        return "Tensor" if self.module_class is None else self.module_class.__name__


class LayerTable(dict[str, LayerInfo]):
    """The layers that can be measured by name, in order of execution.

    Indexing also finds what a module receives (``fc:input``), and takes every name of a shared
    module; iterating shows neither.

    Parameters
    ----------
    layers
        The tensors that appear, and where.
    excluded
        Names that cannot be measured, and why.
    aliases
        Further names of shared modules, and the name that each is listed under.
    left_out
        Those of the excluded that ``layers="auto"`` would choose if it could.
    """

    def __init__(
        self,
        layers: Iterable[tuple[LayerInfo, Source]],
        excluded: Mapping[str, str] | None = None,
        aliases: Mapping[str, str] | None = None,
        left_out: Mapping[str, str] | None = None,
    ) -> None:
        layers = list(layers)
        self.excluded = dict(excluded or {})
        self.left_out = dict(left_out or {})
        measurable = [
            (layer, source) for layer, source in layers if layer.name not in self.excluded
        ]
        super().__init__((layer.name, layer) for layer, source in measurable if source.is_listed)
        self.sources = {layer.name: source for layer, source in layers}
        self.unlisted = {layer.name: layer for layer, source in measurable if not source.is_listed}
        self._aliases = dict(aliases or {})

    @property
    def not_measured(self) -> dict[str, str]:
        """Why names cannot be measured that would be listed if they could."""
        unlisted = {name for name, source in self.sources.items() if not source.is_listed}
        return {name: why for name, why in self.excluded.items() if name not in unlisted}

    def __missing__(self, name: str) -> LayerInfo:
        known = self.resolve(name)
        if known in self:
            return self[known]
        return self.unlisted[known]

    def resolve(self, name: str) -> str:
        """``name`` with the alias of a shared module replaced by the name it is listed under."""
        path = re.split("[#:]", name, maxsplit=1)[0]
        return self._aliases.get(path, path) + name[len(path) :]
