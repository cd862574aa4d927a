"""Data of any form as a stream of batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dimscope.capture.tensors import leaves, map_leaves
from dimscope.errors import InputError

_LABEL_KEYS = ("label", "labels")


@dataclass(frozen=True)
class Batch:
    """Samples that go through the network together.

    Attributes
    ----------
    content
        The batch as the data gave it.
    n_samples
        How many samples it holds: the first dimension of its inputs.
    labels
        A label for each sample, if it has them.
    """

    content: Any
    n_samples: int
    labels: np.ndarray | None

    @classmethod
    def of(cls, content: Any) -> Batch:
        """``content`` as a batch.

        Raises
        ------
        InputError
            If its inputs hold no tensor or array.
        """
        arrays = (leaf for _, leaf in leaves(_inputs(content)) if _is_array(leaf) and leaf.ndim > 0)
        first = next(arrays, None)
        if first is None:
            raise InputError(
                f"a batch of type {type(content).__name__} holds no tensor: batches are a tensor "
                "or array, (inputs, labels), or a dict of tensors"
            )
        return cls(content, len(first), _labels(content, len(first)))

    @property
    def inputs(self) -> Any:
        """What the network gets: `content` without labels."""
        return _inputs(self.content)

    @property
    def attention_mask(self) -> Tensor | None:
        """Which tokens are real, (n_samples, n_tokens), if the batch says so."""
        mask = self.inputs.get("attention_mask") if isinstance(self.inputs, Mapping) else None
        return mask if isinstance(mask, Tensor) and mask.ndim == 2 else None

    def take(self, rows: slice | list[int]) -> Batch:
        """The batch of the given samples only."""

        def pick(leaf: Any) -> Any:
            is_column = _is_array(leaf) and leaf.ndim > 0 and len(leaf) == self.n_samples
            return leaf[rows] if is_column else leaf

        n_samples = len(np.arange(self.n_samples)[rows])
        return Batch(map_leaves(self.content, pick), n_samples, pick(self.labels))

    def as_tensors(self) -> Batch:
        """The batch with its arrays as tensors."""
        content = map_leaves(
            self.content, lambda leaf: _from_numpy(leaf) if isinstance(leaf, np.ndarray) else leaf
        )
        return Batch(content, self.n_samples, self.labels)

    def copy_to(self, device: torch.device | None, dtype: torch.dtype | None) -> Batch:
        """Copy the batch, so that a network may overwrite it; floats become ``dtype``.

        None keeps the device or the type that a tensor has.
        """

        def copy(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor):
                return leaf
            kind = dtype if dtype and leaf.is_floating_point() else leaf.dtype
            return leaf.to(device=device or leaf.device, dtype=kind, copy=True)

        return Batch(map_leaves(self.content, copy), self.n_samples, self.labels)


def read_batches(data: Any, batch_size: int, n_samples: int | None = None) -> Iterator[Batch]:
    """Batches of the data, in its own order, up to ``n_samples`` samples.

    Parameters
    ----------
    data
        A DataLoader or other iterable of batches; a Dataset; or all samples at once: a tensor or
        array, a tuple ``(inputs, labels)``, a dict of tensors.
    batch_size
        Samples in a batch, where the data does not come in batches of its own.
    n_samples
        Samples to read; None reads all.

    Raises
    ------
    InputError
        If the data is none of these, has fewer samples, or a batch cannot be understood.
    """
    left = n_samples
    for batch in _batches(data, batch_size):
        part = batch.take(slice(0, left)) if left is not None else batch
        if part.n_samples > 0:
            yield part.as_tensors()
        if left is not None:
            left -= part.n_samples
            if left == 0:
                return
    if n_samples is not None and left is not None and left < n_samples:
        raise too_few_samples(n_samples, n_samples - left)


def too_few_samples(n_samples: int, found: int) -> InputError:
    """Make the error for data that have fewer samples than were asked for."""
    return InputError(
        f"n_samples is {n_samples}, but the data have {found} samples: ask for at most {found}, "
        "or give no n_samples to use all"
    )


def read_first(batches: Iterator[Batch]) -> Batch:
    """The next batch.

    Raises
    ------
    InputError
        If there is none.
    """
    first = next(batches, None)
    if first is None:
        raise InputError("the data is empty: give at least one sample")
    return first


def count_samples(data: Any) -> int | None:
    """How many samples the data holds; None if only reading it would tell."""
    if _is_whole(data):
        return Batch.of(data).n_samples
    try:
        if isinstance(data, DataLoader):
            if data.batch_size is None:
                return None
            n_samples = len(data.sampler)  # type: ignore[arg-type]
            return n_samples - n_samples % data.batch_size if data.drop_last else n_samples
        return len(data) if _is_dataset(data) else None
    except TypeError:  # a stream has no length
        return None


def _batches(data: Any, batch_size: int) -> Iterator[Batch]:
    if _is_whole(data):
        whole = Batch.of(data)
        starts = range(0, whole.n_samples, batch_size)
        return (whole.take(slice(start, start + batch_size)) for start in starts)
    if _is_dataset(data):
        return map(Batch.of, DataLoader(data, batch_size=batch_size))
    if isinstance(data, Iterable) and not isinstance(data, str | bytes):
        return map(Batch.of, data)
    raise InputError(
        f"cannot read data of type {type(data).__name__}: give a DataLoader or other iterable of "
        "batches, a Dataset, a tensor or array, a tuple (inputs, labels), or a dict of tensors"
    )


def _is_whole(data: Any) -> bool:
    return isinstance(data, Tensor | np.ndarray | tuple | Mapping)


def _is_dataset(data: Any) -> bool:
    # datasets of Hugging Face are no torch Dataset, but have the method that torch fetches by
    return isinstance(data, Dataset) or hasattr(data, "__getitems__")


def _is_array(leaf: Any) -> bool:
    return isinstance(leaf, Tensor | np.ndarray)


def _inputs(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {key: value for key, value in content.items() if key not in _LABEL_KEYS}
    return content[0] if isinstance(content, list | tuple) and content else content


def _labels(content: Any, n_samples: int) -> np.ndarray | None:
    found: Any = None
    if isinstance(content, Mapping):
        found = next((content[key] for key in _LABEL_KEYS if key in content), None)
    elif isinstance(content, list | tuple) and len(content) > 1:
        found = content[1]
    if isinstance(found, Tensor):
        found = found.detach().cpu()
    labels = np.asarray(found) if isinstance(found, Tensor | np.ndarray | list | tuple) else None
    return labels if labels is not None and labels.shape[:1] == (n_samples,) else None


def _from_numpy(array: np.ndarray) -> Tensor:
    try:
        return torch.from_numpy(np.array(array, order="C"))  # copied, as it may be read-only
    except TypeError as error:
        raise InputError(f"an array of {array.dtype} cannot become a tensor: {error}") from error
