from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from dimscope.data import catalog
from dimscope.data.benchmarks import Benchmark, Source
from dimscope.data.cache import digest
from dimscope.data.formats import LabelledImages, read_idx

PREFIXES = {"train": "train", "test": "t10k"}


@pytest.fixture(autouse=True)
def _no_place_of_this_computer(tmp_path, monkeypatch):
    """Neither the user's cache nor ./data of the checkout may decide a test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIMSCOPE_DATA", str(tmp_path / "cache"))


def write_npz(path, **arrays):
    """Save the arrays, and return the name that loads them."""
    np.savez(path, **arrays)
    return f"npz:{path}"


def toy(split):
    rng = np.random.default_rng(["train", "test"].index(split))
    images = rng.integers(0, 256, (6, 5, 4, 1), dtype=np.uint8)
    return LabelledImages(images, np.arange(6, dtype=np.uint8) % 3)


def write_idx(folder, *, packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for split, prefix in PREFIXES.items():
        data = toy(split)
        for kind, values in (("images-idx3", data.images[..., 0]), ("labels-idx1", data.labels)):
            header = struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
            content = header + values.tobytes()
            name = f"{prefix}-{kind}-ubyte{'.gz' if packed else ''}"
            (folder / name).write_bytes(gzip.compress(content) if packed else content)


class FakeSource:
    """Counts its fetches, and fails or delivers damaged files when told to."""

    def __init__(self, *, error=None, damaged=False):
        self.n_fetches, self.error, self.damaged = 0, error, damaged

    def __call__(self, folder):
        self.n_fetches += 1
        if self.error is not None:
            raise self.error
        write_idx(folder / "inside")
        if self.damaged:
            images = folder / "inside" / "t10k-images-idx3-ubyte"
            images.write_bytes(images.read_bytes()[:-1] + b"\0")


@pytest.fixture
def benchmark_of(monkeypatch):
    """Register a small data set called ``toy`` that has the given sources."""

    def make(*sources):
        benchmark = Benchmark(
            name="toy",
            credit="Toy (nobody; CC0)",
            classes=("a", "b", "c"),
            shape=(5, 4, 1),
            sizes=dict.fromkeys(PREFIXES, 6),
            digests={split: digest(toy(split)) for split in PREFIXES},
            places=(("Toy/raw", read_idx),),
            sources=tuple(
                Source(f"source {i}", source, "inside", read_idx)
                for i, source in enumerate(sources, start=1)
            ),
            by_hand="Put it in {folder}/Toy/raw",
        )
        monkeypatch.setitem(catalog.BENCHMARKS, "toy", benchmark)
        return benchmark

    return make
