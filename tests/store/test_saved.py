"""A directory of activations is read back as it was written, or refused with the reason."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dimscope.errors import InputError, StoreError
from dimscope.store import ActivationStore, SavedActivations
from dimscope.store.layer import LayerRows

RNG = np.random.default_rng(0)
SMALL = RNG.standard_normal((10, 3)).astype(np.float32)
WIDE = RNG.standard_normal((10, 9000)).astype(np.float16)


def written(directory: Path, memory_budget: int = 2**30) -> Path:
    with ActivationStore(memory_budget=memory_budget, directory=directory) as store:
        for start in range(0, 10, 4):
            store.append("fc", SMALL[start : start + 4])
            store.append("block/0#2:hidden", WIDE[start : start + 4])
        store.attributes |= {"model": "lenet", "n_seen": np.int64(10), "accuracy": 0.5}
    return directory


@pytest.mark.parametrize("memory_budget", [0, 2000, 2**30])
def test_all_layers_are_written_wherever_they_were_held(tmp_path: Path, memory_budget: int) -> None:
    saved = ActivationStore.open(written(tmp_path / "acts", memory_budget))
    assert isinstance(saved, SavedActivations)
    assert list(saved) == ["fc", "block/0#2:hidden"]
    assert (saved.n_samples, saved.nbytes) == (10, SMALL.nbytes + WIDE.nbytes)
    assert saved.attributes == {"model": "lenet", "n_seen": 10, "accuracy": 0.5}
    for name, want in (("fc", SMALL), ("block/0#2:hidden", WIDE)):
        assert saved[name].dtype == want.dtype
        np.testing.assert_array_equal(saved[name][:], want)
    assert repr(saved) == "<SavedActivations: 2 layers of 10 samples>"


def test_it_is_read_only(tmp_path: Path) -> None:
    saved = ActivationStore.open(written(tmp_path))
    with pytest.raises(ValueError, match="read-only"):
        saved["fc"][0] = 1.0
    np.testing.assert_array_equal(saved["fc"][:], SMALL)


def test_nothing_is_written_without_a_layer(tmp_path: Path) -> None:
    with ActivationStore(directory=tmp_path / "acts"):
        pass
    assert not (tmp_path / "acts").exists()


class TestWhatIsNoStore:
    def test_another_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"is no store of activations: it has no store\.json"):
            ActivationStore.open(tmp_path)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="is no store of activations"):
            ActivationStore.open(tmp_path / "nowhere")

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "x"}', '{"schema": 1, "a": 2}'])
    def test_a_document_of_another_kind(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "store.json").write_text(text)
        with pytest.raises(InputError, match=r"store\.json (cannot be read|is not as dimscope)"):
            ActivationStore.open(tmp_path)

    def test_one_of_a_later_version(self, tmp_path: Path) -> None:
        change(written(tmp_path), schema=2)
        with pytest.raises(InputError, match="has schema 2, and this dimscope reads up to 1: upgr"):
            ActivationStore.open(tmp_path)


def change(directory: Path, **fields: Any) -> None:
    path = directory / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


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


def test_a_layer_that_is_missing_is_named(tmp_path: Path) -> None:
    (written(tmp_path) / "fc.zarr" / "zarr.json").unlink()
    with pytest.raises(StoreError, match="layer 'fc' cannot be read from"):
        ActivationStore.open(tmp_path)


def test_a_layer_of_another_shape_is_named(tmp_path: Path) -> None:
    layers = json.loads((written(tmp_path) / "store.json").read_text())["layers"]
    layers[0]["shape"] = [10, 4]
    change(tmp_path, layers=layers)
    with pytest.raises(
        StoreError, match=r"layer 'fc' is float32 of shape \(10, 3\) in .*\(10, 4\)"
    ):
        ActivationStore.open(tmp_path)
