"""The activation store: one growing array per layer, the largest on disk when memory is short."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import zarr

from dimscope._processes import orderly_exit
from dimscope.errors import InputError, StoreError
from dimscope.store.checked import folder_of
from dimscope.store.chunks import require_chunks
from dimscope.store.directory import (
    WRITE_AGAIN,
    StoreDirectory,
    new_folder,
)
from dimscope.store.layer import LayerRows, rows_per_chunk
from dimscope.store.placement import place_layers
from dimscope.store.saved import SavedActivations
from dimscope.store.scratch import ScratchFolder
from dimscope.store.sizes import check_budget, format_size

_WIDEST = 8  # bytes of a number
_REMEDY = (
    "free some space, name another directory, raise the memory budget, or capture fewer layers "
    "or samples, or with a pooling such as 'spatial_mean'"
)
_RUN_AGAIN = (
    "measure again; a run with a folder for its results goes on with the layers that are left"
)


class ActivationStore(Mapping[str, "np.ndarray | zarr.Array[Any]"]):
    """Activations of many layers, one array ``(n_samples, n_features)`` each, added by batches.

    Layers stay in memory while all fit in `memory_budget`; then the largest move to disk. There
    they are Zarr arrays, chunked for reading a few thousand columns of all rows at a time.
    Indexing gives a NumPy array for a layer in memory and a `zarr.Array` for one on disk; both
    have ``shape`` and ``dtype`` and slice alike.

    With a `directory`, all layers are written there on close, and `open` reads them back. Each
    keeps its dtype, float16 too. NumPy has no bfloat16: `capture` turns it into float32.

    Parameters
    ----------
    memory_budget
        Bytes of activations to hold in memory; the batch being added comes on top.
    disk_budget
        Bytes of activations to write to disk; None for all free space.
    directory
        Where all layers are written to stay, one ``<layer>.zarr`` each beside a ``store.json``.
        By default, layers that do not fit in memory go to a temporary folder, which is removed on
        close. In a ``with`` statement it is removed on Ctrl-C, SIGTERM and SIGHUP too, and what a
        killed process leaves is removed by the next store on that machine.

    Attributes
    ----------
    attributes
        Facts about the layers, such as those of the capture: add to it before the store is
        closed. A store with a directory writes them there as JSON.

    Raises
    ------
    InputError
        If a budget is negative or not a number.

    Examples
    --------
    >>> with ActivationStore(memory_budget=64) as store:
    ...     store.append("fc", np.ones((4, 2), dtype=np.float32))
    ...     store.append("conv", np.zeros((4, 100), dtype=np.float32))
    ...     list(store), store.n_samples, store.on_disk, store["conv"][:, 3:5].shape
    (['fc', 'conv'], 4, {'conv'}, (4, 2))
    """

    def __init__(
        self,
        *,
        memory_budget: int = 2**30,
        disk_budget: int | None = None,
        directory: str | os.PathLike[str] | None = None,
    ) -> None:
        check_budget("memory_budget", memory_budget)
        if disk_budget is not None:
            check_budget("disk_budget", disk_budget)
        self.memory_budget = memory_budget
        self.disk_budget = disk_budget
        self.attributes: dict[str, Any] = {}
        self._directory = None if directory is None else StoreDirectory(Path(directory))
        self._scratch = ScratchFolder()
        self._if_lost = _RUN_AGAIN if directory is None else WRITE_AGAIN
        self._layers: dict[str, LayerRows] = {}
        self._is_closed = False
        self._signals = ExitStack()

    @staticmethod
    def open(directory: str | os.PathLike[str]) -> SavedActivations:
        """Open the activations that a store wrote to a directory, read-only.

        Parameters
        ----------
        directory
            What was given to the store as `directory`.

        Raises
        ------
        InputError
            If the directory holds no store, or one that a later version of dimscope wrote.
        StoreError
            If the store is incomplete because its writing was interrupted, or a layer or a chunk
            is missing or damaged.

        Examples
        --------
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> with ActivationStore(directory=folder) as store:
        ...     store.append("fc", np.ones((4, 2), dtype=np.float32))
        ...     store.attributes["model"] = "lenet"
        >>> saved = ActivationStore.open(folder)
        >>> saved["fc"].shape, saved.n_samples, saved.attributes
        ((4, 2), 4, {'model': 'lenet'})
        """
        return SavedActivations.open(directory)

    def append(self, name: str, batch: np.ndarray) -> None:
        """Add a copy of the rows of ``batch`` to layer ``name``.

        Parameters
        ----------
        name
            The layer; its first batch fixes its number of features and its dtype.
        batch
            Rows to add, of shape (n, n_features).

        Raises
        ------
        InputError
            If the batch is not a matrix of real numbers, if it does not match the layer's first
            batch, or if the store is closed.
        StoreError
            If a layer has to go to disk and cannot be written there.
        """
        if self._is_closed:
            raise InputError(f"layer {name!r}: the store is closed: append to a new one")
        if batch.ndim != 2 or batch.shape[1] == 0:
            raise InputError(
                f"layer {name!r}: a batch of shape {batch.shape} cannot be stored: it must be "
                "(n, n_features) with at least one feature"
            )
        layer = self._layers.get(name)
        if layer is None:
            _check_dtype(name, batch.dtype)
            if self._directory is not None:
                with self._explained(f"layer {name!r}", batch.nbytes):
                    self._directory.claimed()
            layer = LayerRows(
                batch.shape[1], batch.dtype, rows_per_chunk(batch, self.memory_budget)
            )
            self._layers[name] = layer
        _check_match(name, layer, batch)
        if len(batch) > 0:
            layer.blocks.append(np.array(batch, order="C"))
            self._write(name, whole_chunks=True)
            self._make_room()

    def __getitem__(self, name: str) -> np.ndarray | zarr.Array[Any]:
        layer = self._layers[name]
        if layer.array is None:
            return layer.joined()
        self._write(name, whole_chunks=False)
        require_chunks(layer.array)
        return layer.array

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    @property
    def n_samples(self) -> int:
        """Number of rows that every layer has."""
        return min((layer.n_rows for layer in self._layers.values()), default=0)

    @property
    def nbytes(self) -> int:
        """Bytes of all layers, in memory and on disk."""
        return sum(layer.n_rows * layer.row_bytes for layer in self._layers.values())

    @property
    def nbytes_in_memory(self) -> int:
        """Bytes held in memory, including rows that wait to be written."""
        return sum(layer.n_waiting * layer.row_bytes for layer in self._layers.values())

    @property
    def on_disk(self) -> set[str]:
        """Names of the layers that are on disk."""
        return {name for name, layer in self._layers.items() if layer.array is not None}

    @property
    def disk_room(self) -> int:
        """Bytes that all layers together may take on disk."""
        if self.disk_budget == 0:
            return 0
        taken = self.nbytes - self.nbytes_in_memory
        room = shutil.disk_usage(self._folder()).free + taken
        return room if self.disk_budget is None else min(room, self.disk_budget)

    def ensure_room(self, n_samples: int) -> None:
        """Check that the layers known so far will fit once each has ``n_samples`` rows.

        Raises
        ------
        StoreError
            If the memory budget and the disk together are too small; or the disk alone, if all
            layers go to a directory.
        """
        if self.without_room(n_samples):
            total = sum(self._sizes(n_samples).values())
            held = f"the memory budget is {format_size(self.memory_budget)} and "
            raise StoreError(
                f"{n_samples} samples of {len(self)} layers need {format_size(total)}; "
                f"{held if self._directory is None else ''}{self._folder()} has room for "
                f"{format_size(self.disk_room)}: {_REMEDY}"
            )

    def without_room(self, n_samples: int) -> frozenset[str]:
        """Name the layers to give up, the largest, so that ``n_samples`` rows of the others fit.

        Raises
        ------
        StoreError
            If the free space of the disk cannot be read.
        """
        sizes = self._sizes(n_samples)
        total = sum(sizes.values())
        in_memory = self.memory_budget if self._directory is None else 0  # all end on disk
        if total <= in_memory:
            return frozenset()
        with self._explained("the activations", total):
            return place_layers(sizes, in_memory, self.disk_room).nowhere

    def drop(self, name: str) -> None:
        """Forget layer ``name``, and remove it from the disk.

        Raises
        ------
        KeyError
            If there is no such layer.
        """
        layer = self._layers.pop(name)
        if layer.array is not None:
            folder_of(layer.array).stop_writing()
            shutil.rmtree(folder_of(layer.array).root)

    def close(self) -> None:
        """Write all layers to the directory, if there is one, and forget them.

        Raises
        ------
        StoreError
            If they cannot be written.
        """
        if self._is_closed:
            return
        try:
            if self._directory is not None and self._directory.is_ours:
                with self._explained("the activations", self.nbytes):
                    self._directory.finish(self._layers, self.attributes)
        finally:
            self._discard()

    def __enter__(self) -> Self:
        self._signals.enter_context(orderly_exit())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._signals:
            if error is None:
                self.close()
            else:
                self._discard()  # the manifest in the directory still says that it is incomplete

    def _sizes(self, n_samples: int) -> dict[str, int]:
        return {name: n_samples * layer.row_bytes for name, layer in self._layers.items()}

    def _discard(self) -> None:
        self._is_closed = True
        for layer in self._layers.values():
            if layer.array is not None:
                folder_of(layer.array).stop_writing()
        self._layers.clear()
        self._scratch.remove()

    def _make_room(self) -> None:
        """Move the layers that take most memory to disk until the others fit in the budget."""
        while self.nbytes_in_memory > self.memory_budget:
            held = {n: layer.n_waiting * layer.row_bytes for n, layer in self._layers.items()}
            name = max(held, key=held.__getitem__)
            layer = self._layers[name]
            is_new = layer.array is None
            if is_new:
                with self._explained(f"layer {name!r}", held[name]):
                    layer.create_array(new_folder(self._folder(), name, self._if_lost))
            self._write(name, whole_chunks=is_new)

    def _write(self, name: str, *, whole_chunks: bool) -> None:
        layer = self._layers[name]
        with self._explained(f"layer {name!r}", layer.n_waiting * layer.row_bytes):
            layer.write(whole_chunks=whole_chunks)

    def _folder(self) -> Path:
        return self._scratch.path() if self._directory is None else self._directory.claimed()

    @contextmanager
    def _explained(self, what: str, n_bytes: int) -> Iterator[None]:
        """Turn an error of the disk into one that says what was written where, and what to do."""
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"cannot write {what} ({format_size(n_bytes)}) to "
                f"{self._directory or self._scratch}: "
                f"{error.strerror or error}; {_REMEDY}"
            ) from error


def _check_match(name: str, layer: LayerRows, batch: np.ndarray) -> None:
    if batch.shape[1] != layer.n_features:
        raise InputError(
            f"layer {name!r} had {layer.n_features} features per sample and now "
            f"{batch.shape[1]}: all batches need the same width; for token sequences of varying "
            "length use pooling='token_mean', or pad them to one length"
        )
    if batch.dtype != layer.dtype:
        raise InputError(
            f"layer {name!r} was {layer.dtype} and is now {batch.dtype}: all batches need one dtype"
        )


def _check_dtype(name: str, dtype: np.dtype[Any]) -> None:
    if dtype.kind not in "fiub" or dtype.itemsize > _WIDEST:
        raise InputError(
            f"layer {name!r}: {dtype} cannot be stored: give real numbers of at most 64 bits"
        )
