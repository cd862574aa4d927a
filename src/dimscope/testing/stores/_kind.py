"""What the checks of stores share: how stores are made, the layers in them, what must come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dimscope.errors import InputError
from dimscope.testing.checks import require


@dataclass(frozen=True)
class StoreKind:
    """How stores of one kind are made, and how they are opened again.

    Attributes
    ----------
    make
        Makes a new store, given a folder that is empty.
    reopen
        Gives the layers that a closed store has left in its folder, as a mapping; None for stores
        that leave nothing.
    """

    make: Callable[[Path], Any]
    reopen: Callable[[Path], Mapping[str, Any]] | None = None

    def reopened(self, folder: Path) -> Mapping[str, Any]:
        """What is in a folder."""
        if self.reopen is None:
            raise InputError("this kind of store cannot be opened again: give reopen=")
        return self.reopen(folder)


#: Rows of each layer below, more than two batches.
N_ROWS = 11


def _made() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "narrow": rng.normal(size=(N_ROWS, 24)).astype(np.float32),
        "wide": rng.normal(size=(N_ROWS, 9_000)),
    }


#: A layer that fits anywhere, and one that takes several chunks on disk.
LAYERS = _made()


@contextmanager
def empty_folder() -> Iterator[Path]:
    """A folder for one store, removed afterwards."""
    with TemporaryDirectory(prefix="check-store-") as folder:
        yield Path(folder)


def fill(store: Any, layers: Mapping[str, np.ndarray]) -> None:
    """Append layers by batches of four rows, taking turns."""
    for start in range(0, N_ROWS, 4):
        for name, rows in layers.items():
            store.append(name, rows[start : start + 4])


def require_layers(store: Mapping[str, Any], layers: Mapping[str, np.ndarray], when: str) -> None:
    """Fail the check unless a store gives layers back as they are, to the bit."""
    for name, want in layers.items():
        found = np.asarray(store[name][:])
        require(found.dtype == want.dtype, f"layer {name!r} is {found.dtype}, {want.dtype} {when}")
        require(found.shape == want.shape, f"layer {name!r} has shape {found.shape} {when}")
        same = np.ascontiguousarray(found).tobytes() == np.ascontiguousarray(want).tobytes()
        require(same, f"layer {name!r} holds other numbers {when}")
