"""A data set that knows its name, its origin and its labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast, final

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset, Subset

from dimscope.errors import InputError

Labels = npt.NDArray[np.int64]


class Items(Protocol):
    """Anything map-style: a length, and an item for each index."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class ArrayItems:
    """Rows of a tensor in memory, with their labels where they are known.

    Parameters
    ----------
    values
        Tensor of shape (n_samples, ...).
    labels
        Integers of shape (n_samples,), or None.
    """

    values: torch.Tensor
    labels: Labels | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Any:
        value = self.values[index].contiguous()
        return value if self.labels is None else (value, int(self.labels[index]))


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class NamedData(Dataset[Any]):
    """A map-style torch data set with a name, an origin, and labels where they are known.

    An item is ``(tensor, label)``, or the tensor alone where labels are unknown. Images are uint8
    tensors of shape (channels, height, width): raw pixels, not normalised.

    Parameters
    ----------
    name
        The name it was loaded by.
    origin
        One line: where the data came from, and their licence.
    items
        What holds the items.
    classes
        Names of the classes in the order of their labels, or None.
    labels
        Integers of shape (n_samples,), or None.
    transform
        Applied to the tensor of an item, not to its label.

    Examples
    --------
    >>> data = NamedData(name="x", origin="made here", items=ArrayItems(values=torch.ones(3, 2)))
    >>> len(data), data.transformed(lambda x: 2 * x)[0]
    (3, tensor([2., 2.]))
    """

    name: str
    origin: str
    items: Items
    classes: tuple[str, ...] | None = None
    labels: Labels | None = None
    transform: Callable[[Any], Any] | None = None

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        item = self.items[index]
        if self.transform is None:
            return item
        if isinstance(item, tuple | list):
            return (self.transform(item[0]), *item[1:])
        return self.transform(item)

    def transformed(self, transform: Callable[[Any], Any]) -> NamedData:
        """Apply ``transform`` to the tensor of every item, after any earlier transform."""
        first = self.transform
        both = transform if first is None else lambda value: transform(first(value))
        return replace(self, transform=both)

    def take(self, indices: npt.NDArray[np.intp]) -> NamedData:
        """Keep the items at ``indices``, in that order.

        Parameters
        ----------
        indices
            Integers of shape (n,), each in [0, n_samples).
        """
        labels = None if self.labels is None else self.labels[indices]
        items = cast("Dataset[Any]", self.items)  # Subset needs no more than Items has
        return replace(self, items=Subset(items, indices.tolist()), labels=labels)

    def of_class(self, class_name: str | int) -> NamedData:
        """Keep the items of one class.

        Parameters
        ----------
        class_name
            Name or number of the class.

        Raises
        ------
        InputError
            If the labels are unknown, or there is no such class.
        """
        if self.labels is None:
            raise InputError(
                f"{self.name} has no labels, so class {class_name!r} cannot be chosen; "
                "leave the class out"
            )
        classes = self.classes or tuple(str(label) for label in np.unique(self.labels))
        numbers = np.arange(len(classes)) if self.classes else np.unique(self.labels)
        label = number_of(class_name, dict(zip(classes, numbers, strict=True)), self.name)
        return self.take(np.flatnonzero(self.labels == label))

    def sampled(self, n_samples: int, *, rng: np.random.Generator) -> NamedData:
        """Draw a random subset without replacement.

        Parameters
        ----------
        n_samples
            How many items, from 1 to all of them.
        rng
            Source of randomness. From equal states, a smaller draw is the start of a larger one.

        Raises
        ------
        InputError
            If fewer than one or more than all items are asked for.
        """
        require_drawable(n_samples, len(self), self.name)
        return self.take(rng.permutation(len(self))[:n_samples])


def number_of(class_name: str | int, numbers: Mapping[str, int], data: str) -> int:
    """The number of a class that is given by name or number.

    Parameters
    ----------
    class_name
        As it was given.
    numbers
        The number of each class, by name.
    data
        Name of the data set, for the message.

    Raises
    ------
    InputError
        If there is no such class.
    """
    by_number = {str(number): number for number in numbers.values()}
    number = numbers.get(str(class_name), by_number.get(str(class_name)))
    if number is None:
        known = list(by_number)
        raise InputError(
            f"{data} has no class {class_name!r}; its classes are {', '.join(numbers)} "
            f"(or their numbers, {known[0]} to {known[-1]})"
        )
    return number


def require_drawable(n_samples: int, n_there: int, data: str) -> None:
    """Refuse to draw fewer than one sample, or more than there are.

    Raises
    ------
    InputError
        If that is asked for.
    """
    if not 1 <= n_samples <= n_there:
        raise InputError(
            f"n_samples is {n_samples}, but {data} has {n_there} samples to draw from; choose 1 to "
            f"{n_there}"
        )
