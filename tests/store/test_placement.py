"""The largest layers go to disk, and beyond its room they are given up."""

from __future__ import annotations

import pytest

from dimscope.store import place_layers

SIZES = {"a": 9, "b": 5, "c": 1}


@pytest.mark.parametrize(
    ("memory", "disk", "on_disk", "nowhere"),
    [
        (15, 0, "", ""),
        (14, 9, "a", ""),
        (5, 14, "ab", ""),
        (0, 15, "abc", ""),
        (5, 13, "b", "a"),  # with a given up, b goes: b and c together exceed the memory
        (6, 8, "", "a"),
        (0, 4, "c", "ab"),
        (0, 0, "", "abc"),
    ],
)
def test_layers_are_placed(memory: int, disk: int, on_disk: str, nowhere: str) -> None:
    placed = place_layers(SIZES, memory, disk)
    assert (placed.on_disk, placed.nowhere) == (frozenset(on_disk), frozenset(nowhere))


@pytest.mark.parametrize("memory", range(16))
def test_what_is_kept_fits(memory: int) -> None:
    for disk in range(16):
        placed = place_layers(SIZES, memory, disk)
        in_memory = SIZES.keys() - placed.on_disk - placed.nowhere
        assert sum(SIZES[name] for name in in_memory) <= memory
        assert sum(SIZES[name] for name in placed.on_disk) <= disk


def test_no_layers_need_no_room() -> None:
    assert place_layers({}, 0, 0) == (frozenset(), frozenset())
