from __future__ import annotations

import errno
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import zarr
from hypothesis import given, settings, strategies as st
from stored_layers import fill, rows

from dimscope.errors import InputError, StoreError
from dimscope.store import ActivationStore


class DiskUsage(NamedTuple):
    total: int
    used: int
    free: int


def test_everything_in_memory_while_it_fits() -> None:
    a, b = rows(10, 3), rows(10, 5)
    with ActivationStore(memory_budget=10 * 8 * 4) as store:
        fill(store, "a", a, 4)
        fill(store, "b", b, 4)
        assert store.on_disk == set()
        assert isinstance(store["a"], np.ndarray)
        np.testing.assert_array_equal(store["a"], a)
        np.testing.assert_array_equal(store["b"][2:5, 1:3], b[2:5, 1:3])
        assert list(store) == ["a", "b"]
        assert store.n_samples == 10
        assert store.nbytes == a.nbytes + b.nbytes == store.nbytes_in_memory


def test_the_largest_layers_move_to_disk_first() -> None:
    small, large = rows(64, 10), rows(64, 9000)
    with ActivationStore(memory_budget=2**20) as store:
        for start in range(0, 64, 8):
            store.append("small", small[start : start + 8])
            store.append("large", large[start : start + 8])
        assert store.on_disk == {"large"}
        array = store["large"]
        assert isinstance(array, zarr.Array)
        assert array.shape == (64, 9000)
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array[:, 4000:8200], large[:, 4000:8200])
        np.testing.assert_array_equal(store["small"], small)
        assert store.nbytes == small.nbytes + large.nbytes


@settings(max_examples=25, deadline=None)
@given(
    batches=st.lists(st.integers(0, 9), min_size=1, max_size=8),
    budget=st.integers(0, 4000),
    read_between=st.booleans(),
)
def test_rows_come_back_exactly_whatever_the_budget(
    batches: list[int], budget: int, read_between: bool
) -> None:
    whole = {"a": rows(sum(batches), 40), "b": rows(sum(batches), 7, np.float64)}
    with ActivationStore(memory_budget=budget) as store:
        start = 0
        for n in batches:
            for name, array in whole.items():
                store.append(name, array[start : start + n])
                assert store.nbytes_in_memory <= budget
            start += n
            if read_between:
                np.testing.assert_array_equal(store["a"][:], whole["a"][:start])
        for name, array in whole.items():
            np.testing.assert_array_equal(store[name][:], array)
            assert store[name].dtype == array.dtype
        assert store.nbytes == sum(array.nbytes for array in whole.values())


def test_what_was_appended_is_a_copy() -> None:
    batch = rows(3, 2)
    expected = batch.copy()
    with ActivationStore() as store:
        store.append("a", batch)
        batch[:] = 0
        np.testing.assert_array_equal(store["a"], expected)


def test_integers_keep_their_type() -> None:
    with ActivationStore(memory_budget=0) as store:
        store.append("tokens", np.arange(6, dtype=np.int64).reshape(2, 3))
        assert store["tokens"].dtype == np.int64
        assert store["tokens"][1, 2] == 5


def test_a_layer_without_rows_has_its_shape() -> None:
    with ActivationStore() as store:
        store.append("a", np.empty((0, 4), np.float32))
        assert store["a"].shape == (0, 4)
        assert store.n_samples == 0


def test_an_unknown_layer_is_a_key_error() -> None:
    with ActivationStore() as store, pytest.raises(KeyError):
        store["nothing"]


def test_the_temporary_folder_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with ActivationStore(memory_budget=0) as store:
        store.append("a", rows(2, 3))
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ZeroDivisionError), ActivationStore(memory_budget=0) as store:  # noqa: PT012
        store.append("a", rows(2, 3))
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_width_and_dtype_are_fixed_by_the_first_batch() -> None:
    with ActivationStore() as store:
        store.append("encoder.0", rows(2, 512))
        with pytest.raises(InputError, match=r"'encoder\.0' had 512 .* now 640.*token_mean"):
            store.append("encoder.0", rows(2, 640))
        with pytest.raises(InputError, match="float32 and is now float64"):
            store.append("encoder.0", rows(2, 512, np.float64))
        assert store["encoder.0"].shape == (2, 512)


@pytest.mark.parametrize("shape", [(3,), (3, 2, 2), (3, 0)])
def test_only_matrices_are_stored(shape: tuple[int, ...]) -> None:
    with ActivationStore() as store, pytest.raises(InputError, match="n_features"):
        store.append("a", np.zeros(shape, np.float32))


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(InputError, match="-1 bytes"):
        ActivationStore(memory_budget=-1)


def test_an_unwritable_folder_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    with (
        pytest.raises(StoreError, match=r"layer 'conv' \(800 B\) to .*inside.*spatial_mean"),
        ActivationStore(memory_budget=0, directory=file / "inside") as store,
    ):
        store.append("conv", rows(2, 100))


def test_a_full_disk_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zarr.Array, "__setitem__", full)
    with (
        pytest.raises(StoreError, match=r"conv.*800 B.*No space left on device; free some space"),
        ActivationStore(memory_budget=0, directory=tmp_path) as store,
    ):
        store.append("conv", rows(2, 100))


def test_too_little_room_is_seen_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(10_000, 0, 10_000))
    with ActivationStore(memory_budget=1000, directory=tmp_path) as store:
        store.append("conv", rows(2, 100))
        store.ensure_room(2)
        store.ensure_room(25)
        with pytest.raises(
            StoreError, match=r"100 samples of 1 layers need 39.1 KiB.*room for 9.8 KiB"
        ):
            store.ensure_room(100)


def test_a_directory_must_have_room_for_all_layers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: DiskUsage(10_000, 0, 10_000))
    with ActivationStore(directory=tmp_path) as store:
        store.append("fc", rows(2, 50))
        store.append("conv", rows(2, 100))
        assert store.without_room(10) == frozenset()
        assert store.without_room(20) == {"conv"}
        with pytest.raises(
            StoreError, match=r"100 samples of 2 layers need 58.6 KiB; /.* has room"
        ):
            store.ensure_room(100)


@pytest.mark.parametrize("dtype", [object, np.complex64, "datetime64[s]", "<U3", np.longdouble])
def test_only_real_numbers_are_stored(dtype: Any) -> None:
    with (
        ActivationStore() as store,
        pytest.raises(InputError, match=r"'a': .* cannot be stored: give real numbers"),
    ):
        store.append("a", np.zeros((2, 3), dtype))


def test_a_closed_store_takes_no_more() -> None:
    store = ActivationStore()
    store.append("a", rows(2, 3))
    store.close()
    store.close()
    with pytest.raises(InputError, match="the store is closed"):
        store.append("a", rows(2, 3))
