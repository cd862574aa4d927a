"""Layers too wide to hold: the network is run again for every part of them that is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int64
from torch import nn

from dimscope.capture.batches import read_batches
from dimscope.capture.hashing import InputHash
from dimscope.capture.inference import Forward, place_batch, undisturbed
from dimscope.capture.layers import Source
from dimscope.capture.pooling import PoolingChoice
from dimscope.capture.recording import LayerRecorder
from dimscope.errors import InputError

_TOLERANCE = 1e-3  # of the largest value: more than devices that sum in varying order differ by


@dataclass(frozen=True, kw_only=True)
class Replay:
    """All that is needed to run the data through a network once more."""

    model: nn.Module
    data: Any
    batch_size: int
    n_samples: int | None
    forward: Forward | None
    pooling: PoolingChoice
    data_hash: str

    def run(self, name: str, source: Source, part: _Part) -> None:
        """One pass that ends, for every batch, as soon as the layer has appeared.

        Raises
        ------
        InputError
            If the data are not those of the first pass.
        CaptureError
            If the network fails.
        """
        seen = InputHash()
        recorder = LayerRecorder({name: source}, part, self.pooling, stop_early=True)
        with undisturbed(self.model, self.data):
            for batch in read_batches(self.data, self.batch_size, self.n_samples):
                seen.update(batch.inputs)
                recorder.run(self.model, place_batch(batch, self.model), self.forward)
        if seen.hexdigest() != self.data_hash:
            raise InputError(
                f"layer {name!r} is too wide to hold and was to be computed again, but the data "
                "were not the same when they were read again: give them in a fixed order "
                "(shuffle=False), without random transforms"
            )


class RecomputedLayer:
    """A representation of which only some columns at a time exist, in memory.

    It slices as an array does. Columns are made as many at a time as the budget allows, by one
    pass over the data, and kept until others are asked for: reading all of them in order takes
    `n_passes` passes.

    Parameters
    ----------
    replay
        Runs the network again.
    name, source
        The layer, and where it appears.
    n_samples
        Rows.
    first_row
        What the first pass made of the first sample, shape (n_features,).
    memory_budget
        Bytes of columns to hold.
    on_pass
        Called after each pass with the number of passes so far.
    """

    ndim = 2

    def __init__(  # noqa: PLR0913 - what to run, what to keep of it, and how much
        self,
        replay: Replay,
        name: str,
        source: Source,
        *,
        n_samples: int,
        first_row: np.ndarray,
        memory_budget: int,
        on_pass: Callable[[int], None] | None = None,
    ) -> None:
        self.shape = (n_samples, len(first_row))
        self.dtype = first_row.dtype
        self._replay, self._name, self._source = replay, name, source
        self._first_row = first_row
        self._width = max(1, memory_budget // (n_samples * self.dtype.itemsize))
        self._on_pass = on_pass
        self._n_passed = 0
        self._start = 0
        self._columns = np.empty((n_samples, 0), self.dtype)

    @property
    def n_passes(self) -> int:
        """Passes over the data that all columns take."""
        return -(-self.shape[1] // self._width)

    def __getitem__(self, key: Any) -> np.ndarray:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        start, stop, step = columns.indices(self.shape[1])
        if not (isinstance(rows, slice) and rows == slice(None)):
            wanted, places = np.unique(np.arange(self.shape[0])[rows], return_inverse=True)
            return self._made(wanted, slice(start, stop))[places, ::step]
        if start < self._start or stop > self._start + self._columns.shape[1]:
            self._columns = np.empty((self.shape[0], 0), self.dtype)  # room for the next ones
            end = min(max(stop, start + self._width), self.shape[1])
            self._columns = self._made(np.arange(self.shape[0]), slice(start, end))
            self._start = start
        return self._columns[:, start - self._start : stop - self._start : step]

    def _made(self, rows: Int64[np.ndarray, " n"], columns: slice) -> np.ndarray:
        part = _Part(self, rows, columns)
        self._replay.run(self._name, self._source, part)
        self._n_passed += 1
        if self._on_pass is not None:
            self._on_pass(self._n_passed)
        if len(rows) and rows[0] == 0:
            self._check(part.values[0], self._first_row[columns])
        return part.values

    def _check(self, again: np.ndarray, before: np.ndarray) -> None:
        scale = float(np.abs(self._first_row).max())
        if not np.allclose(again, before, rtol=0.0, atol=_TOLERANCE * scale, equal_nan=True):
            raise InputError(
                f"layer {self._name!r} is too wide to hold and was computed again, with other "
                "values for the same sample: the network draws random numbers; raise the memory "
                "or disk budget, or take a pooling such as 'spatial_mean'"
            )


class _Part:
    """Takes the rows of a layer as they appear, and keeps some rows and columns of them."""

    def __init__(
        self, layer: RecomputedLayer, rows: Int64[np.ndarray, " n"], columns: slice
    ) -> None:
        self.values = np.empty((len(rows), columns.stop - columns.start), layer.dtype)
        self._columns = columns
        self._place = np.full(layer.shape[0], -1)
        self._place[rows] = np.arange(len(rows))
        self._n_seen = 0

    def __contains__(self, name: str) -> bool:
        return False

    def append(self, name: str, batch: np.ndarray) -> None:  # noqa: ARG002 - as a store does
        """Take the next rows; those beyond the first pass's are for the hash to find."""
        place = self._place[self._n_seen : self._n_seen + len(batch)]
        self._n_seen += len(batch)
        kept = np.flatnonzero(place >= 0)
        self.values[place[kept]] = batch[kept, self._columns]
