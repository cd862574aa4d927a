"""Watching layers while a network runs, and storing what they make."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from dimscope.capture.batches import Batch
from dimscope.capture.inference import Forward, run_model
from dimscope.capture.layers import Source
from dimscope.capture.pooling import PoolingChoice, pool, resolve_pooling
from dimscope.capture.tensors import named_tensors
from dimscope.capture.trace import first_tensor, hooked
from dimscope.errors import CaptureError, InputError


class Sink(Protocol):
    """Takes the representations of layers, batch by batch, as `ActivationStore` does."""

    def __contains__(self, name: str, /) -> bool: ...

    def append(self, name: str, batch: np.ndarray) -> None:
        """Add the rows of ``batch`` to layer ``name``."""


class _AllSeen(BaseException):
    """Ends a forward pass when every layer has appeared; few networks catch a BaseException."""


_CONSTANCY = "every batch must show the same layers; choose others, or fix the order of the data"


class LayerRecorder:
    """Stores the representations of chosen layers whenever the network runs.

    Each tensor is pooled and copied at the moment it appears, before a later in-place operation
    can change it.

    Parameters
    ----------
    sources
        Where the layers appear, by name.
    store
        Takes the representations by the layers' names.
    pooling
        How activations become vectors.
    stop_early
        End each forward pass as soon as all layers have appeared.

    Raises
    ------
    InputError
        If the pooling is unknown, or the store has one of the layers already.

    Attributes
    ----------
    widths
        Features of each representation stored so far.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        store: Sink,
        pooling: PoolingChoice,
        *,
        stop_early: bool = False,
    ) -> None:
        taken = [name for name in sources if name in store]
        if taken:
            raise InputError(f"the store already holds layer {taken[0]!r}: give a new store")
        self.widths: dict[str, int] = {}
        self._sources = dict(sources)
        self._stop_early = stop_early
        self._poolings = {
            name: resolve_pooling(pooling, name, source.axes) for name, source in sources.items()
        }
        self._store = store
        self._at: defaultdict[tuple[str | None, str, int], list[str]] = defaultdict(list)
        for name, source in sources.items():
            self._at[source.path, source.side, source.number].append(name)
        self._n_calls: Counter[str] = Counter()
        self._recorded: set[str] = set()

    def run(self, model: nn.Module, batch: Batch, forward: Forward | None) -> None:
        """Run the network on ``batch``, and store every layer.

        Raises
        ------
        CaptureError
            If the network fails, or not every layer appears as it did when it was found.
        """
        self._n_calls.clear()
        self._recorded.clear()
        try:
            with self._hooks(model, batch):
                self._record(batch, None, "input", 1, batch.inputs)
                self._record(batch, None, "output", 1, run_model(model, batch, forward))
        except _AllSeen:
            return
        for name, source in self._sources.items():
            self._check_appeared(name, source)

    def forget(self, name: str) -> None:
        """Stop storing layer ``name``."""
        source = self._sources.pop(name)
        self._at[source.path, source.side, source.number].remove(name)

    @contextmanager
    def _hooks(self, model: nn.Module, batch: Batch) -> Iterator[None]:
        paths = {source.path for source in self._sources.values()}
        modules = {module: path for path, module in model.named_modules() if path in paths}
        running: list[tuple[str, int]] = []

        def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
            path = modules[module]
            self._n_calls[path] += 1
            running.append((path, self._n_calls[path]))
            self._record(batch, path, "input", self._n_calls[path], first_tensor(args, kwargs))

        def leave(module: nn.Module, _args: Any, output: Any) -> None:
            path, number = running.pop()
            while path != modules[module]:  # a call that failed, whose error the network caught
                path, number = running.pop()
            self._record(batch, path, "output", number, output)

        with hooked(modules, enter, leave):
            yield

    def _record(self, batch: Batch, path: str | None, side: str, number: int, value: Any) -> None:
        names = self._at.get((path, side, number), ())
        tensors = named_tensors(value) if names else {}
        for name in names:
            tensor = tensors.get(self._sources[name].suffix)
            if tensor is not None:
                self._store_tensor(name, tensor, batch)
        if self._stop_early and len(self._recorded) == len(self._sources):
            raise _AllSeen

    def _store_tensor(self, name: str, tensor: Tensor, batch: Batch) -> None:
        axes, n_samples = self._sources[name].axes, batch.n_samples
        if axes is not None and not axes.fit(tensor.shape, n_samples):
            raise CaptureError(
                f"layer {name!r} has the shape {tuple(tensor.shape)} in a batch of {n_samples} "
                f"samples, but on the first samples its axes were {axes}, B the batch"
            )
        pooling = self._poolings[name]
        pooled = pool(tensor.detach(), batch.attention_mask, pooling, name, n_samples)
        self._store.append(name, pooled.cpu().numpy())
        self.widths[name] = pooled.shape[1]
        self._recorded.add(name)

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
