"""The folder of a layer on disk, whose files are checked whenever one is read.

Zarr reads a deleted chunk as zeros, and a damaged one as the numbers that its bytes happen to be.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self, cast

import google_crc32c
import zarr
from zarr.abc.store import ByteRequest
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import LocalStore

from dimscope.errors import StoreError

#: A CRC-32C for each file by its name in the folder, or, for chunks that a version of dimscope
#: without checksums wrote, their size in bytes.
Stamps = Mapping[str, "int | Size"]


class Size(int):
    """Bytes of a chunk that has no checksum."""


class CheckedFolder(LocalStore):
    """A Zarr store that knows what was written to every file, and reads nothing else.

    A checksum misses one damage in four thousand million. It belongs to a name, so that files
    that were exchanged are found too.

    Attributes
    ----------
    layer
        Name of the layer, for messages.
    remedy
        What to do if a file is lost or damaged, for messages.
    stamps
        What each file must be.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        read_only: bool = False,
        layer: str = "",
        remedy: str = "",
        stamps: Stamps | None = None,
    ) -> None:
        super().__init__(root, read_only=read_only)
        self.layer = layer
        self.remedy = remedy
        self.stamps = dict(stamps or {})
        self._n_writing = 0
        self._is_closed = False

    def with_read_only(self, read_only: bool = False) -> Self:
        """Return the same folder, to be read only or to be written too."""
        return type(self)(
            self.root,
            read_only=read_only,
            layer=self.layer,
            remedy=self.remedy,
            stamps=self.stamps,
        )

    def error(self, key: str, fault: str) -> StoreError:
        """Say what became of a file, and what to do."""
        what = key if key.endswith(".json") else f"chunk {key}"
        return StoreError(
            f"{what} of layer {self.layer!r} {fault} in {self.root}: its numbers are lost; "
            f"{self.remedy}"
        )

    def stop_writing(self) -> None:
        """Refuse further writes, and wait for those that Ctrl-C or a signal left running.

        Zarr writes in other threads, which would make a folder that is removed anew.
        """
        self._is_closed = True
        while self._n_writing:
            time.sleep(0.001)

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Read a file; see `zarr.abc.store.Store`.

        Raises
        ------
        StoreError
            If the file is not as it was written.
        """
        value = self._checked(key, await super().get(key, prototype))
        return value if byte_range is None else await super().get(key, prototype, byte_range)

    def get_sync(
        self,
        key: str,
        *,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Read a file; see `get`."""
        value = self._checked(key, super().get_sync(key, prototype=prototype))
        if byte_range is None:
            return value
        return super().get_sync(key, prototype=prototype, byte_range=byte_range)

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Read parts of files; see `get`."""
        return [await self.get(key, prototype, part) for key, part in key_ranges]

    async def set(self, key: str, value: Buffer) -> None:
        """Write a file; see `zarr.abc.store.Store`."""
        self._n_writing += 1
        try:
            self._stamp(key, value)
            await super().set(key, value)
        finally:
            self._n_writing -= 1

    def set_sync(self, key: str, value: Buffer) -> None:
        """Write a file; see `zarr.abc.store.Store`."""
        self._stamp(key, value)
        super().set_sync(key, value)

    def _stamp(self, key: str, value: Buffer) -> None:
        """Note the checksum first, so that a write that fails leaves a file that is refused."""
        if self._is_closed:
            raise StoreError(f"layer {self.layer!r} is closed: {key} is not written")
        if not self.read_only:
            self.stamps[key] = _checksum(value)

    def _checked(self, key: str, value: Buffer | None) -> Buffer | None:
        stamp = self.stamps.get(key)
        if stamp is None:
            return value
        if value is None:
            raise self.error(key, "is missing")
        if isinstance(stamp, Size):
            if len(value) != stamp:
                raise self.error(key, f"has {len(value)} bytes instead of {stamp}")
        elif _checksum(value) != stamp:
            raise self.error(key, "is not as it was written (its checksum differs)")
        return value


def folder_of(array: zarr.Array[Any]) -> CheckedFolder:
    """Return the folder of a layer: all are made in checked ones."""
    return cast(CheckedFolder, array.store)


def _checksum(value: Buffer) -> int:
    return int(google_crc32c.value(value.as_numpy_array()))
