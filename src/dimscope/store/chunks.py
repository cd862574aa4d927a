"""Whether every chunk of a layer is on disk, before any is read.

Chunks are not compressed, so that a whole one has a known size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import zarr

from dimscope.store.checked import folder_of


def require_chunks(array: zarr.Array[Any]) -> None:
    """Refuse a layer if one of its chunks is missing or cut short.

    Parameters
    ----------
    array
        The layer, in a `CheckedFolder`.

    Raises
    ------
    StoreError
        If a chunk is missing or has the wrong size; the message names the first.
    """
    folder, wanted = folder_of(array), chunk_bytes(array)
    for key in chunk_names(array):
        try:
            found = (folder.root / key).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            raise folder.error(key, "is missing") from None
        except OSError as error:
            fault = f"cannot be read ({error.strerror or error})"
            raise folder.error(key, fault) from error
        if found != wanted:
            raise folder.error(key, f"has {found} bytes instead of {wanted}")
        if key not in folder.stamps:
            raise folder.error(key, "was never written as a whole")


def chunk_names(array: zarr.Array[Any]) -> Iterator[str]:
    """Yield the names of all chunks, relative to the folder of the array."""
    counts = (-(-n // size) for n, size in zip(array.shape, array.chunks, strict=True))
    for place in itertools.product(*map(range, counts)):
        yield array.metadata.encode_chunk_key(place)


def chunk_bytes(array: zarr.Array[Any]) -> int:
    """Bytes of a whole chunk."""
    return math.prod(array.chunks) * array.dtype.itemsize
