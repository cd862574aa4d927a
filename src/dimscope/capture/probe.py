"""A probe: a network, its input, and the layers to read."""

from __future__ import annotations

import hashlib
import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, RandomSampler, default_collate

from dimscope.capture.axes import checked_axes
from dimscope.capture.batches import Batch, count_samples, read_first, too_few_samples
from dimscope.capture.binding import Network, is_array
from dimscope.capture.discovery import find_layers
from dimscope.capture.foreseen import Foreseen
from dimscope.capture.globs import matches
from dimscope.capture.inference import Forward, Mode, require_mode, require_module, undisturbed
from dimscope.capture.layers import LayerTable
from dimscope.capture.masks import MaskChoice, with_masks
from dimscope.capture.parallel import unwrapped
from dimscope.capture.pooling import PoolingChoice, name_of, require_pooling, resolve_pooling
from dimscope.capture.readings import open_batches, settled
from dimscope.capture.selection import Choices, left_out, not_measured, select_layers
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
    left_out
        What the choice of layers stands for but cannot be measured, with the reasons.
    """

    probe: Probe
    names: tuple[str, ...]
    infos: LayerTable
    left_out: dict[str, str]


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
        ``"last_token"``, ``"token_mean"``; a function of the activation, as the network made it,
        or of the activation and a ``mask``, that returns a row for each sample; or a mapping from
        globs of layer names to these.
    axes
        What the axes of activations are, by globs of layer names, such as ``{"layers.*": "TBC"}``:
        a letter for each axis, B for the samples, C for the channels, any other for positions. It
        is only needed where modules and two batch sizes do not show it, or show it wrongly.
    n_samples
        How many samples to read from the start of the data; None for all.
    batch_size
        Samples in a batch, unless the data comes in batches of its own.
    forward
        Called as ``forward(model, batch)`` instead of ``model(inputs)``; it gets the whole batch,
        labels included, on the network's device.
    mode
        ``"eval"``, or ``"train"``: every module in training mode, so that dropout draws and batch
        normalisation takes the statistics of each batch; the values then depend on the batches.
        What is drawn does not: it is the same in every pass.
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
        If the model is no `torch.nn.Module`, it has no module that a name, glob or class in
        ``layers`` can stand for, or that a pooling or axes are given for; a pooling or the mode is
        unknown, axes are not understood, a number is not a whole number of 1 or more, or the data
        are known to have fewer than ``n_samples``.
    """

    model: nn.Module
    data: Any
    layers: Choices = "auto"
    pooling: PoolingChoice = "flatten"
    axes: Mapping[str, str] = field(default_factory=dict)
    n_samples: int | None = None
    batch_size: int = BATCH_SIZE
    forward: Forward | None = None
    mode: Mode = "eval"
    budgets: Budgets = field(default_factory=Budgets)
    mask: MaskChoice = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", require_module(unwrapped(self.model)))
        require_mode(self.mode)
        require_pooling(self.pooling)
        checked_axes(self.axes)
        self._require_layers()
        if self.forward is not None and not callable(self.forward):
            raise InputTypeError(f"forward={self.forward!r} must be a function (model, batch)")
        _require_positive("batch_size", self.batch_size)
        if self.n_samples is not None:
            _require_positive("n_samples", self.n_samples)
            count = _count(self.data)
            if count is not None and self.n_samples > count > 0:
                raise too_few_samples(self.n_samples, count)
        _require_mask(self.mask)

    def _require_layers(self) -> None:
        """Refuse what the modules of the network already show to be of no layer."""
        foreseen = Foreseen.of(self.model)
        foreseen.require_layers(self.layers)
        globs = self.pooling if isinstance(self.pooling, Mapping) else ()
        foreseen.require_used(globs, "the pooling", self.layers)
        foreseen.require_used(self.axes, "the axes")

    @property
    def known_n_samples(self) -> int | None:
        """How many samples will be read; None if the data do not tell before they are read."""
        count = _count(self.data)
        return count if count is None or self.n_samples is None else min(count, self.n_samples)

    @property
    def is_shuffled(self) -> bool:
        """Whether the samples are known to come in another order at every reading."""
        return isinstance(getattr(self.data, "sampler", None), RandomSampler)

    def with_data(self, data: Any) -> Self:
        """Return this probe with other data."""
        return replace(self, data=data)

    def narrowed(self, names: Sequence[str]) -> Self:
        """Return this probe with some of the layers that it has by name."""
        pooling = self.pooling
        if isinstance(pooling, Mapping):
            fits = {glob for glob in pooling for name in names if matches(name, glob)}
            pooling = {glob: own for glob, own in pooling.items() if glob in fits}
        return replace(self, layers=list(names), pooling=pooling)

    def batches(self) -> Iterator[Batch]:
        """Read the data, in batches as the network takes them.

        Raises
        ------
        InputError
            If the data cannot be read, or the mask has too few rows.
        """
        batches = open_batches(self.data, self._network, self.batch_size, self.n_samples)
        return with_masks(batches, self.mask) if is_array(self.mask) else batches

    def found(self) -> Found:
        """Find the layers by running the network on two or three samples.

        If the data is an iterator, this takes its first batch. The probe that is returned has that
        batch put back in front: go on with it, as this one has lost the batch.

        Raises
        ------
        InputError
            If a layer is unknown, a pooling or axes are given for no layer, or the data are empty
            or cannot be read.
        CaptureError
            If the network fails on the samples.
        """
        with undisturbed(self.model, self.data):
            data = sample = settled(self.data, self._network)
        if isinstance(data, Iterator):
            first = list(islice(data, 1))
            sample, data = iter(first), chain(first, data)
        with undisturbed(self.model, sample, self.mode):
            found = self.found_in(read_first(self.with_data(sample).batches()))
        return found._replace(probe=replace(self, data=data, layers=list(found.names)))

    def found_in(self, batch: Batch) -> Found:
        """Find the layers by running the network on samples of ``batch``, undisturbed; as `found`.

        The probe of the result is this one.
        """
        axes = checked_axes(self.axes)
        infos = find_layers(self._network, batch, axes, self.pooling, self.mask)
        names = tuple(select_layers(infos, self.layers))
        _require_used(self.pooling, names)
        for name in names:
            resolve_pooling(self.pooling, name, infos.sources[name].axes)
        return Found(self, names, infos, left_out(infos, self.layers))

    @property
    def _network(self) -> Network:
        return Network(self.model, self.forward)

    def identity(self) -> dict[str, Any]:
        """Return what two passes of one run must have in common.

        It is ready for JSON once the layers are given by name, as in the probe of `found`.
        """
        mask = {} if self.mask is None else {"mask": _mask_name(self.mask)}
        return {
            "layers": self.layers,
            "pooling": _names_of(self.pooling),
            "axes": dict(self.axes),
            "n_samples_asked": self.n_samples,
            "mode": self.mode,
        } | mask


def _require_positive(option: str, value: Any) -> None:
    if not isinstance(value, numbers.Integral):
        raise InputTypeError(f"{option} is {value!r}: it must be a whole number, 1 or more")
    if value < 1:
        raise InputError(f"{option} is {value}: it must be 1 or more")


def _count(data: Any) -> int | None:
    """How many samples there are; None if the data do not tell before they are read."""
    may_be_samples = isinstance(data, tuple) and len(data) > 2
    is_collated = isinstance(data, DataLoader) and data.collate_fn is not default_collate
    if may_be_samples or is_collated:  # the network decides, or one item becomes several samples
        return None
    return count_samples(data)


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


def _require_used(pooling: PoolingChoice, names: Sequence[str]) -> None:
    """Refuse poolings for layers that are not measured: the caller expects them to matter."""
    for glob in pooling if isinstance(pooling, Mapping) else ():
        if not any(matches(name, glob) for name in names):
            raise not_measured("the pooling", glob, names)


def _names_of(pooling: PoolingChoice) -> str | dict[str, str]:
    """The name of a pooling, or those of a mapping by glob."""
    if isinstance(pooling, Mapping):
        return {glob: name_of(one) for glob, one in pooling.items()}
    return name_of(pooling)
