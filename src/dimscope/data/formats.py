"""Decoders of the benchmark data sets' published file formats.

Each is called as ``reader(folder, split)`` with a split of ``"train"`` or ``"test"``, and gives the
same canonical arrays whichever package or site the files came from.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from dimscope.io import read_pickled_arrays

Pixels = npt.NDArray[np.uint8]


class LabelledImages(NamedTuple):
    """Images of shape (n, height, width, channels) and labels of shape (n,), all uint8."""

    images: Pixels
    labels: Pixels


def read_idx(folder: Path, split: str) -> LabelledImages:
    """Read MNIST's own format, gzipped or not: idx files of images and of labels."""
    prefix = {"train": "train", "test": "t10k"}[split]
    images = _read_idx_file(folder / f"{prefix}-images-idx3-ubyte")
    return LabelledImages(images[..., None], _read_idx_file(folder / f"{prefix}-labels-idx1-ubyte"))


def _read_idx_file(path: Path) -> Pixels:
    packed = path.with_name(f"{path.name}.gz")
    content = path.read_bytes() if path.is_file() else gzip.decompress(packed.read_bytes())
    n_axes = content[3]
    shape = np.frombuffer(content, ">u4", count=n_axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * n_axes).reshape(shape)


def _cifar_batches(split: str) -> list[str]:
    return ["test_batch"] if split == "test" else [f"data_batch_{i}" for i in range(1, 6)]


def _from_planes(rows: Pixels, labels: Pixels) -> LabelledImages:
    """Turn rows of 3,072 bytes, one colour plane after the other, into images."""
    images = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return LabelledImages(np.ascontiguousarray(images), labels)


def read_cifar_binary(folder: Path, split: str) -> LabelledImages:
    """Read CIFAR-10's binary version: records of a label and 3,072 bytes."""
    batches = [(folder / f"{name}.bin").read_bytes() for name in _cifar_batches(split)]
    records = np.frombuffer(b"".join(batches), np.uint8).reshape(-1, 3073)
    return _from_planes(records[:, 1:], records[:, 0].copy())


def read_cifar_python(folder: Path, split: str) -> LabelledImages:
    """Read CIFAR-10's Python version: pickled dictionaries, without running what they name."""
    rows: list[Pixels] = []
    labels: list[int] = []
    for name in _cifar_batches(split):
        batch = read_pickled_arrays(folder / name, encoding="latin1")
        rows.append(batch["data"])
        labels += batch["labels"]
    return _from_planes(np.concatenate(rows), np.array(labels, np.uint8))


def read_cifar_png(folder: Path, split: str) -> LabelledImages:
    """Read the npm package's version: a PNG per batch, an image in each of its rows."""
    batches = []
    for name in _cifar_batches(split):
        with Image.open(folder / f"{name}.png") as picture:
            batches.append(np.asarray(picture.convert("RGB")).reshape(-1, 32, 32, 3))
    labels = json.loads((folder / f"{split}_lables.json").read_text())  # spelt so in the package
    return LabelledImages(np.concatenate(batches), np.array(labels, np.uint8))
