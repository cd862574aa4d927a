"""What the checks of stores share: how a store is made, the layers in it, and how they compare."""

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
        Opens the folder of a closed store and gives its layers as a mapping; None for stores that
        leave nothing.
    """

    make: Callable[[Path], Any]
    reopen: Callable[[Path], Mapping[str, Any]] | None = None

    def reopened(self, folder: Path) -> Mapping[str, Any]:
        """Return the layers in the folder of a closed store."""
        if self.reopen is None:
            raise InputError("this kind of store cannot be opened again: give reopen=")
        return self.reopen(folder)


#: Rows of each layer below: two whole batches and a part of one.
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
    """Make a folder for one store, and remove it afterwards."""
    with TemporaryDirectory(prefix="check-store-") as folder:
        yield Path(folder)


def fill(store: Any, layers: Mapping[str, np.ndarray]) -> None:
    """Append all layers, four rows of each at a time."""
    for start in range(0, N_ROWS, 4):
        for name, rows in layers.items():
            store.append(name, rows[start : start + 4])


def require_layers(store: Mapping[str, Any], layers: Mapping[str, np.ndarray], when: str) -> None:
    """Fail the check unless a store gives layers back as they are, to the bit."""
    for name, want in layers.items():
        found = np.asarray(store[name][:])
        require(
            found.dtype == want.dtype, f"layer {name!r} is {found.dtype}, not {want.dtype}, {when}"
        )
        require(
            found.shape == want.shape,
            f"layer {name!r} has shape {found.shape}, not {want.shape}, {when}",
        )
        same = np.ascontiguousarray(found).tobytes() == np.ascontiguousarray(want).tobytes()
        require(same, f"layer {name!r} holds other numbers {when}")
