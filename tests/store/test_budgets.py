"""Budgets in bytes or as sizes, checked, and a store that keeps within them."""

from __future__ import annotations

import dataclasses
import shutil
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dimscope.errors import InputError, InputTypeError, StoreError
from dimscope.store import ActivationStore, Budgets

ROWS = np.ones((10, 100), dtype=np.float32)  # 4000 bytes


def test_by_default_a_gibibyte_of_memory_and_all_free_space() -> None:
    assert Budgets() == Budgets(memory=2**30, disk=None)
    store = Budgets().store()
    assert (store.memory_budget, store.disk_budget) == (2**30, None)


@pytest.mark.parametrize(
    ("memory", "disk", "expected"),
    [
        ("2KiB", "1 MB", Budgets(memory=2048, disk=10**6)),
        (7, "0", Budgets(memory=7, disk=0)),
        ("1GiB", None, Budgets()),
        (np.int64(5), np.int64(6), Budgets(memory=5, disk=6)),
    ],
)
def test_sizes_and_bytes(memory: Any, disk: Any, expected: Budgets) -> None:
    assert Budgets.of(memory, disk) == expected


@pytest.mark.parametrize("make", [Budgets, Budgets.of])
@pytest.mark.parametrize("name", ["memory", "disk"])
def test_a_negative_budget_is_named(make: Any, name: str) -> None:
    with pytest.raises(InputError, match=f"^{name}_budget is -1 bytes: it must be 0 or more$"):
        make(**{"memory": 0, name: -1})


@pytest.mark.parametrize("name", ["memory", "disk"])
def test_a_size_that_cannot_be_read(name: str) -> None:
    with pytest.raises(InputError, match="cannot read 'much' as a size"):
        Budgets.of(**{"memory": 0, name: "much"})


@pytest.mark.parametrize("name", ["memory", "disk"])
def test_text_is_no_number_of_bytes(name: str) -> None:
    message = f"^{name}_budget='2GiB' must be a number of bytes: parse_size"
    with pytest.raises(InputTypeError, match=message):
        Budgets(**{name: "2GiB"})  # type: ignore[arg-type]
    with pytest.raises(InputTypeError, match=message):
        ActivationStore(**{f"{name}_budget": "2GiB"})  # type: ignore[arg-type]


def test_they_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Budgets().memory = 1  # type: ignore[misc]


def test_what_exceeds_the_memory_goes_to_disk() -> None:
    with Budgets(memory=5000).store() as store:
        store.append("a", ROWS)
        assert store.on_disk == set()
        store.append("a", ROWS)
        assert store.on_disk == {"a"}
        assert store.nbytes_in_memory <= 5000


def test_what_exceeds_the_disk_too_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**9))
    with Budgets(memory=5000, disk=8000).store() as store:
        store.append("a", ROWS)
        store.ensure_room(20)
        with pytest.raises(StoreError, match=r"room for 7\.8 KiB"):
            store.ensure_room(30)
