"""Where layers go: to memory while they fit, then to disk while it has room, else nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Placement(NamedTuple):
    """The layers that go to disk, and those for which there is no room at all."""

    on_disk: frozenset[str]
    nowhere: frozenset[str]


def place_layers(sizes: Mapping[str, int], memory: int, disk: float) -> Placement:
    """Send the largest layers to disk until the others fit in memory.

    While the layers for the disk exceed its room, the largest of all is given up.

    Parameters
    ----------
    sizes
        Bytes of each layer.
    memory, disk
        Bytes that there is room for.

    Examples
    --------
    >>> place_layers({"a": 9, "b": 5, "c": 1}, memory=3, disk=6)
    Placement(on_disk=frozenset({'b'}), nowhere=frozenset({'a'}))
    """
    largest_first = sorted(sizes, key=lambda name: (sizes[name], name), reverse=True)
    for n_given_up in range(len(largest_first) + 1):
        left = largest_first[n_given_up:]
        held = sum(sizes[name] for name in left)
        n_spilled = 0
        while held > memory:
            held -= sizes[left[n_spilled]]
            n_spilled += 1
        if sum(sizes[name] for name in left[:n_spilled]) <= disk:
            break
    return Placement(frozenset(left[:n_spilled]), frozenset(largest_first[:n_given_up]))
