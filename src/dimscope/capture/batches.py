"""Data of any form as a stream of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dimscope.capture.binding import is_array
from dimscope.capture.form import Form
from dimscope.capture.tensors import map_leaves
from dimscope.errors import InputError


@dataclass(frozen=True)
class Batch:
    """Samples that go through the network together.

    Attributes
    ----------
    content
        The batch as the data gave it.
    n_samples
        How many samples it holds: the first dimension of its inputs, or the items of a list.
    labels
        A label for each sample, if it has them.
    form
        What its entries are.
    mask
        Which tokens are real, (n_samples, n_tokens), if that was given beside the data.
    """

    content: Any
    n_samples: int
    labels: np.ndarray | None
    form: Form = field(default_factory=Form)
    mask: Tensor | None = None

    @classmethod
    def of(cls, content: Any, form: Form | None = None) -> Batch:
        """``content`` as a batch.

        Raises
        ------
        InputError
            If its inputs hold no tensor or array, or their numbers of samples differ.
        """
        form = form or Form()
        n_samples = form.n_samples(content)
        return cls(content, n_samples, form.labels(content, n_samples), form)

    @property
    def inputs(self) -> Any:
        """What the network gets: `content` without labels."""
        return self.form.inputs(self.content)

    @property
    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The inputs as positional and keyword arguments of the network."""
        inputs = self.inputs
        if self.form.rows != "columns":
            return (inputs,), {}
        if isinstance(inputs, Mapping):
            return (), dict(inputs)
        return (tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)), {}

    @property
    def named_inputs(self) -> dict[str, Any]:
        """The inputs by the names of the network's parameters, as far as these are known."""
        args, kwargs = self.arguments
        names = self.form.places.names if self.form.places is not None else ()
        return dict(zip(names, args, strict=False)) | kwargs

    @property
    def samples(self) -> tuple[Any, ...]:
        """The inputs: at once, or one after the other where they are the items of a list."""
        return (self.inputs,) if self.form.rows == "columns" else tuple(self.inputs)

    def take(self, rows: slice | list[int]) -> Batch:
        """The batch of the given samples only."""

        def pick(leaf: Any) -> Any:
            is_column = is_array(leaf) and leaf.ndim > 0 and len(leaf) == self.n_samples
            return leaf[rows] if is_column else leaf

        places = np.arange(self.n_samples)[rows]
        return replace(
            self,
            content=self._picked(places, pick),
            n_samples=len(places),
            labels=pick(self.labels),
            mask=pick(self.mask),
        )

    def _picked(self, places: np.ndarray, pick: Callable[[Any], Any]) -> Any:
        def items_of(entry: Any) -> Any:
            if isinstance(entry, list | tuple) and len(entry) == self.n_samples:
                return type(entry)(entry[place] for place in places)
            return pick(entry)

        if self.form.rows == "columns":
            return map_leaves(self.content, pick)
        if self.form.rows == "items":
            return items_of(self.content)
        return type(self.content)(map(items_of, self.content))

    def as_tensors(self) -> Batch:
        """The batch with its arrays as tensors."""
        content = map_leaves(
            self.content, lambda leaf: _from_numpy(leaf) if isinstance(leaf, np.ndarray) else leaf
        )
        return replace(self, content=content)

    def copy_to(self, device: torch.device | None, dtype: torch.dtype | None) -> Batch:
        """Copy the batch, so that a network may overwrite it; floats become ``dtype``.

        None keeps the device or the type that a tensor has.
        """

        def copy(leaf: Any) -> Any:
            if not isinstance(leaf, Tensor):
                return leaf
            kind = dtype if dtype and leaf.is_floating_point() else leaf.dtype
            return leaf.to(device=device or leaf.device, dtype=kind, copy=True)

        return replace(self, content=map_leaves(self.content, copy))


def read_batches(
    data: Any,
    batch_size: int,
    n_samples: int | None = None,
    form_of: Callable[[Any], Form] = Form.of,
) -> Iterator[Batch]:
    """Batches of the data, in its own order, up to ``n_samples`` samples.

    Parameters
    ----------
    data
        A DataLoader or other iterable of batches; a Dataset; or all samples at once: a tensor or
        array, a tuple ``(inputs, labels)``, a dict of tensors. `readings.settled` makes one of
        these of a list.
    batch_size
        Samples in a batch, where the data does not come in batches of its own.
    n_samples
        Samples to read; None reads all.
    form_of
        Finds the form of the batches, from the first.

    Raises
    ------
    InputError
        If the data is none of these, has fewer samples, or a batch cannot be understood.
    """
    left = n_samples
    for batch in _batches(data, batch_size, form_of):
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
    if is_whole(data):
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


def is_whole(data: Any) -> bool:
    """Whether ``data`` are all samples at once."""
    return isinstance(data, Tensor | np.ndarray | tuple | Mapping)


def _batches(data: Any, batch_size: int, form_of: Callable[[Any], Form]) -> Iterator[Batch]:
    if is_whole(data):
        whole = Batch.of(data, form_of(data))
        starts = range(0, whole.n_samples, batch_size)
        return (whole.take(slice(start, start + batch_size)) for start in starts)
    if _is_dataset(data):
        return _of_one_form(_collated(data, batch_size), form_of)
    if isinstance(data, Iterable) and not isinstance(data, str | bytes):
        return _of_one_form(data, form_of)
    raise InputError(
        f"cannot read data of type {type(data).__name__}: give a DataLoader or other iterable of "
        "batches, a Dataset, a tensor or array, a tuple (inputs, labels), or a dict of tensors"
    )


def _of_one_form(contents: Iterable[Any], form_of: Callable[[Any], Form]) -> Iterator[Batch]:
    form: Form | None = None
    for content in contents:
        form = form_of(content) if form is None else form
        yield Batch.of(content, form)


def _collated(data: Any, batch_size: int) -> Iterator[Any]:
    batches = iter(DataLoader(data, batch_size=batch_size))
    while True:
        try:
            yield next(batches)
        except StopIteration:
            return
        except RuntimeError as error:
            if "stack expects" not in str(error):
                raise
            raise InputError(
                f"the samples cannot be stacked to a batch, as their shapes differ ({error}): make "
                "them equal, or give a DataLoader with a collate_fn that pads them and a mask"
            ) from error


def _is_dataset(data: Any) -> bool:
    # datasets of Hugging Face are no torch Dataset, but have the method that torch fetches by
    return isinstance(data, Dataset) or hasattr(data, "__getitems__")


def _from_numpy(array: np.ndarray) -> Tensor:
    try:
        return torch.from_numpy(np.array(array, order="C"))  # copied, as it may be read-only
    except TypeError as error:
        raise InputError(f"an array of {array.dtype} cannot become a tensor: {error}") from error
