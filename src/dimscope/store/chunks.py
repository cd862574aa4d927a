"""Whether every chunk of a layer is on disk: Zarr reads a deleted chunk as zeros and says nothing.

Chunks are not compressed, so that a whole one has a known size.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import zarr

from dimscope.errors import StoreError


def require_chunks(array: zarr.Array[Any], path: Path, name: str) -> None:
    """Refuse a layer if one of its chunks is missing or cut short.

    Parameters
    ----------
    array
        The layer.
    path
        Its folder.
    name
        Its name, for the message.

    Raises
    ------
    StoreError
        If a chunk is missing or has the wrong size; the message names the first.
    """
    wanted = math.prod(array.chunks) * array.dtype.itemsize
    counts = (-(-n // size) for n, size in zip(array.shape, array.chunks, strict=True))
    for place in itertools.product(*map(range, counts)):
        chunk = path / array.metadata.encode_chunk_key(place)
        try:
            found = chunk.stat().st_size
        except FileNotFoundError:
            fault = "is missing"
        except OSError as error:
            fault = f"cannot be read ({error.strerror or error})"
        else:
            if found == wanted:
                continue
            fault = f"has {found} bytes instead of {wanted}"
        raise StoreError(
            f"chunk {chunk.relative_to(path)} of layer {name!r} {fault} in {path}: its numbers are "
            "lost; write the store again"
        )
