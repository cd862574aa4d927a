"""Layers for the tests of stores, and a directory with two of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dimscope.store import ActivationStore

RNG = np.random.default_rng(0)
SMALL = RNG.standard_normal((10, 3)).astype(np.float32)
WIDE = RNG.standard_normal((10, 9000)).astype(np.float16)


def rows(n: int, n_features: int, dtype: Any = np.float32) -> np.ndarray:
    return RNG.standard_normal((n, n_features)).astype(dtype)


def fill(store: ActivationStore, name: str, array: np.ndarray, batch: int) -> None:
    for start in range(0, len(array), batch):
        store.append(name, array[start : start + batch])


def written(directory: Path, memory_budget: int = 2**30) -> Path:
    with ActivationStore(memory_budget=memory_budget, directory=directory) as store:
        for start in range(0, 10, 4):
            store.append("fc", SMALL[start : start + 4])
            store.append("block/0#2:hidden", WIDE[start : start + 4])
        store.attributes |= {"model": "lenet", "n_seen": np.int64(10), "accuracy": 0.5}
    return directory
