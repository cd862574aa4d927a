"""A chunk that is lost or damaged raises an error whenever it is read; nothing is filled in."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dimscope import ParticipationRatio, TwoNN
from dimscope.errors import StoreError
from dimscope.store import ActivationStore

X = np.random.default_rng(0).standard_normal((700, 9000)).astype(np.float32)
LOST = r"chunk c/0/1 of layer 'conv' .*: its numbers are lost; "


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary stores are made."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def fill(store: ActivationStore) -> None:
    for start in range(0, 700, 100):
        store.append("conv", X[start : start + 100])


def chunk(parent: Path) -> Path:
    (found,) = parent.rglob("conv.zarr/c/0/1")
    return found


def flip(path: Path) -> None:
    """Change one bit."""
    values = bytearray(path.read_bytes())
    values[len(values) // 2] ^= 4
    path.write_bytes(values)


def exchange(path: Path) -> None:
    """Put the chunk beside it in its place."""
    path.write_bytes(path.with_name("0").read_bytes())


DAMAGE = {
    "lost": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"0000"),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "flipped": flip,
    "exchanged": exchange,
}
DAMAGED = pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)


@DAMAGED
@pytest.mark.parametrize("budget", [0, 2**22], ids=["on disk at once", "spilled later"])
def test_of_a_temporary_store(parent: Path, damage: Callable[[Path], None], budget: int) -> None:
    with ActivationStore(memory_budget=budget) as store:
        fill(store)
        layer = store["conv"]
        np.testing.assert_array_equal(layer[:], X)
        damage(chunk(parent))
        np.testing.assert_array_equal(layer[:, :2048], X[:, :2048])  # another chunk
        for part in (np.s_[:], np.s_[0, 5500], np.s_[3:5, 5000:6000]):
            with pytest.raises(StoreError, match=LOST + "measure again"):
                layer[part]


@DAMAGED
def test_of_a_store_that_is_opened_again(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    with ActivationStore(directory=tmp_path) as store:
        fill(store)
    layer = ActivationStore.open(tmp_path)["conv"]
    damage(chunk(tmp_path))
    with pytest.raises(StoreError, match=LOST + "write the store again"):
        layer[:]
    with pytest.raises(StoreError, match=LOST + "write the store again"):
        ActivationStore.open(tmp_path)["conv"][:]


@pytest.mark.parametrize("method", [TwoNN(), ParticipationRatio()])
@pytest.mark.parametrize("damage", [Path.unlink, flip], ids=["lost", "flipped"])
def test_no_dimension_comes_of_it(
    parent: Path, method: TwoNN | ParticipationRatio, damage: Callable[[Path], None]
) -> None:
    """Once, a lost chunk was read as zeros and gave another dimension without a word."""
    with ActivationStore(memory_budget=0) as store:
        fill(store)
        layer = store["conv"]
        damage(chunk(parent))
        with pytest.raises(StoreError, match="of layer 'conv'"):
            method.fit(layer)


def test_rows_are_not_added_to_a_damaged_chunk(parent: Path) -> None:
    """Zarr reads a chunk that is not full, to write it with more rows."""
    with ActivationStore(memory_budget=0) as store:
        store.append("conv", X[:100])
        store.append("conv", X[100:103])
        assert store["conv"].shape == (103, 9000)
        (last,) = parent.rglob("conv.zarr/c/1/1")
        flip(last)
        with pytest.raises(StoreError, match="chunk c/1/1 of layer 'conv' is not as it was"):
            store.append("conv", X[103:105])


def test_an_array_that_is_sent_to_another_process_is_checked_there(tmp_path: Path) -> None:
    with ActivationStore(directory=tmp_path) as store:
        fill(store)
    sent = pickle.loads(pickle.dumps(ActivationStore.open(tmp_path)["conv"]))
    np.testing.assert_array_equal(sent[:], X)
    flip(chunk(tmp_path))
    with pytest.raises(StoreError, match=LOST):
        sent[:]
