"""Rows of a layer go to disk in whole chunks, and few of them wait in memory."""

from __future__ import annotations

import zarr
from stored_layers import fill, rows

from dimscope.store import ActivationStore


def test_the_buffer_of_small_batches_stays_within_the_budget() -> None:
    budget = 2**20
    with ActivationStore(memory_budget=budget) as store:
        for _ in range(40):
            store.append("wide", rows(1, 20_000))
            assert store.nbytes_in_memory <= budget
        assert store["wide"].shape == (40, 20_000)


def test_ordinary_batches_fill_whole_chunks() -> None:
    with ActivationStore(memory_budget=0) as store:
        fill(store, "conv", rows(96, 5000), 32)
        array = store["conv"]
        assert isinstance(array, zarr.Array)
        assert array.chunks[0] % 32 == 0
        assert array.chunks[1] >= 4096
