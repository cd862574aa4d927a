"""A directory of activations is read back as it was written, or refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored_layers import SMALL, WIDE, written

from dimscope.errors import InputError, StoreError
from dimscope.store import ActivationStore, SavedActivations


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


def as_version_0_1_wrote_it(directory: Path, **fields: Any) -> None:
    """Take away the checksums, and change some fields."""
    path = directory / "store.json"
    document = json.loads(path.read_text()) | {"schema": 1} | fields
    del document["checksum"]
    for layer in document["layers"]:
        del layer["checksums"]
    path.write_text(json.dumps(document))


def test_a_layer_that_is_missing_is_named(tmp_path: Path) -> None:
    (written(tmp_path) / "fc.zarr" / "zarr.json").unlink()
    with pytest.raises(StoreError, match=r"zarr\.json of layer 'fc' is missing in"):
        ActivationStore.open(tmp_path)


def test_a_layer_of_another_shape_is_named(tmp_path: Path) -> None:
    layers = json.loads((written(tmp_path) / "store.json").read_text())["layers"]
    layers[0]["shape"] = [10, 4]
    as_version_0_1_wrote_it(tmp_path, layers=layers)
    with pytest.raises(
        StoreError, match=r"layer 'fc' is float32 of shape \(10, 3\) in .*\(10, 4\)"
    ):
        ActivationStore.open(tmp_path)


def test_a_store_of_version_0_1_opens_without_checksums(tmp_path: Path) -> None:
    as_version_0_1_wrote_it(written(tmp_path))
    saved = ActivationStore.open(tmp_path)
    np.testing.assert_array_equal(saved["fc"][:], SMALL)
    np.testing.assert_array_equal(saved["block/0#2:hidden"][:], WIDE)


@pytest.mark.parametrize("damage", [Path.unlink, lambda chunk: chunk.write_bytes(b"short")])
def test_a_chunk_that_it_loses_later_is_never_filled_in(tmp_path: Path, damage: Any) -> None:
    as_version_0_1_wrote_it(written(tmp_path))
    layer = ActivationStore.open(tmp_path)["fc"]
    damage(tmp_path / "fc.zarr" / "c" / "0" / "0")
    with pytest.raises(StoreError, match=r"chunk c/0/0 of layer 'fc' (is missing|has 5 bytes)"):
        layer[:]


@pytest.mark.parametrize(
    ("was", "now"), [("1", "7"), ("0.5", "0.6"), ("lenet", "lenes"), ("<f4", "<i4")]
)
def test_what_changed_in_the_manifest_is_noticed(tmp_path: Path, was: str, now: str) -> None:
    path = written(tmp_path) / "store.json"
    path.write_text(path.read_text().replace(was, now, 1))
    with pytest.raises((StoreError, InputError), match=r"store\.json|has schema"):
        ActivationStore.open(tmp_path)
