"""A probe: a network, its input, and the layers to read."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, NamedTuple, Self

from torch import nn
from torch.utils.data import DataLoader, default_collate

from dimscope.capture.axes import checked_axes
from dimscope.capture.batches import (
    Batch,
    count_samples,
    read_batches,
    read_first,
    too_few_samples,
)
from dimscope.capture.discovery import find_layers
from dimscope.capture.globs import matches
from dimscope.capture.inference import Forward, Mode, require_mode, require_module, undisturbed
from dimscope.capture.layers import LayerTable
from dimscope.capture.parallel import unwrapped
from dimscope.capture.pooling import PoolingChoice, name_of, require_pooling, resolve_pooling
from dimscope.capture.selection import Choices, left_out, require_known, select_layers
from dimscope.errors import InputError, InputTypeError
from dimscope.store import BATCH_SIZE, Budgets

_SHOWN = 8


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
        A DataLoader or other iterable of batches; a Dataset; or all samples at once: a tensor or
        array, a tuple ``(inputs, labels)``, a dict of tensors. A batch is a tensor or array,
        ``(inputs, labels)``, or a dict of the network's keywords; its ``label`` or ``labels`` are
        not passed to the network. Inputs move to the network's device, and floating-point ones
        take its floating-point type.
    layers
        Which layers; see `select_layers`.
    pooling
        How an activation becomes a vector: ``"flatten"``, ``"spatial_mean"``, ``"first_token"``,
        ``"last_token"``, ``"token_mean"``; a function of the activation, as the network made it,
        that returns a row for each sample; or a mapping from globs of layer names to these.
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

    Raises
    ------
    InputError
        If the model is no `torch.nn.Module`, it has no module of a name in ``layers``, a pooling or
        the mode is unknown, axes are not understood, a number is not a whole number of 1 or more,
        or the data are known to have fewer than ``n_samples``.
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", require_module(unwrapped(self.model)))
        require_mode(self.mode)
        require_known(self.model, self.layers)
        require_pooling(self.pooling)
        checked_axes(self.axes)
        if self.forward is not None and not callable(self.forward):
            raise InputTypeError(f"forward={self.forward!r} must be a function (model, batch)")
        _require_positive("batch_size", self.batch_size)
        if self.n_samples is not None:
            _require_positive("n_samples", self.n_samples)
            _require_enough(self.data, self.n_samples)

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
        data = sample = self.data
        if isinstance(data, Iterator):
            sample = list(islice(data, 1))
            data = chain(sample, data)
        with undisturbed(self.model, sample, self.mode):
            found = self.found_in(read_first(read_batches(sample, self.batch_size)))
        return found._replace(probe=replace(self, data=data, layers=list(found.names)))

    def found_in(self, batch: Batch) -> Found:
        """Find the layers by running the network on samples of ``batch``, undisturbed; as `found`.

        The probe of the result is this one.
        """
        axes = checked_axes(self.axes)
        infos = find_layers(self.model, batch, self.forward, axes, self.pooling)
        names = tuple(select_layers(infos, self.layers))
        _require_used(self.pooling, names)
        for name in names:
            resolve_pooling(self.pooling, name, infos.sources[name].axes)
        return Found(self, names, infos, left_out(infos, self.layers))

    def identity(self) -> dict[str, Any]:
        """Return what two passes of one run must have in common.

        It is ready for JSON once the layers are given by name, as in the probe of `found`.
        """
        return {
            "layers": self.layers,
            "pooling": _names_of(self.pooling),
            "axes": dict(self.axes),
            "n_samples_asked": self.n_samples,
            "mode": self.mode,
        }


def _require_positive(option: str, value: Any) -> None:
    if not isinstance(value, numbers.Integral):
        raise InputTypeError(f"{option} is {value!r}: it must be a whole number, 1 or more")
    if value < 1:
        raise InputError(f"{option} is {value}: it must be 1 or more")


def _require_enough(data: Any, n_samples: int) -> None:
    """Refuse to read more samples than there are, where the data tell how many."""
    is_collated = isinstance(data, DataLoader) and data.collate_fn is not default_collate
    count = None if is_collated else count_samples(data)  # one item may become several samples
    if count is not None and n_samples > count > 0:
        raise too_few_samples(n_samples, count)


def _require_used(pooling: PoolingChoice, names: Sequence[str]) -> None:
    """Refuse poolings for layers that are not measured: the caller expects them to matter."""
    for glob in pooling if isinstance(pooling, Mapping) else ():
        if not any(matches(name, glob) for name in names):
            shown = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
            raise InputError(
                f"the pooling of {glob!r} is that of no layer to be measured: these are {shown}"
            )


def _names_of(pooling: PoolingChoice) -> str | dict[str, str]:
    """The name of a pooling, or those of a mapping by glob."""
    if isinstance(pooling, Mapping):
        return {glob: name_of(one) for glob, one in pooling.items()}
    return name_of(pooling)
