"""A directory is claimed once, never overwritten, and incomplete until all is written."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr
from stored_layers import SMALL, WIDE, fill, rows, written

from dimscope.errors import StoreError
from dimscope.store import ActivationStore
from dimscope.store.layer import LayerRows


def test_nothing_is_written_without_a_layer(tmp_path: Path) -> None:
    with ActivationStore(directory=tmp_path / "acts"):
        pass
    assert not (tmp_path / "acts").exists()


def test_a_given_directory_keeps_complete_arrays(tmp_path: Path) -> None:
    array = rows(7, 50)
    with ActivationStore(memory_budget=0, directory=tmp_path / "new") as store:
        fill(store, "block/0#2:hidden", array, 3)
    (path,) = (tmp_path / "new").glob("*.zarr")
    stored = zarr.open_array(path, mode="r")
    np.testing.assert_array_equal(stored[:], array)
    assert stored.attrs["layer"] == "block/0#2:hidden"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    with ActivationStore(memory_budget=0, directory=tmp_path) as store:
        store.append("a", rows(2, 3))
    with (
        ActivationStore(memory_budget=0, directory=tmp_path) as store,
        pytest.raises(StoreError, match="choose an empty directory"),
    ):
        store.append("a", rows(2, 3))


class TestIncomplete:
    def test_a_killed_run_leaves_a_directory_that_says_so(self, tmp_path: Path) -> None:
        code = (
            "import os, signal, numpy as np\n"
            "from dimscope.store import ActivationStore\n"
            f"store = ActivationStore(memory_budget=0, directory={str(tmp_path)!r})\n"
            "store.append('a', np.ones((4, 5)))\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        killed = subprocess.run([sys.executable, "-c", code], check=False)
        assert killed.returncode == -signal.SIGKILL
        with pytest.raises(StoreError, match=r"is incomplete.*no layer is whole: write it again"):
            ActivationStore.open(tmp_path)

    def test_so_does_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), ActivationStore(directory=tmp_path) as store:  # noqa: PT012
            store.append("a", SMALL)
            raise ZeroDivisionError
        with pytest.raises(StoreError, match="is incomplete"):
            ActivationStore.open(tmp_path)

    def test_the_layers_that_are_whole_are_known(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = LayerRows.write

        def until_the_disk_is_full(layer: LayerRows, *, whole_chunks: bool) -> None:
            if layer.n_features == WIDE.shape[1] and not whole_chunks:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(layer, whole_chunks=whole_chunks)

        monkeypatch.setattr(LayerRows, "write", until_the_disk_is_full)
        with pytest.raises(StoreError, match="No space left on device; free some space"):
            written(tmp_path)
        with pytest.raises(StoreError, match=r"1 of 2 layers are whole \(fc\): write it again"):
            ActivationStore.open(tmp_path)

    def test_it_can_not_be_opened_while_it_is_written(self, tmp_path: Path) -> None:
        with ActivationStore(directory=tmp_path) as store:
            store.append("a", SMALL)
            with pytest.raises(StoreError, match="has not ended yet"):
                ActivationStore.open(tmp_path)
        assert list(ActivationStore.open(tmp_path)) == ["a"]
