"""Watching layers while a network runs, and handing over what they make."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from dimscope.capture.batches import Batch
from dimscope.capture.inference import Forward, run_model
from dimscope.capture.layers import Source
from dimscope.capture.masks import Calls, MaskChoice, Masks, positions_of
from dimscope.capture.padding import Padding
from dimscope.capture.pooling import PoolingChoice, leaves_out, pool, resolve_pooling
from dimscope.capture.tensors import named_tensors
from dimscope.capture.trace import can_be_hooked, first_tensor, hooked
from dimscope.errors import CaptureError, InputError


class Sink(Protocol):
    """Takes the representations of layers, batch by batch, as `ActivationStore` does."""

    def __contains__(self, name: str, /) -> bool: ...

    def append(self, name: str, batch: np.ndarray) -> None:
        """Add the rows of ``batch`` to layer ``name``."""


#: Takes the representation of a layer, (n_samples, n_features), as the network makes it. It needs
#: no gradient; in forward mode it carries its derivative.
Keep = Callable[[str, Tensor], None]


def kept_in(store: Sink, layers: Iterable[str]) -> Keep:
    """Store the representations of ``layers``.

    Raises
    ------
    InputError
        If the store has one of the layers already.
    """
    taken = [name for name in layers if name in store]
    if taken:
        raise InputError(f"the store already holds layer {taken[0]!r}: give a new store")
    return lambda name, rows: store.append(name, rows.cpu().numpy())


class _AllSeen(BaseException):
    """Ends a forward pass when every layer has appeared; few networks catch a BaseException."""


_CONSTANCY = "every batch must show the same layers; choose others, or fix the order of the data"


class LayerRecorder:
    """Hands over the representations of chosen layers whenever the network runs.

    Each tensor is pooled and handed over at the moment it appears, before a later in-place
    operation can change it.

    Parameters
    ----------
    sources
        Where the layers appear, by name.
    keep
        Takes the representations by the layers' names; it must copy what it keeps.
    pooling
        How activations become vectors.
    mask
        Which tokens are real, as in `Probe`.
    stop_early
        End each forward pass as soon as all layers have appeared.

    Raises
    ------
    InputError
        If the pooling is unknown.

    Attributes
    ----------
    widths
        Features of each representation so far.
    paddings
        What became of padding in each layer.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        keep: Keep,
        pooling: PoolingChoice,
        *,
        mask: MaskChoice = None,
        stop_early: bool = False,
    ) -> None:
        self.widths: dict[str, int] = {}
        self._sources = dict(sources)
        self._stop_early = stop_early
        self.paddings = {name: Padding() for name in sources}
        self._pooling = pooling
        self._masks = Masks(mask)
        self._poolings = {
            name: resolve_pooling(pooling, name, source.axes) for name, source in sources.items()
        }
        self._keep = keep
        self._at: defaultdict[tuple[str | None, str, int], list[str]] = defaultdict(list)
        for name, source in sources.items():
            self._at[source.path, source.side, source.number].append(name)
        self._n_calls: Counter[str] = Counter()
        self._recorded: set[str] = set()
        self._forgotten: set[str] = set()
        self._calls = Calls()

    def run(self, model: nn.Module, batch: Batch, forward: Forward | None) -> None:
        """Run the network on ``batch``, and hand over every layer.

        Raises
        ------
        CaptureError
            If the network fails, or not every layer appears as it did when it was found.
        """
        self._n_calls.clear()
        self._recorded.clear()
        self._calls = Calls(batch)
        try:
            with self._hooks(model, batch):
                shows_mask_late = forward is not None and (None, "input", 1) in self._at
                inputs = batch.copy_to(None, None).inputs if shows_mask_late else batch.inputs
                if not shows_mask_late:
                    self._record(batch, None, "input", 1, inputs)
                output = run_model(model, batch, forward)
                self._record(batch, None, "output", 1, output)
                if shows_mask_late:  # by now the call of the network has shown its mask
                    self._record(batch, None, "input", 1, inputs)
        except _AllSeen:
            return
        for name, source in self._sources.items():
            self._check_appeared(name, source)
        self._masks.require_found(batch)

    def forget(self, name: str) -> None:
        """Stop handing over layer ``name``; its padding is still counted."""
        self._forgotten.add(name)

    @contextmanager
    def _hooks(self, model: nn.Module, batch: Batch) -> Iterator[None]:
        paths = {around for source in self._sources.values() for around in _around(source.path)}
        modules = {
            module: path
            for path, module in model.named_modules()
            if path in paths and can_be_hooked(module)
        }
        running: list[tuple[str, int]] = []

        def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
            path = modules[module]
            self._n_calls[path] += 1
            running.append((path, self._n_calls[path]))
            self._calls.enter(module, args, kwargs)
            self._record(batch, path, "input", self._n_calls[path], first_tensor(args, kwargs))

        def leave(module: nn.Module, _args: Any, output: Any) -> None:
            path, number = running.pop()
            while path != modules[module]:  # a call that failed, whose error the network caught
                path, number = running.pop()
            self._record(batch, path, "output", number, output)
            self._calls.leave(len(running), is_network=path == "")

        with hooked(modules, enter, leave):
            yield

    def _record(self, batch: Batch, path: str | None, side: str, number: int, value: Any) -> None:
        names = self._at.get((path, side, number), ())
        tensors = named_tensors(value) if names else {}
        for name in names:
            tensor = tensors.get(self._sources[name].suffix)
            if tensor is not None:
                self._hand_over(name, tensor, batch)
        if self._stop_early and len(self._recorded) == len(self._sources):
            raise _AllSeen

    def _hand_over(self, name: str, tensor: Tensor, batch: Batch) -> None:
        axes, n_samples = self._sources[name].axes, batch.n_samples
        if axes is not None and not axes.fit(tensor.shape, n_samples):
            raise CaptureError(
                f"layer {name!r} has the shape {tuple(tensor.shape)} in a batch of {n_samples} "
                f"samples, but on the first samples its axes were {axes}, B the batch"
            )
        mask = self._mask_of(name, tensor, batch)
        self._recorded.add(name)
        if name in self._forgotten:
            return
        with torch.no_grad():  # a view then needs no gradient, and keeps what forward mode derives
            view = tensor.view_as(tensor)
            pooled = pool(view, mask, self._poolings[name], name, n_samples)
            self._keep(name, pooled)
        self.widths[name] = pooled.shape[1]

    def _mask_of(self, name: str, tensor: Tensor, batch: Batch) -> Tensor | None:
        """The mask for the pooling of a layer; what becomes of the padding is counted."""
        source = self._sources[name]
        if tensor.ndim < 3 and (source.path, source.side) != (None, "input"):
            return None  # no tokens
        of_encoder = source.path is None and (
            source.side == "input" or source.suffix.startswith(":encoder_")
        )
        calls = self._calls.before_decoding() if of_encoder else self._calls
        positions = positions_of(tensor.shape, source.axes)
        found, padding = self._masks.of(positions, calls, batch)
        is_used = found is not None and leaves_out(self._pooling, name, tensor, found, source.axes)
        self.paddings[name] += padding if is_used else padding.kept()
        return found

    def _check_appeared(self, name: str, source: Source) -> None:
        if source.path is not None and self._n_calls[source.path] != source.n_calls:
            raise CaptureError(
                f"module {source.path!r} was called {self._n_calls[source.path]} times in a batch, "
                f"and {source.n_calls} times on the first samples: {_CONSTANCY}"
            )
        if name not in self._recorded:
            raise CaptureError(
                f"layer {name!r} appeared on the first samples, but not in a later batch: "
                f"{_CONSTANCY}"
            )


def _around(path: str | None) -> Iterator[str]:
    """The modules that a layer lies in, from the network itself to its own."""
    parts = path.split(".") if path else []
    yield ""
    yield from (".".join(parts[: i + 1]) for i in range(len(parts)))
