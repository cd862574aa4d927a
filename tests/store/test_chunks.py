"""A chunk that is deleted or cut short is noticed: Zarr would read zeros."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import zarr

from dimscope.errors import StoreError
from dimscope.store import ActivationStore

X = np.ones((700, 9000), dtype=np.float32)


def written(directory: Path) -> list[Path]:
    """The chunks of a layer that has several of them both ways."""
    with ActivationStore(memory_budget=0, directory=directory) as store:
        for start in range(0, 700, 100):
            store.append("conv", X[start : start + 100])
    chunks = sorted((directory / "conv.zarr" / "c").rglob("[0-9]"))
    return [chunk for chunk in chunks if chunk.is_file()]


def cut(chunk: Path) -> None:
    chunk.write_bytes(chunk.read_bytes()[:-100])


def test_zarr_reads_zeros_in_place_of_a_deleted_chunk(tmp_path: Path) -> None:
    """Why the check is needed."""
    written(tmp_path)[3].unlink()
    assert (zarr.open_array(tmp_path / "conv.zarr", mode="r")[:] == 0).any()


@pytest.mark.parametrize("which", [0, 3, -1])
@pytest.mark.parametrize(
    ("damage", "fault"), [(Path.unlink, "is missing"), (cut, r"has \d+ bytes instead of \d+")]
)
def test_it_is_named_when_the_store_is_opened(
    tmp_path: Path, which: int, damage: Callable[[Path], None], fault: str
) -> None:
    chunks = written(tmp_path)
    assert len(chunks) >= 6
    damage(chunks[which])
    where = chunks[which].relative_to(tmp_path / "conv.zarr")
    with pytest.raises(StoreError, match=f"chunk {where} of layer 'conv' {fault}"):
        ActivationStore.open(tmp_path)


def test_it_is_named_when_it_is_lost_later(tmp_path: Path) -> None:
    chunks = written(tmp_path)
    saved = ActivationStore.open(tmp_path)
    chunks[1].unlink()
    with pytest.raises(StoreError, match="of layer 'conv' is missing"):
        saved["conv"]


def test_it_is_named_while_the_store_is_written(tmp_path: Path) -> None:
    with ActivationStore(memory_budget=0, directory=tmp_path) as store:
        store.append("conv", X)
        (tmp_path / "conv.zarr" / "c" / "0" / "0").unlink()
        with pytest.raises(StoreError, match="chunk c/0/0 of layer 'conv' is missing"):
            store["conv"]
