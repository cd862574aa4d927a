"""Activations read back from the directory that an `ActivationStore` wrote."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import zarr

from dimscope.errors import StoreError
from dimscope.store.checked import CheckedFolder, Size
from dimscope.store.chunks import chunk_bytes, chunk_names, require_chunks
from dimscope.store.directory import WRITE_AGAIN
from dimscope.store.manifest import Manifest, StoredLayer


class SavedActivations(Mapping[str, "zarr.Array[Any]"]):
    """The layers of a directory, each a `zarr.Array` on disk that cannot be changed.

    Open them with `ActivationStore.open`. Opening the directory checks that every chunk is on
    disk, indexing checks the chunks of that layer again, and reading compares each chunk with its
    checksum. A chunk that is lost or damaged raises a `StoreError`, whenever it is read. Stores
    that dimscope 0.1 wrote have no checksums; of their chunks the size is compared.

    Attributes
    ----------
    directory
        Where the layers are.
    attributes
        Facts that the writer added, as JSON keeps them.
    """

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self.attributes: Mapping[str, Any] = manifest.attributes
        self._layers = {layer.name: layer for layer in manifest.layers}
        self._arrays = {name: self._opened(layer) for name, layer in self._layers.items()}

    @classmethod
    def open(cls, directory: str | os.PathLike[str]) -> Self:
        """Read what a store wrote; see `ActivationStore.open`.

        Raises
        ------
        InputError
            If the directory holds no store, or one that a later version of dimscope wrote.
        StoreError
            If the store is incomplete, or a layer or a chunk of it is missing or damaged.
        """
        path = Path(directory)
        manifest = Manifest.read(path)
        manifest.require_complete(path)
        return cls(path, manifest)

    def __getitem__(self, name: str) -> zarr.Array[Any]:
        array = self._arrays[name]
        require_chunks(array)
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __repr__(self) -> str:
        return f"<SavedActivations: {len(self)} layers of {self.n_samples} samples>"

    @property
    def n_samples(self) -> int:
        """Number of rows that every layer has."""
        return min((layer.shape[0] for layer in self._layers.values()), default=0)

    @property
    def nbytes(self) -> int:
        """Bytes of all layers."""
        return sum(array.nbytes for array in self._arrays.values())

    def _opened(self, layer: StoredLayer) -> zarr.Array[Any]:
        path = self.directory / layer.folder
        folder = CheckedFolder(
            path, read_only=True, layer=layer.name, remedy=WRITE_AGAIN, stamps=layer.checksums
        )
        try:
            array = zarr.open_array(folder, mode="r")
        except StoreError:
            raise
        except Exception as error:  # Zarr raises what its parsers raise
            raise StoreError(f"layer {layer.name!r} cannot be read from {path}: {error}") from error
        if array.shape != layer.shape or array.dtype != np.dtype(layer.dtype):
            raise StoreError(
                f"layer {layer.name!r} is {array.dtype} of shape {array.shape} in {path}, and was "
                f"written as {np.dtype(layer.dtype)} of shape {layer.shape}: write the store again"
            )
        if layer.checksums is None:
            folder.stamps |= dict.fromkeys(chunk_names(array), Size(chunk_bytes(array)))
        require_chunks(array)
        return array
