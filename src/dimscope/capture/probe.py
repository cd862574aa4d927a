"""A probe: a network, its input, and the layers to read."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, NamedTuple, Self

from torch import nn

from dimscope.capture.discovery import layer_names
from dimscope.capture.inference import Forward, require_module
from dimscope.capture.layers import LayerTable
from dimscope.capture.parallel import unwrapped
from dimscope.capture.pooling import PoolingChoice, name_of
from dimscope.capture.selection import Choices, select_layers
from dimscope.errors import InputError, InputTypeError
from dimscope.store import BATCH_SIZE, Budgets


class Found(NamedTuple):
    """The layers that a probe chooses in its network.

    Attributes
    ----------
    probe
        The probe, with its layers given by name.
    names
        These names, in order of execution.
    infos
        All layers of the network.
    """

    probe: Probe
    names: tuple[str, ...]
    infos: LayerTable


@dataclass(frozen=True, kw_only=True, eq=False)
class Probe:
    """What to read of a network: its input, its layers, and how these become vectors.

    Profiles, trackers and repeated passes over the data all take it.

    Attributes
    ----------
    model
        The network, on any device. Of one that is wrapped for parallel training or by
        ``torch.compile``, the network inside is kept.
    data
        A DataLoader or other iterable of batches; a Dataset; or all samples at once: a tensor or
        array, a tuple ``(inputs, labels)``, a dict of tensors. A batch is a tensor or array,
        ``(inputs, labels)``, or a dict of the network's keywords; its ``label`` or ``labels`` are
        not passed to the network. Inputs move to the network's device, and floating-point ones
        take its floating-point type.
    layers
        Which layers; see `select_layers`.
    pooling
        How an activation becomes a vector: ``"flatten"``, ``"spatial_mean"``, ``"first_token"``,
        ``"last_token"``, ``"token_mean"``; a function of the activation; or a mapping from globs
        of layer names to these.
    n_samples
        How many samples to read from the start of the data; None for all.
    batch_size
        Samples in a batch, unless the data comes in batches of its own.
    forward
        Called as ``forward(model, batch)`` instead of ``model(inputs)``; it gets the whole batch,
        labels included, on the network's device.
    budgets
        How many bytes of activations may be held in memory and on disk.

    Raises
    ------
    InputError
        If the model is no `torch.nn.Module`, or a number is not a whole number of 1 or more.
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
        object.__setattr__(self, "model", require_module(unwrapped(self.model)))
        _require_positive("batch_size", self.batch_size)
        if self.n_samples is not None:
            _require_positive("n_samples", self.n_samples)

    def with_data(self, data: Any) -> Self:
        """Return this probe with other data."""
        return replace(self, data=data)

    def with_layers(self, layers: Choices) -> Self:
        """Return this probe with other layers."""
        return replace(self, layers=layers)

    def found(self) -> Found:
        """Find the layers by running the network on two or three samples.

        If the data is an iterator, this takes its first batch. The probe that is returned has that
        batch put back in front: go on with it, as this one has lost the batch.

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
        """Return what two passes of one run must have in common.

        It is ready for JSON once the layers are given by name, as in the probe of `found`.
        """
        return {
            "layers": self.layers,
            "pooling": _names_of(self.pooling),
            "n_samples_asked": self.n_samples,
        }


def _require_positive(option: str, value: Any) -> None:
    if not isinstance(value, numbers.Integral):
        raise InputTypeError(f"{option} is {value!r}: it must be a whole number, 1 or more")
    if value < 1:
        raise InputError(f"{option} is {value}: it must be 1 or more")


def _names_of(pooling: PoolingChoice) -> str | dict[str, str]:
    """The name of a pooling, or those of a mapping by glob."""
    if isinstance(pooling, Mapping):
        return {glob: name_of(one) for glob, one in pooling.items()}
    return name_of(pooling)
