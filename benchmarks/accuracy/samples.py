"""The points that every estimator is given: sets of known dimension, drawn and kept in files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dimscope import manifolds


@dataclass(frozen=True)
class Sample:
    """Points of one set that every estimator is given."""

    set: str
    n: int
    seed: int

    def points(self) -> np.ndarray:
        return manifold(self.set).sample(self.n, self.seed)

    def file(self, folder: Path) -> Path:
        """The points in a file, which is made if it is not there."""
        path = folder / f"{self.set}-{self.n}-{self.seed}.npy"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{os.getpid()}.npy")  # another run may make it too
            np.save(part, self.points())
            part.replace(path)
        return path


def manifold(name: str) -> manifolds.Manifold:
    """A set of the benchmark, or one that is held out, by its name."""
    kind, parameters = manifolds.HELD_OUT.get(name, (name, {}))
    return manifolds.make_manifold(kind, **parameters)


def dimensions(names: Sequence[str]) -> dict[str, float]:
    """The dimension of each set that has one everywhere."""
    known = {name: manifold(name).dimension for name in names}
    return {name: d for name, d in known.items() if d is not None}
