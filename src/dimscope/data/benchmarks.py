"""Finding a benchmark data set: in the cache, on this computer, or from its sources in order."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dimscope.data.cache import VARIABLE, cache_folder, digest, read_cached, write_cached
from dimscope.data.fetch import Fetch
from dimscope.data.formats import LabelledImages
from dimscope.data.named import ArrayItems, NamedData, number_of, require_drawable
from dimscope.errors import DataError, InputError

Reader = Callable[[Path, str], LabelledImages]
Notify = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """One way of fetching a data set.

    Parameters
    ----------
    label
        What to call it, with its licence where it states one.
    fetch
        Puts the files below an empty folder.
    folder
        Folder of the data set's files, relative to that one.
    read
        Decodes them.
    """

    label: str
    fetch: Fetch
    folder: str
    read: Reader


@dataclass(frozen=True)
class Benchmark:
    """A published data set of images with a training and a test split.

    Parameters
    ----------
    name
        Its name here.
    credit
        Its full name, authors and licence.
    classes
        Names of the classes in the order of their labels.
    shape
        Height, width and channels of an image. Bytes alone do not tell it.
    sizes
        Number of images, by split.
    digests
        SHA-256 of the decoded images followed by the labels, by split.
    places
        Folders that may hold it already, relative to the cache and to ``./data`` (or absolute),
        each with its reader.
    sources
        Ways of fetching it; the first that works is used.
    by_hand
        What a user can do when all of them fail; ``{folder}`` stands for the cache folder.
    """

    name: str
    credit: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    sizes: Mapping[str, int]
    digests: Mapping[str, str]
    places: tuple[tuple[str, Reader], ...]
    sources: tuple[Source, ...]
    by_hand: str

    def check(self, split: str, class_name: str | int | None, n_samples: int | None) -> None:
        """Refuse samples that it does not have; nothing is read.

        Raises
        ------
        InputError
            If there is no such split or class, or the split has fewer images.
        """
        if split not in self.digests:
            raise InputError(
                f"{self.name} has no split {split!r}; choose {' or '.join(self.digests)}"
            )
        if class_name is not None:
            numbers = {name: number for number, name in enumerate(self.classes)}
            number_of(class_name, numbers, self.name)
        if n_samples is not None:
            require_drawable(n_samples, self.sizes[split], self.name)


def load_benchmark(
    benchmark: Benchmark, *, split: str, cache: str | Path | None, notify: Notify
) -> NamedData:
    """Find, verify and wrap one split of a benchmark data set.

    Parameters
    ----------
    benchmark
        Which one.
    split
        ``"train"`` or ``"test"``.
    cache
        The cache folder; None for the user's own.
    notify
        Receives one line before anything that takes long.

    Raises
    ------
    DataError
        If the data can be neither found nor fetched, or fail their checksum.
    """
    data, origin = _find(benchmark, split, cache_folder(cache), notify)
    images = torch.from_numpy(np.require(data.images, requirements="W"))
    labels = data.labels.astype(np.int64)
    return NamedData(
        name=benchmark.name,
        origin=f"{benchmark.credit}, {split} split; {origin}; checksum verified",
        items=ArrayItems(values=images.permute(0, 3, 1, 2), labels=labels),
        classes=benchmark.classes,
        labels=labels,
    )


def _find(
    benchmark: Benchmark, split: str, folder: Path, notify: Notify
) -> tuple[LabelledImages, str]:
    failures: list[str] = []
    for label, read in _at_hand(benchmark, split, folder):
        try:
            data, origin = read()
            return _verified(data, benchmark, split), origin
        except Exception as error:  # a decoder may raise anything on a damaged file
            failures.append(f"{label} ({error})")
            notify(f"{label} cannot be used: {error}")
    for source in benchmark.sources:
        notify(f"fetching {benchmark.name} from {source.label}")
        try:
            splits = _fetched(source, benchmark)
        except Exception as error:  # as above, and a server may send anything
            failures.append(f"{source.label} ({error})")
            continue
        origin = f"from {source.label}"
        for name, data in splits.items():
            write_cached(_cache_file(folder, benchmark, name), data, origin)
        return splits[split], origin
    raise DataError(
        f"{benchmark.name} could be neither found nor fetched; tried: {'; '.join(failures)}. "
        f"{benchmark.by_hand.format(folder=folder)}, or set {VARIABLE} to a folder that has it"
    )


def _at_hand(
    benchmark: Benchmark, split: str, folder: Path
) -> Iterator[tuple[str, Callable[[], tuple[LabelledImages, str]]]]:
    """Yield each copy on this computer: its label, and the function that reads it."""
    cached = _cache_file(folder, benchmark, split)
    if cached.is_file():
        yield str(cached), partial(read_cached, cached)
    for place, reader in benchmark.places:
        for path in dict.fromkeys((folder / place, Path("data") / place)):
            if path.is_dir():
                yield str(path), partial(_read_place, reader, path, split)


def _read_place(reader: Reader, path: Path, split: str) -> tuple[LabelledImages, str]:
    return reader(path, split), f"read from {path}"


def _cache_file(folder: Path, benchmark: Benchmark, split: str) -> Path:
    return folder / f"{benchmark.name}-{split}.npz"


def _fetched(source: Source, benchmark: Benchmark) -> dict[str, LabelledImages]:
    """Fetch and verify every split."""
    with tempfile.TemporaryDirectory(prefix="dimscope-") as scratch:
        source.fetch(Path(scratch))
        files = Path(scratch) / source.folder
        return {
            split: _verified(source.read(files, split), benchmark, split)
            for split in benchmark.digests
        }


def _verified(data: LabelledImages, benchmark: Benchmark, split: str) -> LabelledImages:
    """Return the data if they are the published ones: their types, shapes and bytes."""
    n_samples = data.labels.size
    _check_form(f"the images of its {split} split", data.images, (n_samples, *benchmark.shape))
    _check_form(f"the labels of its {split} split", data.labels, (n_samples,))
    found, expected = digest(data), benchmark.digests[split]
    if found != expected:
        raise DataError(
            f"the SHA-256 of its {split} split is {found[:12]}..., not {expected[:12]}..."
        )
    return data


def _check_form(what: str, values: npt.NDArray[Any], shape: tuple[int, ...]) -> None:
    if values.dtype != np.uint8 or values.shape != shape:
        raise DataError(f"{what} are {values.dtype} of shape {values.shape}, not uint8 of {shape}")
