"""A probe: a network, its input, and the layers to read."""

from __future__ import annotations

import hashlib
import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import nn

from dimscope.capture.batches import Batch
from dimscope.capture.binding import Network, is_array
from dimscope.capture.discovery import layer_names
from dimscope.capture.inference import Forward, require_module, undisturbed
from dimscope.capture.layers import LayerTable
from dimscope.capture.masks import MaskChoice, with_masks
from dimscope.capture.pooling import PoolingChoice, name_of
from dimscope.capture.readings import open_batches, settled
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
        The network, on any device.
    data
        A DataLoader, iterator or other iterable of batches; a Dataset, or a list or tuple of
        samples; or all samples at once: a tensor or array, a tuple ``(inputs, labels)``, a dict of
        tensors. A list of batches is read as such if the network takes its items as batches only;
        where it takes them as samples too, that is an error. A batch is a tensor or array, a tuple
        of the network's arguments and labels, or a dict of its keywords. Of a tuple, an entry after
        the first is a label if it has one value for each sample, or if ``forward`` has no place for
        it. The ``label`` or ``labels`` of a dict are not passed to the network. Inputs move to the
        network's device, and floating-point ones take its floating-point type.
    layers
        Which layers; see `select_layers`.
    pooling
        How an activation becomes a vector: ``"flatten"``, ``"spatial_mean"``, ``"first_token"``,
        ``"last_token"``, ``"token_mean"``; a function of the activation, or of the activation and
        a ``mask``; or a mapping from globs of layer names to these.
    n_samples
        How many samples to read from the start of the data; None for all.
    batch_size
        Samples in a batch, unless the data comes in batches of its own.
    forward
        Called as ``forward(model, batch)`` instead of ``model(inputs)``; it gets the whole batch,
        labels included, on the network's device.
    budgets
        How many bytes of activations may be held in memory and on disk.
    mask
        Which tokens are real. None finds the mask of each layer among the arguments of the modules
        that it lies in, and in dict batches: ``attention_mask``, ``decoder_attention_mask``,
        ``padding_mask``, ``pixel_mask``, torch's ``src_key_padding_mask`` (in which True is
        padding) and their like. Or the name of an entry or argument; a function of the batch; or
        an array (n_samples, n_tokens), 1 for a real token. The poolings of tokens leave padding
        out, as does a function ``pooling(activation, mask)``; where padding remains, a note on
        every value says so.

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
    mask: MaskChoice = None

    def __post_init__(self) -> None:
        require_module(self.model)
        _require_positive("batch_size", self.batch_size)
        if self.n_samples is not None:
            _require_positive("n_samples", self.n_samples)
        _require_mask(self.mask)

    def with_data(self, data: Any) -> Self:
        """Return this probe with other data."""
        return replace(self, data=data)

    def with_layers(self, layers: Choices) -> Self:
        """Return this probe with other layers."""
        return replace(self, layers=layers)

    def batches(self) -> Iterator[Batch]:
        """Read the data, in batches as the network takes them.

        Raises
        ------
        InputError
            If the data cannot be read, or the mask has too few rows.
        """
        network = Network(self.model, self.forward)
        batches = open_batches(self.data, network, self.batch_size, self.n_samples)
        return with_masks(batches, self.mask) if is_array(self.mask) else batches

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
        with undisturbed(self.model, self.data):
            data = sample = settled(self.data, Network(self.model, self.forward))
        if isinstance(data, Iterator):
            first = list(islice(data, 1))
            sample, data = iter(first), chain(first, data)
        infos = layer_names(self.model, sample, forward=self.forward)
        names = select_layers(infos, self.layers)
        return Found(replace(self, data=data, layers=names), tuple(names), infos)

    def identity(self) -> dict[str, Any]:
        """Return what two passes of one run must have in common.

        It is ready for JSON once the layers are given by name, as in the probe of `found`.
        """
        mask = {} if self.mask is None else {"mask": _mask_name(self.mask)}
        return {
            "layers": self.layers,
            "pooling": _names_of(self.pooling),
            "n_samples_asked": self.n_samples,
        } | mask


def _require_positive(option: str, value: Any) -> None:
    if not isinstance(value, numbers.Integral):
        raise InputTypeError(f"{option} is {value!r}: it must be a whole number, 1 or more")
    if value < 1:
        raise InputError(f"{option} is {value}: it must be 1 or more")


def _require_mask(mask: Any) -> None:
    if mask is None or isinstance(mask, str) or callable(mask):
        return
    if not is_array(mask) or mask.ndim < 2:
        what = f"of shape {tuple(mask.shape)}" if is_array(mask) else f"a {type(mask).__name__}"
        raise InputTypeError(
            f"mask is {what}: it must be a name, a function of the batch, or an array (n_samples, "
            "n_tokens) with 1 for a real token and 0 for padding"
        )


def _mask_name(mask: Any) -> str:
    """A name of the mask, the same in every process."""
    if not is_array(mask):
        return name_of(mask)
    values = np.ascontiguousarray(torch.as_tensor(mask).cpu() != 0)
    return f"{values.shape} {hashlib.sha256(values.tobytes()).hexdigest()}"


def _names_of(pooling: PoolingChoice) -> str | dict[str, str]:
    """The name of a pooling, or those of a mapping by glob."""
    if isinstance(pooling, Mapping):
        return {glob: name_of(one) for glob, one in pooling.items()}
    return name_of(pooling)
