"""The rows of one layer: the first ones on disk if need be, the others in memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import zarr

from dimscope.store.checked import CheckedFolder, folder_of

# Measured on 1000 x 401,408 float32: uncompressed chunks of 1-2 MiB, 4096-8192 columns wide, are
# written as fast as a flat file and read by blocks of columns at the speed of memory; shards and
# the lightest compression each cost a factor of 2 to 5.
_CHUNK_BYTES = 2 * 2**20
_CHUNK_COLUMNS = (4096, 8192)
_COLUMN_BLOCK = 1024  # readers take multiples of so many columns
_BUFFER_SHARE = 16  # rows that wait for a full chunk take at most one such part of the budget


def rows_per_chunk(batch: np.ndarray, memory_budget: int) -> int:
    """Return the rows of a chunk for a layer that arrives in batches like ``batch``.

    A chunk takes whole batches where possible, so an ordinary run leaves no rows in memory.
    """
    n_rows, n_features = map(int, batch.shape)
    wanted = max(1, _CHUNK_BYTES // (min(n_features, _CHUNK_COLUMNS[0]) * batch.itemsize))
    affordable = min(wanted, memory_budget // (_BUFFER_SHARE * n_features * batch.itemsize))
    if affordable >= n_rows > 0:
        return affordable - affordable % n_rows
    return min(wanted, max(n_rows, 1))


@dataclass
class LayerRows:
    """Rows of one layer: those of `array` on disk, then `blocks` in memory, oldest first."""

    n_features: int
    dtype: np.dtype[Any]
    chunk_rows: int
    blocks: deque[np.ndarray] = field(default_factory=deque)
    array: zarr.Array[Any] | None = None

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return self.n_features * self.dtype.itemsize

    @property
    def n_waiting(self) -> int:
        """Rows in memory."""
        return sum(len(block) for block in self.blocks)

    @property
    def n_rows(self) -> int:
        """Rows in memory and on disk."""
        return self.n_waiting + (0 if self.array is None else int(self.array.shape[0]))

    @property
    def checksums(self) -> dict[str, int]:
        """Checksum of each file on disk."""
        return {} if self.array is None else dict(folder_of(self.array).stamps)

    def joined(self) -> np.ndarray:
        """Join the rows in memory into one array, without ever holding every row twice."""
        if len(self.blocks) != 1:
            end = self.n_waiting
            whole = np.empty((end, self.n_features), self.dtype)
            while self.blocks:
                block = self.blocks.pop()
                whole[end - len(block) : end] = block
                end -= len(block)
            self.blocks.append(whole)
        return self.blocks[0]

    def create_array(self, folder: CheckedFolder) -> None:
        """Make the array on disk that takes the rows from now on."""
        columns = _CHUNK_BYTES // (self.chunk_rows * self.dtype.itemsize)
        columns = int(np.clip(columns, *_CHUNK_COLUMNS)) // _COLUMN_BLOCK * _COLUMN_BLOCK
        self.array = zarr.create_array(
            folder,
            shape=(0, self.n_features),
            chunks=(self.chunk_rows, min(columns, self.n_features)),
            dtype=self.dtype,
            compressors=None,
            fill_value=0,
            attributes={"layer": folder.layer},
            config={"write_empty_chunks": True},  # looking for empty ones costs more
        )

    def write(self, *, whole_chunks: bool) -> None:
        """Move rows from memory to the array, all of them or only those that fill a chunk."""
        if self.array is None:
            return
        least = self.chunk_rows if whole_chunks else 1
        while self.n_waiting >= least:
            start = int(self.array.shape[0])
            n_rows = min(self.n_waiting, self.chunk_rows - start % self.chunk_rows)
            self.array.resize((start + n_rows, self.n_features))
            self.array[start:] = self._pop_rows(n_rows)

    def _pop_rows(self, n_rows: int) -> np.ndarray:
        taken = []
        while n_rows:
            block = self.blocks.popleft()
            if len(block) > n_rows:
                self.blocks.appendleft(block[n_rows:].copy())  # a view would keep the whole block
                block = block[:n_rows]
            taken.append(block)
            n_rows -= len(block)
        return taken[0] if len(taken) == 1 else np.concatenate(taken)
