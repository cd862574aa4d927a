"""The directory of a store that stays: claimed by the first batch, complete once all is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dimscope.errors import StoreError
from dimscope.store.checked import CheckedFolder
from dimscope.store.layer import LayerRows
from dimscope.store.manifest import NAME, Manifest, StoredLayer

#: What to do if a store that was to stay is damaged.
WRITE_AGAIN = "write the store again"


def layer_folder(name: str) -> str:
    """Return the name of a layer's folder, with characters that every file system allows."""
    return f"{quote(name, safe='')}.zarr"


class StoreDirectory:
    """A directory that a store writes.

    The first thing written is a manifest that says that the store is incomplete. A run that is
    killed leaves it there.

    Attributes
    ----------
    is_ours
        Whether it has been claimed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_ours = False

    def __str__(self) -> str:
        return str(self._path)

    def claimed(self) -> Path:
        """Return the directory, once it is made and marked as incomplete.

        Raises
        ------
        StoreError
            If a store is there already.
        """
        if not self.is_ours:
            self._path.mkdir(parents=True, exist_ok=True)
            if (self._path / NAME).exists():
                raise StoreError(
                    f"{self._path} holds a store already and is not overwritten: choose an empty "
                    "directory"
                )
            Manifest(complete=False).write(self._path)
            self.is_ours = True
        return self._path

    def finish(self, layers: Mapping[str, LayerRows], attributes: Mapping[str, Any]) -> None:
        """Write all rows that are still in memory, then mark the directory as complete.

        Raises
        ------
        StoreError
            If a layer's folder is there already.
        """
        path = self._path
        entries = {
            name: StoredLayer(
                name=name,
                folder=layer_folder(name),
                shape=(layer.n_rows, layer.n_features),
                dtype=layer.dtype.str,
                whole=False,
            )
            for name, layer in layers.items()
        }
        for name, layer in layers.items():
            Manifest(complete=False, layers=tuple(entries.values())).write(path)
            if layer.array is None:
                layer.create_array(new_folder(path, name, WRITE_AGAIN))
            layer.write(whole_chunks=False)
            entries[name] = replace(entries[name], whole=True, checksums=layer.checksums)
        Manifest(complete=True, layers=tuple(entries.values()), attributes=attributes).write(path)


def new_folder(parent: Path, name: str, remedy: str) -> CheckedFolder:
    """Return the folder for a layer that is not on disk yet.

    ``remedy`` is what to do if a file in it is lost.

    Raises
    ------
    StoreError
        If something is there already.
    """
    path = parent / layer_folder(name)
    if path.exists():
        raise StoreError(f"{path} exists already and is not overwritten: choose an empty directory")
    return CheckedFolder(path, layer=name, remedy=remedy)
