"""A directory of activations is read back as it was written, or refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored_layers import SMALL, WIDE, written

from dimscope.errors import StoreError
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


def change(directory: Path, **fields: Any) -> None:
    path = directory / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


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
