"""`store.json`: what a directory of activations holds, and whether it was written to the end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import google_crc32c

from dimscope.errors import InputError, StoreError
from dimscope.results import plain

#: Version of the directories that this dimscope writes.
SCHEMA = 2
NAME = "store.json"


@dataclass(frozen=True, kw_only=True)
class StoredLayer:
    """A layer of a directory.

    Attributes
    ----------
    name
        The layer.
    folder
        Its Zarr array, relative to the directory.
    shape
        Samples and features.
    dtype
        As NumPy writes it, such as ``"<f4"``.
    whole
        Whether all its rows are on disk.
    checksums
        The CRC-32C of each file in the folder, once all rows are there; None for a directory that
        was written without.
    """

    name: str
    folder: str
    shape: tuple[int, int]
    dtype: str
    whole: bool
    checksums: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a directory holds.

    Attributes
    ----------
    complete
        Whether the store was closed. A run that is killed leaves an incomplete manifest.
    layers
        The layers, in order of their first batch; none before the store is closed.
    attributes
        Facts that the writer adds, such as those of the capture.
    """

    complete: bool
    layers: tuple[StoredLayer, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def write(self, directory: Path) -> None:
        """Replace the manifest of a directory in one step: a reader sees the old or the new one."""
        document = {"schema": SCHEMA, **plain(asdict(self))}
        document["checksum"] = _checksum(document)
        part = directory / f"{NAME}.part"
        with part.open("w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        part.replace(directory / NAME)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read the manifest of a directory.

        Raises
        ------
        InputError
            If there is none that can be read, or a later version of dimscope wrote it.
        StoreError
            If it is not as it was written.
        """
        try:
            document = json.loads((directory / NAME).read_text(encoding="utf-8"))
            checksum = document.pop("checksum", None)
            is_whole = checksum is None or checksum == _checksum(document)
            schema = int(document.pop("schema"))
        except FileNotFoundError as error:
            raise InputError(
                f"{directory} is no store of activations: it has no {NAME}; give the directory "
                "that an ActivationStore wrote"
            ) from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{directory / NAME} cannot be read: {error}") from error
        if schema > SCHEMA:
            raise InputError(
                f"the store in {directory} has schema {schema}, and this dimscope reads up to "
                f"{SCHEMA}: upgrade dimscope"
            )
        if not is_whole or (checksum is None and schema > 1):  # the first schema had none
            raise StoreError(
                f"{directory / NAME} is not as it was written (its checksum differs): write the "
                "store again"
            )
        try:
            layers = tuple(
                StoredLayer(**(layer | {"shape": tuple(layer["shape"])}))
                for layer in document.pop("layers")
            )
            return cls(layers=layers, **document)
        except (KeyError, TypeError) as error:
            raise InputError(f"{directory / NAME} is not as dimscope writes it: {error}") from error

    def require_complete(self, directory: Path) -> None:
        """Refuse a directory that was not written to the end.

        Raises
        ------
        StoreError
            If the manifest is not complete; the message names the layers that are whole.
        """
        if self.complete:
            return
        whole = [layer.name for layer in self.layers if layer.whole]
        held = f"{len(whole)} of {len(self.layers)} layers are whole"
        if whole:
            held += f" ({', '.join(whole)})"
        raise StoreError(
            f"the store in {directory} is incomplete, as its writing was interrupted or has not "
            f"ended yet; {held if self.layers else 'no layer is whole'}: write it again, into an "
            "empty directory"
        )


def _checksum(document: Mapping[str, Any]) -> int:
    """The CRC-32C of a manifest's values, however the file is laid out."""
    return int(google_crc32c.value(json.dumps(document, sort_keys=True).encode()))
