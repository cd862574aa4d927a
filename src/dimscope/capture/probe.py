"""A probe: what is read of a network, for a profile, a tracker, a control or another pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, NamedTuple, Self

from torch import nn

from dimscope.capture.discovery import layer_names
from dimscope.capture.inference import Forward, require_module
from dimscope.capture.layers import LayerTable
from dimscope.capture.pooling import PoolingChoice
from dimscope.capture.selection import Choices, select_layers
from dimscope.errors import InputError
from dimscope.store import BATCH_SIZE, Budgets


class Found(NamedTuple):
    """A probe whose layers are known by name, these names, and all layers of the network."""

    probe: Probe
    names: tuple[str, ...]
    infos: LayerTable


@dataclass(frozen=True, kw_only=True, eq=False)
class Probe:
    """A network, samples, and which layers of it are read and how.

    Attributes
    ----------
    model
        The network, on any device.
    data
        A DataLoader or other iterable of batches; a Dataset; or all samples at once: a tensor or
        array, a tuple ``(inputs, labels)``, a dict of tensors. A batch is a tensor or array,
        ``(inputs, labels)``, or a dict that the network takes as keywords, in which ``label`` or
        ``labels`` are kept back. Inputs move to the network's device, floating-point ones become
        its floating-point type.
    layers
        Which layers; see `select_layers`.
    pooling
        From an activation to a vector: ``"flatten"``, ``"spatial_mean"``, ``"first_token"``,
        ``"last_token"``, ``"token_mean"``; a function of the activation; or a mapping from globs
        of layer names to these.
    n_samples
        Samples to read, the first of the data; None for all.
    batch_size
        Samples in a batch, where the data does not come in batches of its own.
    forward
        How the network is called, ``forward(model, batch)``, where ``model(inputs)`` will not do;
        it gets the whole batch, on the network's device.
    budgets
        Bytes of activations that may be held.

    Raises
    ------
    InputError
        If the model is no network, or a number is below 1.
    """

    model: nn.Module
    data: Any
    layers: Choices = "auto"
    pooling: PoolingChoice = "flatten"
    n_samples: int | None = None
    batch_size: int = BATCH_SIZE
    forward: Forward | None = None
    budgets: Budgets = field(default_factory=Budgets)

    def __post_init__(self) -> None:
        require_module(self.model)
        for option, value in (("n_samples", self.n_samples), ("batch_size", self.batch_size)):
            if value is not None and value < 1:
                raise InputError(f"{option} is {value}: it must be 1 or more")

    def with_data(self, data: Any) -> Self:
        """The same layers of the same network, of other samples."""
        return replace(self, data=data)

    def with_layers(self, layers: Choices) -> Self:
        """Other layers of the same network."""
        return replace(self, layers=layers)

    def found(self) -> Found:
        """The probe with the names of its layers, and all layers that the network has.

        Two or three samples go through the network; an iterator's first batch is put back.

        Raises
        ------
        InputError
            If a layer is unknown, or the data are empty or cannot be read.
        CaptureError
            If the network fails on the samples.
        """
        data = sample = self.data
        if isinstance(data, Iterator):
            sample = list(islice(data, 1))
            data = chain(sample, data)
        infos = layer_names(self.model, sample, forward=self.forward)
        names = select_layers(infos, self.layers)
        return Found(replace(self, data=data, layers=names), tuple(names), infos)

    def identity(self) -> dict[str, Any]:
        """What two passes of one run have in common, ready for JSON."""
        return {
            "layers": self.layers,
            "pooling": _name_of(self.pooling),
            "n_samples_asked": self.n_samples,
        }


def _name_of(pooling: PoolingChoice) -> Any:
    """A pooling as it is recorded: the same in every process."""
    if isinstance(pooling, Mapping):
        return {glob: _name_of(one) for glob, one in pooling.items()}
    return getattr(pooling, "__qualname__", str(pooling))
