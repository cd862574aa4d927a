"""Layers too wide to hold: reading a part of one runs the network again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

from dimscope.capture.hashing import InputHash
from dimscope.capture.inference import place_batch, seed_of_batch, undisturbed
from dimscope.capture.layers import Source
from dimscope.capture.probe import Probe
from dimscope.capture.recording import LayerRecorder, kept_in
from dimscope.errors import CaptureError

_ROWS, _COLUMNS = 0, 1
_TOLERANCE = 1e-3  # of the largest value; sums taken in another order differ by less


@dataclass(frozen=True, kw_only=True)
class Replay:
    """All that is needed to run the data through a network once more."""

    probe: Probe
    data_hash: str

    def run(self, name: str, source: Source, part: _Part) -> None:
        """Fill ``part`` by one pass, in which each forward pass ends once the layer has appeared.

        Batches without a row of the part are read, to check the data, but not run.

        Raises
        ------
        CaptureError
            If the data are not those of the first pass, or the network fails.
        """
        seen = InputHash()
        probe = self.probe
        recorder = LayerRecorder(
            {name: source}, kept_in(part, [name]), probe.pooling, mask=probe.mask, stop_early=True
        )
        with undisturbed(probe.model, probe.data, probe.mode):
            for batch in probe.batches():
                seen.add(batch)
                if part.has_any_of_next(batch.n_samples):
                    seed_of_batch(probe.mode, part.n_seen)
                    recorder.run(probe.model, place_batch(batch, probe.model), probe.forward)
                part.n_seen += batch.n_samples
        if seen.hexdigest() != self.data_hash:
            raise CaptureError(
                f"layer {name!r} is too wide to hold and must be computed again, but the data were "
                "not the same when they were read again: give them in a fixed order "
                "(shuffle=False), without random transforms"
            )


class RecomputedLayer:
    """A representation that holds only some of its columns, or rows, in memory at a time.

    It slices as an array does, and gives copies. One pass over the data computes as many columns
    as the budget allows, and they are kept until others are read: reading all columns in order
    takes `n_passes` passes. Rows are computed and kept in the same way.

    Parameters
    ----------
    replay
        Runs the network again.
    name, source
        The layer, and where it appears.
    n_samples
        Rows.
    first_row
        The representation of the first sample in the first pass, (n_features,).
    memory_budget
        Bytes of columns or rows to keep.
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
        self._memory_budget = memory_budget
        self._on_pass = on_pass
        self._n_passed = 0
        self._kept: _Kept | None = None

    @property
    def n_passes(self) -> int:
        """Passes over the data that reading all columns takes."""
        return -(-self.shape[1] // self._at_once(_COLUMNS))

    def __getitem__(self, key: Any) -> np.ndarray:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        start, stop, step = columns.indices(self.shape[1])
        if isinstance(rows, slice) and rows == slice(None):
            return self._along(_COLUMNS, start, stop)[:, ::step]
        distinct, places = np.unique(np.arange(self.shape[0])[rows], return_inverse=True)
        if len(distinct) and distinct[-1] - distinct[0] < self._at_once(_ROWS):
            first = int(distinct[0])
            block = self._along(_ROWS, first, int(distinct[-1]) + 1)
            return block[distinct[places] - first, start:stop:step]
        return self._made(distinct, slice(start, stop))[places, ::step]

    def _at_once(self, axis: int) -> int:
        """How many columns (or rows) the budget allows to keep."""
        return max(1, self._memory_budget // (self.shape[1 - axis] * self.dtype.itemsize))

    def _along(self, axis: int, start: int, stop: int) -> np.ndarray:
        """Return these columns (or rows), caching as many after them as the budget allows."""
        if self._kept is not None and self._kept.has(axis, start):
            end = min(stop, self._kept.stop)
            part = self._kept.part(start, end).copy()
            if end == stop:
                return part
            return np.concatenate([part, self._along(axis, end, stop)], axis=axis)
        self._kept = None  # free their memory first
        if stop - start > self._at_once(axis):
            return self._made_along(axis, start, stop)
        end = min(start + self._at_once(axis), self.shape[axis])
        self._kept = _Kept(axis, start, self._made_along(axis, start, end))
        return self._kept.part(start, stop).copy()

    def _made_along(self, axis: int, start: int, stop: int) -> np.ndarray:
        rows = slice(start, stop) if axis == _ROWS else slice(None)
        columns = slice(start, stop) if axis == _COLUMNS else slice(0, self.shape[1])
        return self._made(np.arange(self.shape[0])[rows], columns)

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
            raise CaptureError(
                f"layer {self._name!r} is too wide to hold, and computing it again gave other "
                "values for the same sample: the network draws random numbers; raise the memory "
                "or disk budget, or take a pooling such as 'spatial_mean'"
            )


class _Kept(NamedTuple):
    """Consecutive whole columns (or rows) of a layer."""

    axis: int
    start: int
    values: np.ndarray

    @property
    def stop(self) -> int:
        return self.start + int(self.values.shape[self.axis])

    def has(self, axis: int, place: int) -> bool:
        return axis == self.axis and self.start <= place < self.stop

    def part(self, start: int, stop: int) -> np.ndarray:
        within = slice(start - self.start, stop - self.start)
        return self.values[within] if self.axis == _ROWS else self.values[:, within]


class _Part:
    """Takes the rows of a layer as they appear, and keeps some of the rows and columns."""

    def __init__(
        self, layer: RecomputedLayer, rows: Int64[np.ndarray, " n"], columns: slice
    ) -> None:
        self.values = np.empty((len(rows), columns.stop - columns.start), layer.dtype)
        self.n_seen = 0
        self._columns = columns
        self._place = np.full(layer.shape[0], -1)
        self._place[rows] = np.arange(len(rows))

    def has_any_of_next(self, n_samples: int) -> bool:
        """Whether the part needs a row of the next ``n_samples`` samples."""
        return bool((self._place[self.n_seen : self.n_seen + n_samples] >= 0).any())

    def __contains__(self, name: str) -> bool:
        return False

    def append(self, name: str, batch: np.ndarray) -> None:  # noqa: ARG002 - as a store does
        """Take the next rows. Rows that the first pass lacked are ignored: the hash finds them."""
        place = self._place[self.n_seen : self.n_seen + len(batch)]
        kept = np.flatnonzero(place >= 0)
        self.values[place[kept]] = batch[kept, self._columns]
